import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from eshops.models import Eshop
from eshops.sandbox.server import RunningSandbox
from eshops.source import BadPayload
from orders.models import Order
from sync import engine, imports
from sync.models import SyncItem, SyncRun
from tests import factories
from tests.harness.guards import Sent
from tests.shops import ScriptedShop
from tests.sources import source_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey", "sent")]


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Waiting for a worker does the worker's work."""

    def work(run: SyncRun, tell: Any) -> None:
        if run.eshop_id:
            imports.load_orders(run.pk)
        for eshop_id in set(run.items.values_list("eshop_id", flat=True)):
            engine.synchronize_lane(run.pk, eshop_id)

    monkeypatch.setattr("sync.reports.wait_until_finished", work)
    yield


def connect(sandbox: RunningSandbox, *arguments: str, secret: str = "") -> None:
    call_command(
        "connect_eshop",
        "Čaj & káva",
        "--platform=woocommerce",
        f"--url={sandbox.url}",
        f"--credential=consumer_key={sandbox.consumer_key}",
        f"--credential=consumer_secret={secret or sandbox.consumer_secret}",
        *arguments,
    )


class TestConnect:
    def test_it_tests_saves_and_tells_the_id(
        self, sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
    ) -> None:
        connect(sandbox, "--json")
        eshop = Eshop.objects.get()
        told = json.loads(capsys.readouterr().out)
        assert (told["id"], told["name"]) == (eshop.pk, "Čaj & káva")
        assert eshop.timezone == "Europe/Prague"
        assert eshop.sequences.filter(kind="status", code="ready-pickup").exists()
        assert {"status", "payment", "delivery"} == set(
            eshop.sequences.values_list("kind", flat=True)
        )

    def test_again_changes_the_connection_and_keeps_the_eshop(
        self, sandbox: RunningSandbox
    ) -> None:
        connect(sandbox)
        before = Eshop.objects.get()
        Eshop.objects.update(connection_error="refused", base_url="http://127.0.0.1:9")
        connect(sandbox)
        after = Eshop.objects.get()
        assert (after.pk, after.base_url, after.connection_error) == (before.pk, sandbox.url, "")
        assert after.settings_version == before.settings_version

    @pytest.mark.parametrize(
        ("name", "url", "words"),
        [
            ("Shop", "http://user:pa55@127.0.0.1:9", "Leave the password out of the address"),
            ("Shop", "ftp://127.0.0.1:9", "begins with https:// or http://"),
            ("Shop", "http://[::1", "not a web address"),
            ("Shop", "", "begins with https:// or http://"),
            (" ", "http://127.0.0.1:9", "name"),
            ("x" * 101, "http://127.0.0.1:9", "name"),
        ],
    )
    def test_what_cannot_be_stored_is_refused_before_anybody_is_asked(
        self, name: str, url: str, words: str
    ) -> None:
        keys = ["--credential=consumer_key=ck", "--credential=consumer_secret=cs"]
        with pytest.raises(CommandError, match=words) as error:
            call_command("connect_eshop", name, "--platform=woocommerce", f"--url={url}", *keys)
        assert "pa55" not in str(error.value)
        assert not Eshop.objects.exists()

    def test_a_wrong_key_saves_nothing_and_shows_no_secret(self, sandbox: RunningSandbox) -> None:
        with pytest.raises(CommandError, match="401") as error:
            connect(sandbox, secret="cs_wrong_but_secret")
        assert "cs_wrong_but_secret" not in str(error.value)
        assert not Eshop.objects.exists()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--credential=consumer_key=a"], "missing: consumer_secret"),
            (["--credential=a"], "KEY=VALUE"),
            (
                [
                    "--credential=consumer_key=a",
                    "--credential=consumer_secret=b",
                    "--credential=c=d",
                ],
                "not known: c",
            ),
        ],
    )
    def test_details_that_cannot_be_right(self, arguments: list[str], words: str) -> None:
        with pytest.raises(CommandError, match=words):
            call_command(
                "connect_eshop",
                "X",
                "--platform=woocommerce",
                "--url=http://127.0.0.1:9",
                *arguments,
            )
        assert not Eshop.objects.exists()


