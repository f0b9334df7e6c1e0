"""Which fields of an answer were looked up."""

from typing import Any


class Watched(dict[str, Any]):
    """Remembers which of its keys were looked up."""

    def __init__(self, value: dict[str, Any], path: str, read: set[str]) -> None:
        super().__init__((key, watched(each, f"{path}.{key}", read)) for key, each in value.items())
        self.path, self.read = path, read

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(f"{self.path}.{key}".lstrip("."))
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read.add(f"{self.path}.{key}".lstrip("."))
        return super().__getitem__(key)


def watched(value: Any, path: str, read: set[str]) -> Any:
    """`value` as it is, but each look-up in it is noted in `read`, as `orders[].customer.email`."""
    if isinstance(value, dict):
        return Watched(value, path, read)
    return (
        [watched(each, f"{path}[]", read) for each in value] if isinstance(value, list) else value
    )
