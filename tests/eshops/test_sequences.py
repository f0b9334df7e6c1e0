import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections

from eshops import sequences
from eshops.marketplaces import save_mappings
from eshops.models import Eshop, Sequence
from eshops.resolve import resolve, settings_of
from eshops.sequences import learn_from_orders, store_sequences
from eshops.source import SequenceEntry
from tests import factories
from tests.pages import signed_in
from tests.sources import source_order

pytestmark = pytest.mark.django_db


def entry(code: str, name: str, kind: str = "status", type: str = "") -> SequenceEntry:
    return SequenceEntry(kind=kind, code=code, name=name, type=type)


def names(eshop: Eshop) -> dict[str, str]:
    return dict(eshop.sequences.values_list("code", "name"))


@pytest.fixture
def eshop() -> Eshop:
    eshop = factories.eshop()
    store_sequences(eshop, [entry("new", "New", type="new"), entry("done", "Done")])
    return eshop


def test_the_first_load_adds_everything() -> None:
    eshop = factories.eshop()
    changes = store_sequences(
        eshop, [entry("new", "New", type="new"), entry("cod", "COD", "payment")]
    )
    assert changes == {"added": [["status", "new", "New", ""], ["payment", "cod", "COD", ""]]}
    assert eshop.settings_version == 1
    assert eshop.data_loaded_at is not None
    assert eshop.sequences.get(code="new").color == "#8a6d1a"
    assert eshop.sequences.get(code="cod").color == ""


def test_the_same_again_changes_nothing(eshop: Eshop) -> None:
    assert store_sequences(eshop, [entry("new", "New"), entry("done", "Done")]) == {}
    assert eshop.settings_version == 1


def test_a_name_that_staff_left_follows_the_eshop(eshop: Eshop) -> None:
    changes = store_sequences(eshop, [entry("new", "Nová"), entry("done", "Done")])
    assert changes == {"renamed": [["status", "new", "Nová", "New"]]}
    assert names(eshop) == {"new": "Nová", "done": "Done"}
    assert eshop.settings_version == 2


def test_what_staff_edited_stays_theirs_and_both_are_known(eshop: Eshop) -> None:
    eshop.sequences.filter(code="new").update(name="Čerstvá", color="#112233", type="packed")
    changes = store_sequences(eshop, [entry("new", "Nová", type="new"), entry("done", "Done")])
    row = eshop.sequences.get(code="new")
    assert changes == {"renamed": [["status", "new", "Nová", "New"]]}
    assert (row.name, row.source_name, row.color, row.type, row.is_edited) == (
        "Čerstvá",
        "Nová",
        "#112233",
        "packed",
        True,
    )
    assert eshop.settings_version == 1, "orders would be resolved as before"


def status(**told: Any) -> list[SequenceEntry]:
    return [SequenceEntry(kind="status", code="s", name="S", **told)]


def delivery(**told: Any) -> list[SequenceEntry]:
    return [SequenceEntry(kind="delivery", code="d", name="D", **told)]


class TestWhatTheEshopTellsBesidesTheName:
    def after(self, *loads: list[SequenceEntry], **edited: Any) -> tuple[Sequence, int, Any]:
        """The entry, how often its orders became stale by the last load, and what that told."""
        eshop = factories.eshop(name=f"Shop {Eshop.objects.count()}")
        for load in loads[:-1]:
            store_sequences(eshop, load)
        if edited:
            eshop.sequences.update(**edited)
        version = eshop.settings_version
        changes = store_sequences(eshop, loads[-1])
        return (
            eshop.sequences.select_related("eshop").get(),
            eshop.settings_version - version,
            changes,
        )

    def test_a_status_follows_in_type_and_colour(self) -> None:
        row, raised, changes = self.after(
            status(type="paid", color="#111111"), status(type="shipped", color="#222222")
        )
        assert (row.type, row.color, raised) == ("shipped", "#222222", 1)
        assert changes == {"changed": [["status", "s", "S", ""]]}

    def test_a_colour_that_it_has_of_its_type_follows_the_type(self) -> None:
        row, raised, _ = self.after(status(type="paid"), status(type="shipped"))
        assert (row.type, row.color, row.source_color, raised) == ("shipped", "#0f7285", "", 1)
        row, *_ = self.after(status(type="paid"), status(type="paid", color="#222222"))
        assert row.color == "#222222"

    def test_what_staff_edited_stays_and_the_eshops_is_known(self) -> None:
        row, raised, changes = self.after(
            status(type="paid", color="#111111"),
            status(type="shipped", color="#222222"),
            type="packed",
        )
        assert (row.type, row.color, raised) == ("packed", "#222222", 1)
        assert row.theirs == {"type": "shipped"}
        row, raised, changes = self.after(
            status(type="paid", color="#111111"), status(type="paid", color="#222222"), color=""
        )
        assert (row.color, row.theirs, raised) == ("", {"color": "#222222"}, 0)
        assert changes == {"changed": [["status", "s", "S", ""]]}

    def test_a_price_follows_and_makes_nothing_stale(self) -> None:
        row, raised, changes = self.after(
            delivery(price=Decimal("4.50"), description="EU"), delivery(price=Decimal("5.00"))
        )
        assert (row.price, row.description, raised) == (Decimal(5), "", 0)
        assert changes == {"changed": [["delivery", "d", "D", ""]]}
        row, *_ = self.after(delivery(price=Decimal("4.50")), delivery())
        assert row.price is None
        row, *_ = self.after(
            delivery(price=Decimal("4.50")), delivery(price=Decimal(5)), price=Decimal(39)
        )
        assert (row.price, row.theirs) == (Decimal(39), {"price": Decimal(5)})

    def test_of_an_entry_from_before_that_was_kept(self) -> None:
        """What staff made of it is not known: what is as the e-shop has it follows from then on,
        the rest stays and the e-shop's is shown beside it."""
        unknown = {"source_type": "", "source_color": "", "type": "paid"}
        row, raised, changes = self.after(
            status(type="paid"), status(type="paid"), **unknown, color="#1d5fbf"
        )
        assert (row.theirs, raised, changes) == ({}, 0, {})
        store_sequences(row.eshop, status(type="shipped"))
        row.refresh_from_db()
        assert (row.type, row.color) == ("shipped", "#0f7285")
        row, raised, _ = self.after(status(type="paid"), status(type="shipped"), **unknown)
        assert (row.type, row.theirs, raised) == ("paid", {"type": "shipped"}, 0)


