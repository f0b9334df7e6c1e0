"""Which resources of PrestaShop's webservice make up an order. Pure.

An order names its parts by their ids only. Each resource is asked for once for all orders, by the
field and for the keys that name the rows wanted.

Facts from answers of a PrestaShop 9.1 and its source code: `[a|b|c]` is a list, `[a,b]` a range;
what is not found is left out; ids are numbers in one place and text in another.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from eshops.adapters.prestashop.rows import Row, reference

Rows = Sequence[Any]
Tables = Mapping[str, Mapping[str, list[Row]]]
"""Resource → key → its rows. A resource that the key may not read is missing."""


class Resource(msgspec.Struct, frozen=True):
    name: str
    named_by: Mapping[str, Callable[[Row], Iterable[str]]]
    """The resources whose rows name those wanted of this one, and how they do."""
    key: str = "id_order"
    """The field by which its rows are asked for and told apart."""
    display: str = "full"
    is_essential: bool = False
    """Without it an order would be wrong; without another one it only tells less."""
    lasts: bool = False
    """Its rows are the shop's and hardly change: they are asked for once and kept."""
    is_learned: bool = False
    """The connection test, and so each Load data, learns them: only new ones are asked for. (A
    carrier or tax that is edited gets a new id; currencies and countries stay what they are.)"""

    def learned(self, rows: Rows) -> dict[str, Row]:
        """The rows as they are remembered, by their keys."""
        fields = self.display.strip("[]").split(",")
        return {
            key: {field: row[field] for field in fields if field in row}
            for row in rows
            if isinstance(row, dict) and (key := reference(row, self.key))
        }


def by(*fields: str) -> Callable[[Row], Iterable[str]]:
    return lambda row: [reference(row, field) for field in fields]


def taxes(line: Row) -> list[str]:
    """The ids of the taxes on a line of an order."""
    parts = line.get("associations")
    listed = parts.get("taxes") if isinstance(parts, dict) else None
    return [reference(tax, "id") for tax in listed] if isinstance(listed, list) else []


def discounted(order: Row) -> list[str]:
    """The order's id, if anything was taken off it."""
    amounts = (order.get(f"total_discounts_tax_{which}") for which in ("incl", "excl"))
    return [reference(order, "id")] if any(str(each or "").strip("0.") for each in amounts) else []


OF_THE_ORDER = {"orders": by("id")}

RESOURCES = (
    Resource("order_details", OF_THE_ORDER, is_essential=True),
    Resource(
        "addresses",
        {"orders": by("id_address_invoice", "id_address_delivery")},
        "id",
        is_essential=True,
    ),
    Resource(  # without the hash of the customer's password
        "customers",
        {"orders": by("id_customer")},
        "id",
        "[id,firstname,lastname,email,siret]",
        is_essential=True,
    ),
    Resource("order_carriers", OF_THE_ORDER),
    Resource("order_payments", {"orders": by("reference")}, "order_reference"),
    Resource("order_cart_rules", {"orders": discounted}),
    Resource("order_slip", OF_THE_ORDER),
    Resource("messages", OF_THE_ORDER),
    Resource(
        "currencies",
        {"orders": by("id_currency")},
        "id",
        "[id,iso_code]",
        is_essential=True,
        lasts=True,
        is_learned=True,
    ),
    Resource(
        "countries",
        {"addresses": by("id_country")},
        "id",
        "[id,iso_code]",
        is_essential=True,
        lasts=True,
        is_learned=True,
    ),
    Resource("states", {"addresses": by("id_state")}, "id", "[id,iso_code]", lasts=True),
    Resource(
        "carriers",
        {"orders": by("id_carrier"), "order_carriers": by("id_carrier")},
        "id",
        "[id,id_reference,name,url]",
        is_essential=True,
        lasts=True,
        is_learned=True,
    ),
    Resource(
        "order_states",
        {"orders": by("current_state")},
        "id",
        "[id,paid]",
        is_essential=True,
        lasts=True,
        is_learned=True,
    ),
    Resource("taxes", {"order_details": taxes}, "id", "[id,rate]", lasts=True, is_learned=True),
)
"""In this order, for some are named by those before them."""
LEARNED = tuple(each for each in RESOURCES if each.is_learned)
ESSENTIAL = ("orders", *(each.name for each in RESOURCES if each.is_essential))
OPTIONAL = tuple(each.name for each in RESOURCES if not each.is_essential)


def wanted(resource: Resource, rows: Mapping[str, Rows]) -> list[str]:
    """The keys of the rows that those read so far name."""
    keys = (
        key
        for source, named in resource.named_by.items()
        for row in rows.get(source, ())
        if isinstance(row, dict)
        for key in named(row)
    )
    return list(dict.fromkeys(filter(None, keys)))


def grouped(rows: Rows, field: str, keys: Iterable[str]) -> dict[str, list[Row]]:
    """Each of `keys` and the rows that have it; what was not asked for is left out."""
    groups: dict[str, list[Row]] = {key: [] for key in keys}
    for row in rows:
        group = groups.get(reference(row, field))
        if group is not None:
            group.append(row)
    return groups


def among(keys: Iterable[str]) -> str:
    """A filter for any of these."""
    return f"[{'|'.join(keys)}]"
