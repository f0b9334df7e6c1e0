"""The list of e-shops, the back office, signing in and the pages of errors."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from eshops.models import Eshop, MetadataMapping, Sequence
from orders.models import Movement
from sync.models import SyncRun
from tests import factories
from tests.pages import assert_no_inline_code, signed_in

pytestmark = pytest.mark.django_db
SECRETS = {"consumer_key": "ck_very_secret", "consumer_secret": "cs_very_secret"}


class TestList:
    def test_it_says_how_each_eshop_is(self) -> None:
        later = timezone.now() + timedelta(minutes=5)
        factories.order(factories.eshop(name="Good", credentials=SECRETS))
        factories.eshop(name="Refused", connection_error="The key was refused.")
        factories.eshop(name="Busy", wait_until=later, wait_reason="It answered 503.")
        factories.eshop(name="Off", is_active=False, platform="unheard-of")
        html = signed_in().get(reverse("eshops:list")).content.decode()
        for text in (
            "Good", "WooCommerce", "http://127.0.0.1:9", "Connected", "The key was refused.",
            "It answered 503.", "Switched off", "unheard-of", "connect_eshop",
        ):  # fmt: skip
            assert text in html, text
        assert "very_secret" not in html
        assert_no_inline_code(html)

    def test_without_eshops_it_tells_how_to_connect_one(self) -> None:
        html = signed_in().get(reverse("eshops:list")).content.decode()
        assert "No e-shop is connected yet" in html and "connect_eshop" in html


class TestBackOffice:
    @pytest.fixture
    def client(self) -> Client:
        client = Client()
        client.force_login(factories.user(is_superuser=True, is_staff=True))
        return client

    def test_every_page_opens_and_shows_no_credentials(self, client: Client) -> None:
        eshop = factories.eshop(credentials=SECRETS)
        order = factories.order(eshop)
        run = SyncRun.objects.create(trigger="row", created_at=timezone.now())
        Movement.objects.create(order=order, at=timezone.now(), kind="imported")
        for row in (eshop, order, run):
            base = f"admin:{row._meta.app_label}_{row._meta.model_name}"
            for address in (
                reverse(f"{base}_changelist"),
                reverse(f"{base}_change", args=[row.pk]),
            ):
                response = client.get(address)
                assert response.status_code == 200
                assert b"very_secret" not in response.content
            assert client.post(reverse(f"{base}_delete", args=[row.pk])).status_code == 403
            assert client.get(reverse(f"{base}_add")).status_code == 403
        assert client.get(reverse("admin:orders_movement_changelist")).status_code == 200

    def save(self, client: Client, eshop: Eshop, **changes: str) -> Eshop:
        sequences = list(eshop.sequences.all())
        data = {
            "name": eshop.name, "kind": eshop.kind, "is_active": "on",
            "sequences-TOTAL_FORMS": str(len(sequences)),
            "sequences-INITIAL_FORMS": str(len(sequences)),
            "mappings-TOTAL_FORMS": "0", "mappings-INITIAL_FORMS": "0",
        }  # fmt: skip
        for number, row in enumerate(sequences):
            for name in ("id", "kind", "code", "name", "type", "color"):
                data[f"sequences-{number}-{name}"] = str(getattr(row, name))
            data[f"sequences-{number}-eshop"] = str(eshop.pk)
            data[f"sequences-{number}-is_active"] = "on"
        address = reverse("admin:eshops_eshop_change", args=[eshop.pk])
        response = client.post(address, data | changes)
        assert response.status_code == 302, response.content.decode()
        return Eshop.objects.get(pk=eshop.pk)

    def test_changed_settings_raise_the_version_by_one(self, client: Client) -> None:
        eshop = factories.eshop(credentials=SECRETS)
        for code in ("paid", "sent"):
            Sequence.objects.create(eshop=eshop, kind="status", code=code, name=code)
        assert self.save(client, eshop, name="Renamed").settings_version == 1
        changed = self.save(
            client, eshop, **{"sequences-0-name": "Zaplaceno", "sequences-1-name": "Odesláno"}
        )
        assert changed.settings_version == 2
        assert changed.credentials == SECRETS
        mapping = {
            "mappings-TOTAL_FORMS": "1",
            "mappings-0-transforms": "[]",
            "mappings-0-source_key": "_ico",
            "mappings-0-target": "company_id",
            "mappings-0-position": "0",
            "mappings-0-scope": "order",
        }
        assert self.save(client, eshop, **mapping).settings_version == 3
        assert MetadataMapping.objects.get().source_key == "_ico"
        assert self.save(client, eshop, **{"sequences-0-DELETE": "on"}).settings_version == 4


class TestSignIn:
    def test_a_wrong_password_is_told_in_words(self) -> None:
        factories.user(username="olga", password="right")
        response = Client().post(reverse("sign_in"), {"username": "olga", "password": "wrong"})
        assert "The user name or the password is not right." in response.content.decode()
        assert 'value="olga"' in response.content.decode()
        assert_no_inline_code(response.content.decode())

    def test_it_leads_to_the_page_that_was_asked_for_and_out_again(self) -> None:
        factories.user("orders.view_order", username="olga", password="right")
        client = Client()
        data = {"username": "olga", "password": "right", "next": "/orders/?paid=no"}
        response = client.post(reverse("sign_in"), data)
        assert response.headers["Location"] == "/orders/?paid=no"
        assert client.get(reverse("sign_in")).status_code == 302
        assert client.post(reverse("sign_out")).headers["Location"] == reverse("sign_in")
        assert client.get("/orders/").status_code == 302


@pytest.mark.parametrize("client", [Client(), None], ids=["anonymous", "signed in"])
def test_an_address_that_is_none(client: Client | None) -> None:
    response = (client or signed_in()).get("/nothing/here")
    html = response.content.decode()
    assert response.status_code == 404 and "There is nothing here" in html
    assert_no_inline_code(html)


def test_a_fault_has_a_page_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.views.page_of", lambda *_: 1 / 0)
    client = signed_in()
    client.raise_request_exception = False
    response = client.get(reverse("orders:list"))
    html = response.content.decode()
    assert response.status_code == 500 and "Something went wrong in Fynode" in html
    assert_no_inline_code(html)
