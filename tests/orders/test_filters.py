"""Which orders the filters mean, and that paging through them loses and doubles none."""

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone

from eshops.models import Sequence
from orders.filters import PAGE, OrderFilter, folded, ids, listed, page_of, state_of
from orders.models import Order, OrderItem
from sync.models import SyncItem, SyncRun
from tests import factories

pytestmark = pytest.mark.django_db


def found(query: str) -> set[str]:
    return set(OrderFilter(QueryDict(query)).qs.values_list("external_id", flat=True))


def wait_in_run(order: Order) -> SyncRun:
    run = SyncRun.objects.create(trigger="row", created_by_name="x", created_at=timezone.now())
    SyncItem.objects.create(run=run, eshop=order.eshop, order=order, external_id=order.external_id)
    return run


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"1", "2", "3"}),
        ("q=riha", {"2"}),
        ("q=ŘÍHA+tri", {"2"}),
        ("q=riha+nobody", set()),
        ("q=2026-1", {"1"}),
        ("q=100%25", set()),
        ("status=completed", {"2"}),
        ("status=no-such-code", set()),
        ("payment=none", {"3"}),
        ("delivery=packeta:4", {"3"}),
        ("paid=yes", {"2"}),
        ("paid=no", {"1", "3"}),
        ("paid=perhaps", {"1", "2", "3"}),
        ("since=2026-11-03", {"3"}),
        ("until=2026-11-02", {"1", "2"}),
        ("since=2026-11-02&until=2026-11-02", {"1"}),
        ("since=garbage", {"1", "2", "3"}),
        ("since=0001-01-01&until=9999-12-31", {"1", "2", "3"}),
        ("since=0002-01-01&until=9998-12-31", {"1", "2", "3"}),
    ],
)
def test_filters(query: str, expected: set[str]) -> None:
    eshop = factories.eshop()
    factories.order(eshop, "1")
    # Half past midnight in Prague is still the day before in UTC.
    factories.order(
        eshop,
        "2",
        placed_at=datetime(2026, 10, 31, 23, 30, tzinfo=UTC),
        customer_name="Jan Říha",
        company="Dílna U Tří lip",
        status_code="completed",
        is_paid=True,
    )
    factories.order(
        eshop,
        "3",
        placed_at=datetime(2026, 11, 2, 23, 30, tzinfo=UTC),
        payment_code="",
        delivery_code="packeta:4",
    )
    assert found(query) == expected


def test_an_eshop_is_filtered_by_its_id() -> None:
    one, other = factories.eshop(name="One"), factories.eshop(name="Other")
    factories.order(one, "1")
    factories.order(other, "2")
    assert found(f"eshop={one.pk}") == {"1"}
    assert found("eshop=999999999999999999999999") == {"1", "2"}


SYNCED = {"synced_at": factories.PLACED, "outcome": "updated"}


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        ("never", {}),
        ("fresh", {"sync_state": SYNCED}),
        ("stale", {"sync_state": SYNCED | {"settings_version": 1}}),
        ("failed", {"sync_state": SYNCED | {"outcome": "failed"}}),
        ("missing", {"sync_state": SYNCED, "source_state": "missing"}),
        ("missing", {"sync_state": SYNCED, "source_state": "trashed"}),
        ("waiting", {"sync_state": SYNCED}),
    ],
)
def test_each_state_has_its_filter_and_its_label(state: str, fields: dict[str, Any]) -> None:
    eshop = factories.eshop(settings_version=2)
    order = factories.order(eshop, "1", **fields)
    if state == "waiting":
        wait_in_run(order)
    states = ("never", "fresh", "stale", "failed", "missing", "waiting")
    assert [each for each in states if found(f"state={each}")] == [state]
    assert state_of(listed(Order.objects.all()).get()) == state


def test_an_order_never_synchronized_says_that_its_settings_are_old() -> None:
    factories.order(factories.eshop(settings_version=2), "1", sync_state={"settings_version": 1})
    assert found("state=stale") == found("state=never") == {"1"}
    assert state_of(listed(Order.objects.all()).get()) == "stale"


def test_an_order_without_a_sync_state_was_never_synchronized() -> None:
    factories.order(factories.eshop(), "1").sync_state.delete()
    assert found("state=never") == {"1"}
    assert found("state=fresh") == set()
    assert state_of(listed(Order.objects.all()).get()) == "never"


def test_listed_counts_product_lines_and_names_the_run_that_is_waited_in() -> None:
    order = factories.order(factories.eshop(), "1")
    for number, kind in enumerate(["product", "product", "shipping"]):
        OrderItem.objects.create(
            order=order, kind=kind, external_id=str(number), position=number, quantity=Decimal(1)
        )
    run = wait_in_run(order)
    row = listed(Order.objects.all()).get()
    assert (row.item_count, row.waiting_run) == (2, run.pk)  # type: ignore[attr-defined]


def choices(query: str, name: str) -> list[Any]:
    return list(OrderFilter(QueryDict(query)).form.fields[name].widget.choices)


