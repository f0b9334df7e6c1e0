"""Reading the rows of PrestaShop's resources. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from eshops.adapters.reading import plain
from eshops.source import BadPayload, Metadatum

Row = Mapping[str, Any]

UNASKABLE = re.compile(r"[][|,]")
"""What a filter takes for a part of itself."""
EMPTY = re.compile(r"(?:0*\.?0*|0000-00-00.*)")
"""How PrestaShop writes that there is nothing."""


def reference(row: Any, field: str) -> str:
    """The id or reference under `field`, "" where there is none or it cannot be asked for."""
    value = row.get(field) if isinstance(row, dict) else None
    if type(value) is int:
        return str(value) if value else ""
    if not isinstance(value, str):
        return ""
    found = value.strip()
    return "" if found == "0" or UNASKABLE.search(found) else found


def identifier(row: Row) -> str:
    """The id of an order or a line: a whole number above zero, as text."""
    found = reference(row, "id")
    if not found.isdecimal() or len(found) > 19:
        raise BadPayload("The e-shop's “id” cannot be understood.")
    return str(int(found))


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows in the order in which they were written; the database promises none."""
    return sorted(rows, key=lambda row: int(identifier(row)))


def metadata(row: Row, keys: Sequence[str]) -> Iterator[Metadatum]:
    """What the platform has a field for and we have not; nothing for an empty one."""
    for key in keys:
        value: Any = row.get(key)
        if value and not (isinstance(value, str) and EMPTY.fullmatch(value)):
            yield Metadatum(key, plain(value))
