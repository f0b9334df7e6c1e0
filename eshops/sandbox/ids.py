"""The numbers the shop gives to what it creates."""

from dataclasses import asdict, dataclass


@dataclass
class Ids:
    """The last numbers given out; orders and refunds share one series, and it has gaps."""

    post: int = 1040
    item: int = 5200
    meta: int = 31000

    def next_post(self, gap: int = 1) -> int:
        self.post += gap
        return self.post

    def next_item(self) -> int:
        self.item += 1
        return self.item

    def next_meta(self) -> int:
        self.meta += 1
        return self.meta

    def as_json(self) -> dict[str, int]:
        return asdict(self)
