import logging
import sys

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from fynode.answers import Refusals, not_stored
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


def test_a_refusal_is_logged_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    response = signed_in("eshops.view_eshop").get(reverse("orders:list"))
    assert response.status_code == 403
    logged = [record for record in caplog.records if record.name == "django.request"]
    assert [(record.getMessage(), record.exc_info) for record in logged] == [
        ("Forbidden (Permission denied): /orders/", None)
    ]


def test_an_error_is_logged_with_its_traceback() -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "x", None, sys.exc_info())
    assert Refusals().filter(record)
    assert record.exc_info and record.exc_info[0] is ZeroDivisionError
