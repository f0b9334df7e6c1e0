"""Starting runs from pages, watching them, and who may do what."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from eshops.models import Eshop
from orders.models import Movement, Order
from sync.models import SyncItem, SyncRun
from tests import factories
from tests.harness.guards import Sent
from tests.pages import EVERYTHING, XSS, assert_no_inline_code, signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
START = "/sync/"


@pytest.fixture(autouse=True)
def _messages(sent: Sent) -> Iterator[Sent]:
    yield sent


def orders(number: int, eshop: Eshop | None = None) -> list[Order]:
    eshop = eshop or factories.eshop()
    return [factories.order(eshop, str(each)) for each in range(number)]


def run_with(*outcomes: str, user: User | None = None, **fields: Any) -> SyncRun:
    """A run whose orders ended so, oldest first."""
    run = SyncRun.objects.create(
        **{"trigger": "bulk", "created_by_name": "olga", "created_at": timezone.now()} | fields,
        created_by=user,
    )
    eshop = Eshop.objects.first() or factories.eshop()
    for number, outcome in enumerate(outcomes):
        order = factories.order(eshop, f"{run.pk}-{number}")
        finished = None if outcome == "pending" else timezone.now()
        SyncItem.objects.create(
            run=run, eshop=eshop, order=order, external_id=order.external_id, outcome=outcome,
            finished_at=finished, message="It broke." if outcome == "failed" else "",
            error_kind="bad_payload" if outcome == "failed" else "",
        )  # fmt: skip
    return run


def keys(chosen: list[Order]) -> list[int]:
    return [order.pk for order in chosen]


# Who may do what

LOOK, CLICK = "orders.view_order", "sync.synchronize"
BULK, RUNS = "sync.synchronize_in_bulk", "sync.view_syncrun"
GETS: list[tuple[str, str, str]] = [
    ("orders:list", "", LOOK),
    ("orders:detail", "order", LOOK),
    ("orders:movements", "order", LOOK),
    ("sync:progress", "", LOOK),
    ("sync:runs", "", RUNS),
    ("sync:run", "run", RUNS),
    ("eshops:list", "", "eshops.view_eshop"),
]
POSTS: list[tuple[str, str, tuple[str, ...]]] = [
    ("orders:note", "order", (LOOK, "orders.change_order")),
    ("sync:start", "", (CLICK,)),
    ("sync:retry", "run", (CLICK, BULK, RUNS)),
    ("sync:cancel", "run", (CLICK, BULK, RUNS)),
]


def address_of(name: str, subject: str) -> str:
    run = run_with("failed")
    order_id = run.items.get().order_id
    args = {"order": (order_id,), "run": (run.pk,)}
    return reverse(name, args=args.get(subject, ()))


class TestPermissions:
    @pytest.mark.parametrize(("name", "subject", "permission"), GETS)
    def test_pages(self, name: str, subject: str, permission: str) -> None:
        address = address_of(name, subject)
        anonymous = Client().get(address)
        assert anonymous.status_code == 302
        assert anonymous.headers["Location"].startswith("/sign-in/?next=")
        others = [each for each in EVERYTHING if each != permission]
        refused = signed_in(*others).get(address)
        assert refused.status_code == 403 and b"You may not" in refused.content
        assert signed_in(permission).get(address).status_code in (200, 286)

    @pytest.mark.parametrize(("name", "subject", "permissions"), POSTS)
    def test_actions(
        self, name: str, subject: str, permissions: tuple[str, ...], sent: Sent
    ) -> None:
        address = address_of(name, subject)
        assert Client().post(address).headers["Location"].startswith("/sign-in/")
        for missing in permissions:
            some = [each for each in EVERYTHING if each != missing]
            assert signed_in(*some).post(address).status_code == 403
        assert signed_in(*permissions).post(address).status_code == 302
        assert signed_in().get(address).status_code == 405
        assert not sent.commit()

    @pytest.mark.parametrize(("name", "subject", "permissions"), POSTS)
    def test_no_action_without_the_token(
        self, name: str, subject: str, permissions: tuple[str, ...]
    ) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.user(*EVERYTHING))
        response = client.post(address_of(name, subject))
        assert response.status_code == 403 and b"This form had expired" in response.content

    @pytest.mark.parametrize("trigger", ["row", "detail", "command", "import", "", "bulk"])
    def test_several_orders_need_the_right_to_whatever_the_form_says(self, trigger: str) -> None:
        chosen = orders(2)
        client = signed_in(LOOK, CLICK)
        response = client.post(START, {"order": keys(chosen), "trigger": trigger})
        assert response.status_code == 403
        assert not SyncRun.objects.exists()

    def test_a_bulk_of_one_needs_the_right_to_bulk(self) -> None:
        (order,) = orders(1)
        data = {"order": order.pk, "trigger": "bulk"}
        assert signed_in(LOOK, CLICK).post(START, data).status_code == 403

    @pytest.mark.parametrize("trigger", ["command", "import", "retry", "", "x" * 99])
    def test_a_forged_trigger_is_none(self, trigger: str, sent: Sent) -> None:
        (order,) = orders(1)
        signed_in(LOOK, CLICK).post(START, {"order": order.pk, "trigger": trigger})
        assert SyncRun.objects.get().trigger == "row"
        assert [message.queue for message in sent.commit()] == ["click"]

    def test_retrying_several_needs_the_right_to_bulk(self) -> None:
        run = run_with("failed", "failed")
        address = reverse("sync:retry", args=[run.pk])
        assert signed_in(CLICK, RUNS).post(address, {"all": "1"}).status_code == 403
        assert SyncRun.objects.count() == 1


class TestWhoMaySteer:
    """Whose runs one may cancel and retry; the buttons are where one may."""

    @staticmethod
    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    @pytest.mark.parametrize("act", ["cancel", "retry"])
    @pytest.mark.parametrize(
        ("permissions", "own", "others"),
        [((CLICK,), 302, 403), ((CLICK, BULK), 302, 403), ((CLICK, RUNS), 302, 403),
         ((CLICK, BULK, RUNS), 302, 302), ((BULK, RUNS), 403, 403)],
    )  # fmt: skip
    def test_ones_own_runs_and_those_of_others(
        self, act: str, permissions: tuple[str, ...], own: int, others: int
    ) -> None:
        user = factories.user(*permissions)
        for owner, status in ((user, own), (factories.user(), others), (None, others)):
            run = run_with("pending", "failed", user=owner)
            data = {"item": run.items.get(outcome="failed").pk}
            address = reverse(f"sync:{act}", args=[run.pk])
            assert self.client_of(user).post(address, data).status_code == status
            assert run.items.filter(outcome="pending").exists() is (act == "retry" or status == 403)

    @pytest.mark.parametrize("permissions", [(CLICK, RUNS), (CLICK, BULK, RUNS), (BULK, RUNS)])
    @pytest.mark.parametrize("is_own", [True, False])
    def test_the_buttons_are_where_one_may(
        self, permissions: tuple[str, ...], is_own: bool
    ) -> None:
        user = factories.user(*permissions)
        run = run_with("pending", "failed", user=user if is_own else factories.user())
        html = text(self.client_of(user).get(reverse("sync:run", args=[run.pk])))
        may = CLICK in permissions and (is_own or BULK in permissions)
        for button in ("Cancel what waits", "Retry all failed", 'aria-label="Retry order'):
            assert (button in html) is may

    def test_an_import_is_cancelled_by_who_may_start_one(self) -> None:
        run = run_with(trigger="import", eshop=factories.eshop(), user=factories.user())
        clicker = self.client_of(factories.user(CLICK, RUNS))
        assert "Cancel what waits" not in text(clicker.get(reverse("sync:run", args=[run.pk])))
        assert clicker.post(reverse("sync:cancel", args=[run.pk])).status_code == 403
        client = self.client_of(factories.user(CLICK, BULK, RUNS))
        assert "Cancel what waits" in text(client.get(reverse("sync:run", args=[run.pk])))
        client.post(reverse("sync:cancel", args=[run.pk]))
        run.refresh_from_db()
        assert run.cancelled_at


class TestStart:
    def test_one_order_from_its_row(self, sent: Sent) -> None:
        (order,) = orders(1)
        client = signed_in()
        response = client.post(
            START, {"order": order.pk, "trigger": "row", "next": "/orders/?paid=no"}, follow=True
        )
        run = SyncRun.objects.get()
        assert response.redirect_chain == [("/orders/?paid=no", 302)]
        assert f'Started as <a href="/sync/runs/{run.pk}/">run {run.pk}</a>.' in text(response)
        assert [message.args[0] for message in sent.commit()] == [run.pk]

    def test_100_orders_are_started_and_lead_to_the_run(self, sent: Sent) -> None:
        response = signed_in().post(START, {"order": keys(orders(100)), "trigger": "bulk"})
        run = SyncRun.objects.get()
        assert response.headers["Location"] == reverse("sync:run", args=[run.pk])
        assert (run.trigger, run.items.count(), len(sent.commit())) == ("bulk", 100, 1)

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_101_orders_are_refused_in_words(self, headers: dict[str, str], sent: Sent) -> None:
        data = {"order": keys(orders(101)), "trigger": "bulk"}
        response = signed_in().post(START, data, headers=headers, follow=True)
        assert response.status_code == (400 if headers else 200)
        assert (
            "Bulk synchronization is limited to 100 orders at once; 101 are selected. "
            "Nothing was started." in text(response)
        )
        assert not SyncRun.objects.exists() and not sent.commit()

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_thousands_of_ids_are_refused_in_words(
        self, headers: dict[str, str], sent: Sent
    ) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.user(*EVERYTHING))
        client.get(reverse("orders:list"))
        response = client.post(START, {"order": list(range(1, 1500))}, headers=headers)
        assert response.status_code == 400
        assert "limited to 100 orders at once" in text(response)
        assert ("<html" in text(response)) is not bool(headers)
        assert not SyncRun.objects.exists() and not sent.commit()

    @pytest.mark.parametrize("data", [{}, {"order": "x"}, {"order": "987654"}])
    def test_no_order_is_refused_in_words(self, data: dict[str, str]) -> None:
        response = signed_in().post(START, data, headers=HTMX)
        assert response.status_code == 400 and "No order was selected." in text(response)

    def test_an_order_that_waits_already_is_not_doubled(self, sent: Sent) -> None:
        run = run_with("pending")
        order = run.items.get().order
        assert order
        said = f'1 order already waits in <a href="/sync/runs/{run.pk}/">run {run.pk}</a>'
        response = signed_in().post(START, {"order": order.pk}, follow=True)
        assert said in text(response)
        live = signed_in().post(START, {"order": order.pk, "shown": order.pk}, headers=HTMX)
        assert said in text(live) and f"strip-{run.pk}" in text(live)
        assert SyncRun.objects.get() == run and not sent.commit()

    @pytest.mark.parametrize(
        "address", ["https://evil.example/", "//evil.example", "javascript:x", "orders/", "/\\evil"]
    )
    def test_the_way_back_never_leaves_this_site(self, address: str) -> None:
        (order,) = orders(1)
        response = signed_in().post(START, {"order": order.pk, "next": address})
        assert response.headers["Location"] == reverse("orders:list")

    def test_who_may_not_see_runs_is_not_sent_to_one(self) -> None:
        (order,) = orders(1)
        client = signed_in(LOOK, CLICK, BULK)
        response = client.post(START, {"order": order.pk, "trigger": "bulk"}, follow=True)
        assert response.status_code == 200
        assert f"Started as run {SyncRun.objects.get().pk}." in text(response)

    def test_htmx_gets_progress_and_the_rows_it_shows(self) -> None:
        shown, hidden = orders(2)
        data = {"order": [shown.pk, hidden.pk], "trigger": "bulk", "shown": f"{shown.pk},77"}
        response = signed_in().post(START, data, headers=HTMX)
        html = text(response)
        assert response.status_code == 200 and "0 of 2" in html and "every 1s" in html
        assert re.findall(r'<tr id="order-(\d+)"[^>]*hx-swap-oob="true"', html) == [str(shown.pk)]
        assert 'class="button is-small is-waiting"' in html
        assert "bulk-started" in response.headers["HX-Trigger"]


def text(response: Any) -> str:
    return str(response.content.decode())


class TestProgress:
    def poll(self, client: Client, query: str) -> Any:
        response = client.get(reverse("sync:progress") + f"?{query}", headers=HTMX)
        assert_no_inline_code(text(response) + "<b>")
        return response

    def test_it_brings_what_is_done_and_goes_on(self) -> None:
        run = run_with("updated", "failed", "pending")
        done, _, waiting = (item.order_id for item in run.items.all())
        query = f"run={run.pk}&order={done}&order={waiting}"
        response = self.poll(signed_in(), query)
        html = text(response)
        assert response.status_code == 200 and "every 1s" in html
        assert "<b>2 of 3</b>" in html and "1 updated" in html and "1 failed" in html
        assert re.findall(r'<tr id="order-(\d+)"', html) == [str(done)]
        assert [float(width) for width in re.findall(r' width="([\d.]+)"', html)] == [33.33, 33.33]

    def test_it_stops_by_itself_and_links_the_run(self) -> None:
        run = run_with("updated", "unchanged")
        response = self.poll(signed_in(), f"run={run.pk}")
        assert response.status_code == 286 and "every 1s" not in text(response)
        assert f'href="/sync/runs/{run.pk}/"' in text(response) and "data-dismiss" in text(response)

    def test_it_says_why_an_eshop_has_to_be_given_time(self) -> None:
        until = timezone.now() + timedelta(minutes=5)
        factories.eshop(name="Sandbox shop", wait_until=until, wait_reason="It answered 503.")
        html = text(self.poll(signed_in(), f"run={run_with('pending').pk}"))
        clock = timezone.localtime(until).strftime("%H:%M:%S")
        assert f"Sandbox shop asks us to wait until {clock}: It answered 503." in html

    def test_a_page_that_is_opened_finds_the_users_unfinished_runs(self) -> None:
        user = factories.user(LOOK)
        own, done = run_with("pending", user=user), run_with("updated", user=user)
        other = run_with("pending", user=factories.user())
        client = Client()
        client.force_login(user)
        html = text(self.poll(client, "first=1"))
        assert re.findall(r'id="strip-(\d+)"', html) == [str(own.pk)]
        html = text(self.poll(client, f"first=1&run={done.pk}&run={other.pk}"))
        assert re.findall(r'id="strip-(\d+)"', html) == [str(done.pk), str(own.pk)]
        assert f'href="/sync/runs/{own.pk}/"' not in html

    def test_an_orders_page_is_told_when_it_is_done(self) -> None:
        run = run_with("updated", "pending")
        done, waiting = (item.order_id for item in run.items.all())
        client = signed_in()
        assert "HX-Trigger" not in self.poll(client, f"run={run.pk}&detail={waiting}").headers
        assert self.poll(client, f"detail={done}").headers["HX-Trigger"] == "orders-changed"

    def test_nonsense_is_nothing_to_watch(self) -> None:
        response = self.poll(signed_in(), "run=x&order=%00&run=99999999999999999999&detail=")
        assert response.status_code == 286

    def test_a_poll_takes_the_same_queries_for_1_and_50_orders(
        self, django_assert_num_queries: Any
    ) -> None:
        client = signed_in()
        for number, run in ((1, run_with("updated")), (50, run_with(*["updated"] * 50))):
            query = "&".join(f"order={item.order_id}" for item in run.items.all())
            with django_assert_num_queries(9):
                html = text(self.poll(client, f"run={run.pk}&{query}"))
            assert html.count("<tr ") == number


class TestRun:
    def test_it_tells_every_order_and_the_counts_add_up(self) -> None:
        run = run_with("updated", "unchanged", "failed", "cancelled")
        item = run.items.filter(outcome="updated").get()
        assert item.order
        changes = [
            {"field": "status_code", "old": "processing", "new": "completed"},
            {"field": "status_name", "old": "Processing", "new": "Completed"},
            *({"field": f"billing.{name}", "old": "a", "new": "b"} for name in ("city", "line1")),
            {"field": "total", "old": "1", "new": "2"},
        ]
        added = {"action": "added", "kind": "fee", "external_id": "9", "name": "x", "changes": []}
        item.movement = Movement.objects.create(
            order=item.order, at=timezone.now(), kind="synchronized", actor_name="olga",
            changes={"fields": changes, "lines": [added]},
        )  # fmt: skip
        item.save()
        html = text(signed_in().get(reverse("sync:run", args=[run.pk])))
        told = "Status: Processing → Completed, Billing city: a → b, 1 line added, +2 more"
        assert told in html
        assert "It broke." in html and "<b>4 of 4</b>" in html
        assert "Retry all failed (1)" in html and "every 1s" not in html

    def test_a_poll_gets_the_head_and_what_is_finished(self) -> None:
        run = run_with("updated", "pending")
        done, waiting = run.items.all()
        address = reverse("sync:run", args=[run.pk]) + f"?item={done.pk}&item={waiting.pk}"
        response = signed_in().get(address, headers=HTMX)
        assert response.status_code == 200 and "<html" not in text(response)
        assert re.findall(r'<tr id="item-(\d+)"', text(response)) == [str(done.pk)]
        run.items.update(outcome="unchanged")
        response = signed_in().get(address, headers=HTMX)
        assert response.status_code == 286 and "every 1s" not in text(response)

    def test_an_import_is_counted_against_what_was_expected(self) -> None:
        eshop = factories.eshop(name="Sandbox shop")
        run = run_with("imported", "failed", trigger="import", eshop=eshop, expected=250)
        address = reverse("sync:run", args=[run.pk])
        html = text(signed_in().get(address))
        assert "Importing orders of Sandbox shop: <b>2 of 250</b>" in html
        run.finished_at, run.error = timezone.now(), "The e-shop stopped answering."
        run.save()
        assert "The e-shop stopped answering." in text(signed_in().get(address))
        assert signed_in().get(address, headers=HTMX).headers["HX-Refresh"] == "true"

    @pytest.mark.parametrize(
        ("outcomes", "expected", "words", "widths"),
        [
            ([], 102, ["nothing new among 102 orders"], [100]),
            ([], 1, ["nothing new among 1 order"], [100]),
            ([], 0, ["nothing new"], [100]),
            (["imported", "imported"], 8, ["<b>8 of 8</b>", "2 imported", "6 here already"],
             [25, 75]),
            (["imported"], 1, ["<b>1 of 1</b>", "1 imported"], [100]),
        ],
    )  # fmt: skip
    def test_a_finished_import_reads_as_done(
        self, outcomes: list[str], expected: int, words: list[str], widths: list[int]
    ) -> None:
        run = run_with(
            *outcomes, trigger="import", eshop=factories.eshop(), expected=expected,
            finished_at=timezone.now(),
        )  # fmt: skip
        for address in (reverse("sync:run", args=[run.pk]), reverse("sync:runs")):
            html = text(signed_in().get(address))
            assert all(each in html for each in words if "<b>" not in each)
            assert [float(width) for width in re.findall(r' width="([\d.]+)"', html)] == widths
            assert f'aria-label="{expected} of {expected} done"' in html
        html = text(signed_in().get(reverse("sync:run", args=[run.pk])))
        assert all(each in html for each in words) and "<b>0 of" not in html

    def test_an_import_can_be_cancelled(self) -> None:
        eshop = factories.eshop(name="Sandbox shop")
        run = run_with("imported", trigger="import", eshop=eshop)
        client = signed_in()
        address = reverse("sync:run", args=[run.pk])
        assert "Cancel" in text(client.get(address))
        client.post(reverse("sync:cancel", args=[run.pk]))
        run.refresh_from_db()
        assert run.finished_at is not None and run.cancelled_at is not None
        html = text(client.get(address))
        assert "what was loaded stays" in html and "Cancel what waits" not in html

    def test_items_are_paged_and_filtered(self) -> None:
        run = run_with(*["updated"] * 101, "failed")
        address, client = reverse("sync:run", args=[run.pk]), signed_in()
        html = text(client.get(address))
        assert html.count('<tr id="item-') == 100
        more = re.search(r'href="(\?after=\d+)"', html)
        assert more and text(client.get(address + more[1])).count('<tr id="item-') == 2
        assert text(client.get(address + "?outcome=failed")).count('<tr id="item-') == 1

    def test_the_page_takes_the_same_queries_for_1_and_50_items(
        self, django_assert_num_queries: Any
    ) -> None:
        client = signed_in()
        for run in (run_with("updated"), run_with(*["updated", "failed"] * 25)):
            with django_assert_num_queries(10):
                client.get(reverse("sync:run", args=[run.pk]))

    def test_retry_one_selected_or_all_that_failed(self, sent: Sent) -> None:
        run = run_with("failed", "failed", "updated", "skipped", "skipped")
        first, second, updated, not_tried, doubled = run.items.all()
        SyncItem.objects.filter(pk=not_tried.pk).update(error_kind="refused")
        address = reverse("sync:retry", args=[run.pk])

        def retried(**data: Any) -> set[int]:
            response = signed_in().post(address, data)
            new = SyncRun.objects.latest("pk")
            assert response.headers["Location"] == reverse("sync:run", args=[new.pk])
            assert new.trigger == "retry"
            found = set(new.items.values_list("order_id", flat=True))
            new.delete()
            return found

        assert retried(item=first.pk) == {first.order_id}
        assert retried(item=[second.pk, updated.pk, doubled.pk]) == {second.order_id}
        assert retried(all="1") == {first.order_id, second.order_id, not_tried.order_id}
        response = signed_in().post(address, {"item": updated.pk}, follow=True)
        assert "No order was selected." in text(response)

    def test_an_order_that_an_import_could_not_load_can_be_retried(self, sent: Sent) -> None:
        """Unless it has no id that anybody could ask for."""
        eshop = factories.eshop()
        run = run_with(trigger="import", eshop=eshop, finished_at=timezone.now())
        parked, nameless = (
            SyncItem.objects.create(run=run, eshop=eshop, external_id=each, outcome="failed")
            for each in ("9", "")
        )
        html = text(signed_in().get(reverse("sync:run", args=[run.pk])))
        assert 'aria-label="Retry order 9"' in html and html.count("Retry order") == 2
        assert "Retry all failed (1)" in html
        signed_in().post(reverse("sync:retry", args=[run.pk]), {"all": "1"})
        new = SyncRun.objects.latest("pk")
        assert [item.external_id for item in new.items.all()] == [parked.external_id]
        response = signed_in().post(
            reverse("sync:retry", args=[run.pk]), {"item": nameless.pk}, follow=True
        )
        assert "No order was selected." in text(response)

    def test_cancel(self) -> None:
        run = run_with("updated", "pending", "pending")
        address = reverse("sync:cancel", args=[run.pk])
        assert "2 orders cancelled" in text(signed_in().post(address, follow=True))
        assert sorted(run.items.values_list("outcome", flat=True)) == [
            "cancelled", "cancelled", "updated"
        ]  # fmt: skip
        before = SyncRun.objects.values().get()
        assert before["cancelled_at"]
        assert "Nothing was pending" in text(signed_in().post(address, follow=True))
        assert SyncRun.objects.values().get() == before

    @pytest.mark.parametrize("trigger", ["bulk", "import"])
    def test_a_finished_run_cannot_be_cancelled(self, trigger: str) -> None:
        finished = timezone.now() if trigger == "import" else None
        run = run_with("imported", trigger=trigger, finished_at=finished)
        before = SyncRun.objects.values().get()
        html = text(signed_in().post(reverse("sync:cancel", args=[run.pk]), follow=True))
        assert "Nothing was pending any more: the run stays as it ended." in html
        assert "cancelled at" not in html
        assert SyncRun.objects.values().get() == before


class TestRuns:
    def shown(self, query: str = "") -> list[int]:
        html = text(signed_in().get(reverse("sync:runs") + query))
        found = re.findall(r'<td class="c-number"><a href="/sync/runs/(\d+)/"', html)
        return [int(pk) for pk in found]

    def test_filters(self) -> None:
        olga = factories.user()
        shop = factories.eshop(name="A shop")
        working = run_with("pending", "updated", user=olga, trigger="row")
        failed = run_with("failed", "updated")
        other = factories.eshop(name="Other")
        importing = run_with(trigger="import", eshop=other)
        broken = run_with(trigger="import", error="No", finished_at=timezone.now(), eshop=other)
        every = [broken.pk, importing.pk, failed.pk, working.pk]
        assert self.shown() == every
        assert self.shown("?state=working") == [importing.pk, working.pk]
        assert self.shown("?state=failures") == [broken.pk, failed.pk]
        assert self.shown("?state=finished") == [broken.pk, failed.pk]
        assert self.shown("?trigger=row") == [working.pk]
        assert self.shown(f"?who={olga.pk}") == [working.pk]
        assert self.shown(f"?eshop={shop.pk}") == [failed.pk, working.pk]
        assert self.shown(f"?eshop={other.pk}") == [broken.pk, importing.pk]
        assert self.shown("?state=x&who=y&eshop=z&before=q") == every

    def test_pages(self) -> None:
        runs = [run_with() for _ in range(51)]
        assert self.shown() == [run.pk for run in reversed(runs[1:])]
        assert self.shown(f"?before={runs[1].pk}") == [runs[0].pk]

    def test_the_page_takes_the_same_queries_for_1_and_50_runs(
        self, django_assert_num_queries: Any
    ) -> None:
        client = signed_in()
        run_with("updated", "failed")
        with django_assert_num_queries(9):
            client.get(reverse("sync:runs"))
        for _ in range(50):
            run_with("updated", "pending")
        with django_assert_num_queries(9):
            client.get(reverse("sync:runs"))


def test_nothing_in_a_run_can_run_in_the_browser() -> None:
    eshop = factories.eshop(name=XSS[:100], wait_until=timezone.now() + timedelta(hours=1))
    Eshop.objects.update(wait_reason=XSS)
    run = run_with("failed", "pending", created_by_name=XSS[:99], error=XSS, eshop=eshop)
    run.items.update(message=XSS)
    run.items.filter(outcome="failed").update(order=None, external_id=XSS)
    for address in (
        reverse("sync:runs"),
        reverse("sync:run", args=[run.pk]),
        reverse("sync:progress") + f"?run={run.pk}",
    ):
        html = text(signed_in().get(address))
        assert "<script>" not in html and "<img" not in html
        assert_no_inline_code(html)
