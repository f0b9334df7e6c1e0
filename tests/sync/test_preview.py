import pytest

from eshops.mapping import MappingRule, source_keys
from eshops.models import Eshop
from eshops.source import ItemKind, Metadatum
from eshops.unknown import unknown_codes
from orders.models import Order, OrderItem, Payload, SyncState
from sync.imports import load_orders, start_import
from sync.plan import Change
from sync.preview import outlooks, sample
from tests import factories
from tests.shops import ScriptedShop
from tests.sources import source_item, source_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey", "sent")]


@pytest.fixture
def eshop(scripted: ScriptedShop) -> Eshop:
    eshop = factories.eshop()
    for number in range(1, 25):
        metadata = (Metadatum("_vat", f"cz{number}"), Metadatum("when", "zítra"))
        scripted.put(source_order(str(number), metadata=metadata))
    load_orders(start_import(eshop, None, None).pk)
    return eshop


def test_it_tells_before_and_after_of_the_last_20_orders_and_writes_nothing(eshop: Eshop) -> None:
    models = (Order, OrderItem, SyncState, Payload)
    held = [list(model._default_manager.values()) for model in models]
    rules = [
        MappingRule("_vat", "vat_id", transforms=("upper",)),
        MappingRule("when", "delivery_date"),
    ]
    found = outlooks(eshop, rules)
    assert [each.order.external_id for each in found] == [str(n) for n in range(24, 4, -1)]
    assert found[0].plan.fields == (Change("vat_id", "", "CZ24"),)
    assert [problem.reason for problem in found[0].problems] == ["it is not a date"]
    assert [list(model._default_manager.values()) for model in models] == held


def test_mappings_that_fight_for_a_field_are_told(eshop: Eshop) -> None:
    fighting = [MappingRule("_vat", "vat_id"), MappingRule("when", "vat_id")]
    assert outlooks(eshop, fighting)[0].rivals == (("vat_id", "_vat", "when"),)
    agreeing = [MappingRule("_vat", "vat_id"), MappingRule("_vat", "vat_id", transforms=("trim",)),
                MappingRule("absent", "vat_id"), MappingRule("when", "custom", "When")]  # fmt: skip
    assert outlooks(eshop, agreeing)[0].rivals == ()


def test_mappings_as_saved_change_nothing(eshop: Eshop) -> None:
    eshop.mappings.create(source_key="_vat", target="vat_id")
    assert not any(each.plan for each in outlooks(eshop, [MappingRule("_vat", "vat_id")]))
    assert outlooks(eshop, [])[0].plan.fields == (Change("vat_id", "cz24", ""),)


def test_an_order_to_choose_keys_from(eshop: Eshop) -> None:
    newest, chosen = sample(eshop), sample(eshop, "2026-3")
    assert newest and newest[0].external_id == "24"
    assert chosen and source_keys(chosen[1]) == [
        ("order", "_vat", "cz3"),
        ("order", "when", "zítra"),
    ]
    assert sample(eshop, "no such number") is None


def test_keys_inside_nested_values_can_be_chosen() -> None:
    source = source_order(
        metadata=(Metadatum("point", {"id": 7, "days": ["Po", "Út"]}), Metadatum("j", '{"a":1}')),
        items=(
            source_item(metadata=(Metadatum("engraving", "Ž"),)),
            source_item("2", kind=ItemKind.SHIPPING, metadata=(Metadatum("box", "B1"),)),
        ),
    )
    assert source_keys(source) == [
        ("order", "point", '{"id":7,"days":["Po","Út"]}'),
        ("order", "point.id", "7"),
        ("order", "point.days", '["Po","Út"]'),
        ("order", "point.days[0]", "Po"),
        ("order", "point.days[1]", "Út"),
        ("order", "j", '{"a":1}'),
        ("order", "j.a", "1"),
        ("line", "engraving", "Ž"),
        ("shipping", "box", "B1"),
    ]


def test_unknown_codes_with_their_counts(eshop: Eshop) -> None:
    eshop.sequences.create(kind="status", code="processing", name="Processing")
    Order.objects.filter(external_id="1").update(status_code="weird", status_name="Weird")
    other = factories.eshop(name="Another")
    factories.order(other, status_code="elsewhere")
    told = [(each.kind, each.code, each.name, each.orders) for each in unknown_codes(eshop)]
    target = other.sequences.create(kind="payment", code="cash", name="Cash")
    assert told == [
        ("delivery", "flat_rate:1", "PPL domů", 24),
        ("payment", "cod", "Dobírka", 24),
        ("status", "weird", "Weird", 1),
    ]
    eshop.marketplace_mappings.create(kind="payment", code="cod", target=target)
    assert "payment" not in {each.kind for each in unknown_codes(eshop)}
