"""Codes that occur on orders but that neither sequences nor a marketplace's mapping know."""

from dataclasses import dataclass

from django.db.models import Count, Exists, Max, OuterRef

from eshops.models import Eshop, MarketplaceMapping, Sequence


@dataclass(frozen=True)
class UnknownCode:
    eshop: Eshop
    kind: str
    code: str
    name: str
    """What the e-shop calls it on the newest order that has it."""
    orders: int


def unknown_codes(eshop: Eshop) -> list[UnknownCode]:
    """The e-shop's unknown codes, the most frequent first; one query for each kind."""
    found = []
    for kind in Sequence.Kind:
        code, name = f"{kind}_code", f"{kind}_name"
        known = Sequence.objects.filter(eshop=eshop, kind=kind, code=OuterRef(code))
        mapped = MarketplaceMapping.objects.filter(eshop=eshop, kind=kind, code=OuterRef(code))
        rows = (
            eshop.orders.exclude(**{code: ""})
            .filter(~Exists(known), ~Exists(mapped))
            .order_by()
            .values(code)
            .annotate(orders=Count("pk"), name=Max(name))
        )
        found += [
            UnknownCode(eshop, kind.value, row[code], row["name"] or row[code], row["orders"])
            for row in rows
        ]
    return sorted(found, key=lambda each: (-each.orders, each.kind, each.code))