def test_what_is_gone_becomes_inactive_and_returns(eshop: Eshop) -> None:
    assert store_sequences(eshop, [entry("new", "New")]) == {
        "gone": [["status", "done", "Done", ""]]
    }
    assert names(eshop) == {"new": "New", "done": "Done"}
    assert not eshop.sequences.get(code="done").is_active
    assert store_sequences(eshop, [entry("new", "New"), entry("done", "Done")]) == {
        "returned": [["status", "done", "Done", ""]]
    }
    assert eshop.sequences.get(code="done").is_active


def test_an_entry_of_our_own_is_no_business_of_the_eshop(eshop: Eshop) -> None:
    eshop.sequences.create(kind="status", code="ours", name="Ours", in_eshop=False)
    assert store_sequences(eshop, [entry("new", "New"), entry("done", "Done")]) == {}
    assert eshop.sequences.get(code="ours").is_active


@pytest.mark.parametrize("color", ["red", "#12", "#12345g", "123456", "#1234567"])
def test_a_colour_that_is_none_is_refused(eshop: Eshop, color: str) -> None:
    row = Sequence(eshop=eshop, kind="status", code="x", name="X", color=color)
    with pytest.raises(ValidationError) as error:
        row.full_clean()
    assert "color" in error.value.message_dict


def test_a_code_twice_is_refused_in_words(eshop: Eshop) -> None:
    row = Sequence(eshop=eshop, kind="status", code="new", name="Another")
    with pytest.raises(ValidationError, match="has an entry with this code already"):
        row.full_clean()


def test_a_status_keeps_the_colour_it_has_in_the_eshop() -> None:
    eshop = factories.eshop()
    told = {"1": "#aabbcc", "2": "red"}
    store_sequences(
        eshop,
        [
            SequenceEntry(kind="status", code=code, name=code, type="new", color=color)
            for code, color in told.items()
        ],
    )
    assert eshop.sequences.get(code="1").color == "#aabbcc"
    assert eshop.sequences.get(code="2").color == "#8a6d1a"


def test_a_name_is_cut_to_what_is_kept() -> None:
    eshop = factories.eshop()
    told = [entry("1", "ž" * 300)]
    assert store_sequences(eshop, told)["added"]
    assert store_sequences(eshop, told) == {}
    assert eshop.sequences.get().name == "ž" * 200


