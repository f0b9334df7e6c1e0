"""Connecting an e-shop in the browser: which platform, what lets us in, and what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from eshops.adapters import ADAPTERS
from eshops.models import Eshop
from eshops.sandbox.server import RunningSandbox, running
from eshops.source import Credential
from tests import factories
from tests.harness.web import Reply, WebServer
from tests.pages import assert_no_inline_code, signed_in
from tests.platforms import SHOPS

pytestmark = pytest.mark.django_db

MAY = ("eshops.add_eshop", "eshops.change_eshop", "eshops.view_eshop")


def address(platform: str = "woocommerce") -> str:
    return reverse("connect:add", args=[platform])


@pytest.fixture
def client() -> Client:
    return signed_in(*MAY)


@pytest.fixture(scope="module")
def shop() -> Iterator[RunningSandbox]:
    with running(orders=3) as shop:
        yield shop


def data(shop: RunningSandbox, **changes: str) -> dict[str, str]:
    return {
        "name": "Čaj & káva",
        "base_url": shop.url,
        "secret_consumer_key": shop.consumer_key,
        "secret_consumer_secret": shop.consumer_secret,
        "do": "save",
    } | changes


def text(client: Client, where: str, values: Any = None) -> str:
    response = client.get(where) if values is None else client.post(where, values, follow=True)
    assert response.status_code == 200
    html = response.content.decode()
    assert_no_inline_code(html)
    return html


class TestWhoMay:
    @pytest.mark.parametrize("where", ["/e-shops/connect/", "/e-shops/connect/woocommerce/"])
    def test_see(self, where: str) -> None:
        assert Client().get(where).status_code == 302
        assert signed_in("eshops.change_eshop", "eshops.view_eshop").get(where).status_code == 403

    def test_connect(self, shop: RunningSandbox) -> None:
        others = signed_in("eshops.change_eshop", "eshops.view_eshop")
        assert others.post(address(), data(shop)).status_code == 403
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.user(*MAY))
        assert client.post(address(), data(shop)).status_code == 403
        assert not Eshop.objects.exists()

    def test_the_list_of_eshops_leads_there(self, client: Client) -> None:
        where = reverse("connect:platforms")
        assert where in text(client, reverse("eshops:list"))
        assert where not in text(signed_in("eshops.view_eshop"), reverse("eshops:list"))


def test_every_platform_can_be_chosen(client: Client) -> None:
    html = text(client, reverse("connect:platforms"))
    for platform, factory in ADAPTERS.items():
        assert address(platform) in html and factory.label in html


@pytest.mark.parametrize("platform", sorted(ADAPTERS))
def test_a_platform_asks_for_what_it_needs_and_says_where_that_is(
    client: Client, platform: str
) -> None:
    html = text(client, address(platform))
    factory = ADAPTERS[platform]
    fields = {name for way in factory.sign_ins for name in way}
    others = {n for f in ADAPTERS.values() for way in f.sign_ins for n in way} - fields
    assert all(f'name="secret_{name}"' in html for name in fields)
    assert not any(f'name="secret_{name}"' in html for name in others)
    for way in factory.sign_ins:
        for credential in way.values():
            assert client_sees(html, credential)
    assert f'value="{factory.address}"' in html or not factory.address


def client_sees(html: str, credential: Credential) -> bool:
    return escape(credential.label) in html and escape(credential.where) in html


@pytest.mark.parametrize("platform", sorted(ADAPTERS))
def test_each_platform_is_connected_with_what_it_asks_for(
    client: Client, server: WebServer, platform: str
) -> None:
    row = SHOPS[platform](server)
    row.stock(*row.ids(2))
    values = {f"secret_{name}": value for name, value in row.credentials.items()}
    details = {"name": "Shop", "base_url": server.url}
    html = text(client, address(platform), values | details | {"do": "test"})
    assert "The connection works" in html
    (way,) = [way for way in ADAPTERS[platform].sign_ins if way.keys() == row.credentials.keys()]
    assert not any(row.credentials[name] in html for name in way if way[name].is_secret)
    assert any(each.is_secret for each in way.values())
    assert not Eshop.objects.exists()
    html = text(client, address(platform), values | details | {"do": "save"})
    assert "Shop is connected" in html
    eshop = Eshop.objects.get()
    assert (eshop.platform, eshop.base_url) == (platform, server.url)
    assert dict(eshop.credentials) == dict(row.credentials)
    assert eshop.sequences.filter(kind="status").exists()


def test_a_platform_that_is_none(client: Client) -> None:
    assert client.get(address("unheard-of")).status_code == 404


def test_a_name_that_is_taken_is_refused(client: Client, shop: RunningSandbox) -> None:
    factories.eshop(name="tea shop")
    html = text(client, address(), data(shop, name="Tea shop"))
    assert "There is an e-shop called Tea shop already." in html
    assert Eshop.objects.get().base_url != shop.url


def test_live_it_answers_with_a_fragment(client: Client, shop: RunningSandbox) -> None:
    live = {"HX-Request": "true"}
    tested = client.post(address(), data(shop, do="test"), headers=live)
    assert "<html" not in tested.content.decode() and b"The connection works" in tested.content
    saved = client.post(address(), data(shop), headers=live)
    where = reverse("eshop:connection", args=[Eshop.objects.get().pk])
    assert (saved.status_code, saved.headers["HX-Redirect"]) == (204, where)


@pytest.mark.parametrize("do", ["test", "save"])
class TestWhatIsWrong:
    """Each has words of its own, and nothing is saved."""

    def told(self, client: Client, values: dict[str, str], platform: str = "woocommerce") -> str:
        html = text(client, address(platform), values)
        assert not Eshop.objects.exists()
        assert "The connection works" not in html and 'role="alert"' in html
        return html

    def test_a_name_that_is_in_no_dns(self, client: Client, shop: RunningSandbox, do: str) -> None:
        values = data(shop, base_url="https://shop.invalid", do=do)
        assert "The name shop.invalid was not found in the DNS" in self.told(client, values)

    def test_nobody_there(self, client: Client, shop: RunningSandbox, do: str) -> None:
        values = data(shop, base_url="http://127.0.0.1:9", do=do)
        assert "127.0.0.1 does not accept connections" in self.told(client, values)

    def test_a_wrong_key(self, client: Client, shop: RunningSandbox, do: str) -> None:
        values = data(shop, secret_consumer_key="ck_typo", do=do)
        assert "does not let us in (401)" in self.told(client, values)

    def test_a_missing_right(self, client: Client, shop: RunningSandbox, do: str) -> None:
        shop.faults.switch_on("403")
        try:
            html = self.told(client, data(shop, do=do))
        finally:
            shop.faults.switch_off()
        assert "does not let us in (403)" in html and "credentials permit" in html

    def test_a_certificate_nobody_vouches_for(
        self, client: Client, shop: RunningSandbox, do: str, server: WebServer, certificate: Path
    ) -> None:
        server.encrypt(certificate)
        values = data(shop, base_url=f"https://127.0.0.1:{server.port}", do=do)
        assert "The certificate of 127.0.0.1 is not valid" in self.told(client, values)

    @pytest.mark.parametrize("platform", sorted(ADAPTERS))
    @pytest.mark.parametrize(
        "reply",
        [
            Reply(b"<!doctype html><h1>A blog</h1>", 200),
            Reply(b"<!doctype html><h1>Not found</h1>", 404),
            Reply({"hello": "world"}),
            Reply({"error": "no such page"}, 404),
        ],
        ids=["a page", "no page", "other data", "nothing there"],
    )
    def test_not_that_platform(
        self, client: Client, server: WebServer, do: str, platform: str, reply: Reply
    ) -> None:
        server.answer = lambda asked: reply
        row = SHOPS[platform].credentials
        values = {f"secret_{name}": value for name, value in row.items()}
        values |= {"name": "Shop", "base_url": server.url, "do": do}
        html = self.told(client, values, platform)
        assert "This address answers, but not as a" in html
        assert ADAPTERS[platform].label in html

    def test_incomplete(self, client: Client, shop: RunningSandbox, do: str) -> None:
        html = self.told(client, data(shop, secret_consumer_secret="", do=do))
        assert "missing: Consumer secret" in html
        nothing = data(shop, secret_consumer_key="", secret_consumer_secret="", do=do)
        assert "Enter what lets Fynode into the e-shop." in self.told(client, nothing)
