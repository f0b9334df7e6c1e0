import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from fynode.answers import not_stored
from tests import factories
from tests.pages import signed_in

pytestmark = pytest.mark.django_db


def test_what_signed_in_people_see_is_not_stored() -> None:
    order = factories.order(factories.eshop())
    client = signed_in()
    addresses = [
        reverse("orders:list"),
        reverse("orders:detail", args=[order.pk]),
        reverse("orders:movements", args=[order.pk]),
        reverse("orders:find") + f"?q={order.number}",
        reverse("sync:progress"),
        "/no-such-page/",
    ]
    for address in addresses:
        assert client.get(address).headers["Cache-Control"] == "private, no-store", address
    assert "no-store" in Client().get(reverse("sign_in")).headers["Cache-Control"]


def test_an_answer_that_says_itself_how_long_it_holds_is_left_alone() -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": "max-age=60"})

    response = not_stored(answer)(RequestFactory().get("/"))
    assert response.headers["Cache-Control"] == "max-age=60"