class TestListsThePlatformDoesNotTell:
    @pytest.fixture
    def eshop(self, monkeypatch: pytest.MonkeyPatch) -> Eshop:
        monkeypatch.setattr(
            "eshops.adapters.woocommerce.adapter.WooCommerce.lists", frozenset({"status"})
        )
        eshop = factories.eshop()
        factories.order(eshop, "1", payment_code="gopay", payment_name="GoPay kartou")
        factories.order(eshop, "2", payment_code="gopay", payment_name="GoPay kartou")
        return eshop

    def test_their_codes_are_learnt_from_orders(self, eshop: Eshop) -> None:
        added = store_sequences(eshop, [entry("processing", "Processing")])["added"]
        assert ["payment", "gopay", "GoPay kartou", ""] in added
        assert ["delivery", "flat_rate:1", "PPL domů", ""] in added
        assert store_sequences(eshop, [entry("processing", "Processing")]) == {}
        assert all(eshop.sequences.values_list("is_active", flat=True))

    def test_that_makes_no_order_stale(self, eshop: Eshop) -> None:
        store_sequences(eshop, [entry("processing", "Processing")])
        version = eshop.settings_version
        factories.order(eshop, "3", payment_code="cash", payment_name="Hotově")
        learn_from_orders(eshop)
        store_sequences(eshop, [entry("processing", "Processing")])
        assert eshop.settings_version == version
        assert eshop.sequences.filter(code="cash", name="Hotově").exists()

    def test_orders_keep_their_own_words_until_staff_name_them(self, eshop: Eshop) -> None:
        store_sequences(eshop, [entry("processing", "Processing")])
        told = source_order(payment_code="gopay", payment_name="GoPay převodem")
        assert resolve(told, settings_of(eshop)).order.payment_name == "GoPay převodem"
        eshop.sequences.filter(code="gopay").update(name="Online")
        assert resolve(told, settings_of(eshop)).order.payment_name == "Online"

    def test_a_type_that_staff_give_to_a_status_counts_at_once(
        self, eshop: Eshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "eshops.adapters.woocommerce.adapter.WooCommerce.lists", frozenset({"payment"})
        )
        store_sequences(eshop, [])
        eshop.sequences.filter(kind="status").update(type="packed")
        assert resolve(source_order(), settings_of(eshop)).order.status_type == "packed"


class TestWhoseOrdersAreResolvedOtherwise:
    @pytest.fixture
    def market(self, eshop: Eshop) -> Eshop:
        """A marketplace whose code stands for an entry of the e-shop."""
        store_sequences(eshop, [entry("ppl", "PPL", "delivery"), entry("dpd", "DPD", "delivery")])
        market = factories.eshop(name="Market", kind="marketplace")
        factories.order(market, delivery_code="parcel", delivery_name="Parcel")
        save_mappings(market, {("delivery", "parcel"): str(eshop.sequences.get(code="ppl").pk)})
        return market

    def versions(self) -> list[int]:
        return list(Eshop.objects.order_by("pk").values_list("settings_version", flat=True))

    def test_a_marketplace_follows_the_entry_it_uses(self, eshop: Eshop, market: Eshop) -> None:
        own, market_version = self.versions()
        store_sequences(
            eshop, [entry("ppl", "PPL domů", "delivery"), entry("dpd", "D", "delivery")]
        )
        assert self.versions() == [own + 1, market_version + 1]
        told = source_order(delivery_code="parcel")
        assert resolve(told, settings_of(market)).order.delivery_name == "PPL domů"

    def test_and_no_other_entry(self, eshop: Eshop, market: Eshop) -> None:
        own, market_version = self.versions()
        store_sequences(eshop, [entry("ppl", "PPL", "delivery"), entry("dpd", "D", "delivery")])
        assert self.versions() == [own + 1, market_version]

    def test_another_time_zone_where_metadata_are_mapped(self, eshop: Eshop) -> None:
        """Dates are told in it."""
        eshop.mappings.create(source_key="when", target="delivery_date")
        with sequences.changing(eshop):
            Eshop.objects.update(timezone="Europe/Prague")
        assert self.versions() == [2]
        assert settings_of(Eshop.objects.get()).timezone == "Europe/Prague"

    def test_orders_that_were_there_before_the_first_load(self) -> None:
        eshop = factories.eshop()
        factories.order(eshop, status_code="done", status_name="done")
        store_sequences(eshop, [entry("done", "Done")])
        assert self.versions() == [2]


@pytest.mark.django_db(transaction=True)
def test_a_load_and_an_edit_at_once_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Staff save an entry while a load has read it and not yet stored it."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one at a time write")
    eshop = factories.eshop()
    store_sequences(eshop, [entry("a", "A"), entry("b", "B")])
    row = eshop.sequences.get(code="a")
    is_loading, follow, ended = threading.Event(), sequences._follow, []

    def follow_slowly(row: Sequence, entry: SequenceEntry) -> None:
        is_loading.set()
        wait_until_somebody_waits()
        follow(row, entry)

    def load() -> None:
        try:
            store_sequences(Eshop.objects.get(), [entry("b", "Bee")])
            ended.append("well")
        finally:
            connections.close_all()

    monkeypatch.setattr(sequences, "_follow", follow_slowly)
    client = signed_in("eshops.change_eshop")
    loading = threading.Thread(target=load)
    loading.start()
    is_loading.wait(20)
    address = f"/e-shops/{eshop.pk}/sequences/{row.pk}/"
    assert client.post(address, {"name": "Mine", "type": "", "color": ""}).status_code == 302
    loading.join(20)
    assert ended == ["well"]
    row.refresh_from_db()
    assert (row.name, row.is_active, row.in_eshop) == ("Mine", False, False)
    assert names(eshop) == {"a": "Mine", "b": "Bee"}


def wait_until_somebody_waits() -> None:
    """Until another connection waits for a lock."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database()"
            )
            if cursor.fetchone():
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")