@pytest.mark.usefixtures("_at_once")
class TestLoad:
    def test_all_orders_and_again_none(
        self, scripted: ScriptedShop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        factories.eshop()
        scripted.put(source_order("1"), source_order("2"))
        call_command("load_orders", "Shop", "--json")
        told = json.loads(capsys.readouterr().out)
        assert told["outcomes"] == {"imported": 2}
        call_command("load_orders", "Shop", "--since=2026-11-01")
        assert "no orders" in capsys.readouterr().out
        assert Order.objects.count() == 2

    def test_a_failure_is_told_by_the_exit_code(self, scripted: ScriptedShop) -> None:
        factories.eshop()
        scripted.orders["1"] = BadPayload("total: not a figure")
        with pytest.raises(CommandError) as error:
            call_command("load_orders", "Shop")
        assert error.value.returncode == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            ["Nobody"],
            ["Shop", "--since=yesterday"],
            ["Shop", "--since=0001-01-01"],
            ["Shop", "--since=9999-12-31T23:59-05:00"],
        ],
    )
    def test_refused_in_words(self, arguments: list[str]) -> None:
        factories.eshop()
        with pytest.raises(CommandError, match=r"no e-shop named|needs a date"):
            call_command("load_orders", *arguments)
        assert not SyncRun.objects.exists()


@pytest.mark.usefixtures("_at_once")
class TestSynchronize:
    def test_by_number_and_waiting(
        self, scripted: ScriptedShop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        eshop = factories.eshop()
        factories.order(eshop, "1", number="A-1")
        factories.order(eshop, "2", number="A-2")
        scripted.put(source_order("1", number="A-1"), source_order("2"))
        call_command("synchronize", "A-1", "--wait", "--json")
        told = json.loads(capsys.readouterr().out)
        (order,) = told["orders"]
        assert (order["number"], order["outcome"]) == ("A-1", "updated")
        assert order["changes"]["fields"]

    def test_a_failed_order_is_told_by_the_exit_code(self, scripted: ScriptedShop) -> None:
        factories.order(factories.eshop(), "1", number="A-1")
        scripted.orders["1"] = BadPayload("total: not a figure")
        with pytest.raises(CommandError) as error:
            call_command("synchronize", "A-1", "--wait")
        assert error.value.returncode == 1

    def test_without_wait_it_is_queued_only(
        self, scripted: ScriptedShop, capsys: pytest.CaptureFixture[str], sent: Sent
    ) -> None:
        factories.order(factories.eshop(), "1", number="A-1")
        call_command("synchronize", "A-1")
        assert "1 waiting" in capsys.readouterr().out
        assert not scripted.asked

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], "Name order numbers"),
            (["A-9"], "no order A-9"),
            (["--eshop=Nobody"], "no e-shop named"),
            (["A-1"], "More than one order has the number A-1"),
            ([f"N-{n}" for n in range(101)], "limited to 100 orders at once; 101 were named"),
            (["--eshop=Full"], "limited to 100 orders at once; 101 are selected"),
            (["--eshop=Empty"], "No order"),
        ],
    )
    def test_refused_in_words_with_nothing_queued(self, arguments: list[str], words: str) -> None:
        for name in ("One", "Two", "Empty", "Full"):
            factories.eshop(name=name)
        for name in ("One", "Two"):
            factories.order(Eshop.objects.get(name=name), "1", number="A-1")
        for number in range(101):
            factories.order(Eshop.objects.get(name="Full"), str(number), number=f"N-{number}")
        with pytest.raises(CommandError, match=words):
            call_command("synchronize", *arguments)
        assert not SyncRun.objects.exists()
        assert not SyncItem.objects.exists()
