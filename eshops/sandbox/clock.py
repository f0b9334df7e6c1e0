"""The two ways WooCommerce writes a moment: in the shop's local time and in UTC, without offset."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Prague")


def local(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")


def gmt(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def from_gmt(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stamp(record: dict[str, Any], name: str, moment: datetime | None) -> None:
    """Set `date_<name>` and `date_<name>_gmt` of an order or a refund."""
    record[f"date_{name}"] = local(moment) if moment else None
    record[f"date_{name}_gmt"] = gmt(moment) if moment else None