def test_choices_are_the_codes_that_orders_have() -> None:
    one, other = factories.eshop(name="One"), factories.eshop(name="Other")
    for eshop, code in ((one, "packed"), (other, "sent"), (one, "unused")):
        Sequence.objects.create(eshop=eshop, kind="status", code=code, name=code.title())
    factories.order(one, "1", status_code="packed", status_name="Old name")
    newer = factories.PLACED + timedelta(days=1)
    factories.order(one, "2", status_code="packed", status_name="Zabaleno", placed_at=newer)
    factories.order(other, "3", status_code="sent", status_name="Odesláno")
    factories.order(one, "4", status_code="plugin-made", status_name="plugin-made")
    everyone = [("", "Any status"), ("sent", "Odesláno"), ("plugin-made", "plugin-made")]
    assert choices("", "status") == [*everyone, ("packed", "Zabaleno")]
    assert [code for code, _ in choices(f"eshop={one.pk}", "status")] == [
        "",
        "plugin-made",
        "packed",
    ]


def test_codes_of_one_name_are_told_apart_and_no_code_has_a_choice() -> None:
    eshop = factories.eshop()
    factories.order(eshop, "1", payment_code="a", payment_name="Card")
    factories.order(eshop, "2", payment_code="b", payment_name="Card")
    factories.order(eshop, "3", payment_code="", payment_name="")
    assert choices("", "payment")[1:] == [
        ("a", "Card (a)"),
        ("b", "Card (b)"),
        ("none", "No payment"),
    ]


def test_choices_take_one_query_a_list_however_many_codes(
    django_assert_num_queries: Any,
) -> None:
    eshop = factories.eshop()
    for number in range(12):
        factories.order(eshop, str(number), status_code=f"s{number}", payment_code=f"p{number}")
    with django_assert_num_queries(4):
        OrderFilter(QueryDict(""))


def test_ids_are_plain_numbers_only() -> None:
    data = QueryDict("order=1&order=2,3&order=x&order=-4&order=²&order=&order=9999999999999999999")
    assert ids(data, "order") == {1, 2, 3}


def test_folded() -> None:
    assert folded("Žluťoučký KŮŇ ﬁ Straße") == "zlutoucky kun fi strasse"


def written(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class TestPaging:
    def walk(self, query: str, name: str, cursor: str) -> list[list[str]]:
        """The pages, each as the external ids of its orders, from link to link."""
        pages: list[list[str]] = []
        while cursor or not pages:
            data = QueryDict(f"{query}&{name}={cursor}")
            page = page_of(OrderFilter(data).stages(), data)
            pages.append([order.external_id for order in page.orders])
            place = page.older if name == "after" else page.newer
            cursor = str(place) if place else ""
            self.last = page
        return pages

    @pytest.mark.parametrize("query", ["", "q=77", "q=zofie"])
    def test_no_order_is_lost_or_doubled_when_times_are_equal(self, query: str) -> None:
        eshop = factories.eshop()
        for number in range(2 * PAGE + 20):
            prefix = "77" if number % 3 == 0 else "x"
            placed = factories.PLACED + timedelta(minutes=number // 40)
            factories.order(
                eshop,
                str(number),
                number=f"{prefix}-{number}",
                placed_at=placed,
                customer_email=f"{77 if number % 2 else 78}@example.test",
            )
        there = self.walk(query, "after", "")
        every = [key for page in there for key in page]
        assert set(every) == found(query) and len(every) == len(set(every))
        assert [len(page) for page in there[:-1]] == [PAGE] * (len(there) - 1)
        back = self.walk(query, "before", str(self.last.newer) if self.last.newer else "")
        assert back[-1] == there[0]

    def test_numbers_that_start_with_the_word_come_first(self) -> None:
        eshop = factories.eshop()
        later = factories.PLACED + timedelta(days=1)
        factories.order(eshop, "1", number="A-5", customer_email="42@x.test", placed_at=later)
        factories.order(eshop, "2", number="42-7")
        data = QueryDict("q=42")
        page = page_of(OrderFilter(data).stages(), data)
        assert [order.external_id for order in page.orders] == ["2", "1"]

    @pytest.mark.parametrize(
        "cursor",
        [
            *(
                "x",
                "é",
                "MHwyMDI2",
                "====",
                "MHwyMDI2LTExLTAyVDA5OjMwOjAwfDE",
                "OXwyMDI2fDE",
                "%00",
            ),
            *(
                written(f"0|{end}|1")
                for end in ("0001-01-01T00:00+14:00", "9999-12-31T23:59-01:00")
            ),
            written("0|0001-01-01T00:00|1"),
        ],
    )
    def test_a_cursor_that_is_none_shows_the_first_page(self, cursor: str) -> None:
        factories.order(factories.eshop(), "1")
        for name in ("after", "before"):
            data = QueryDict(f"{name}={cursor}")
            page = page_of(OrderFilter(data).stages(), data)
            assert [order.external_id for order in page.orders] == ["1"]
