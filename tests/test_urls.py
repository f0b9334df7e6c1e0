"""Every address is closed to strangers and to forged forms, those that will be added too."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests import factories

OPEN = ("sign_in", "healthz")
ADMIN = "admin"


def patterns(within: URLResolver, route: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern, with an address that leads to it; those of Django's admin are its affair."""
    for each in within.url_patterns:
        whole = route + str(each.pattern)
        if isinstance(each, URLPattern):
            yield re.sub(r"<[^>]*>", "1", whole), each
        elif each.namespace != ADMIN:
            yield from patterns(each, whole)


EVERY = dict(patterns(get_resolver()))
CLOSED = [address for address, pattern in EVERY.items() if pattern.name not in OPEN]


def test_the_addresses_lead_where_they_are_meant_to() -> None:
    assert "/sync/runs/1/cancel/" in CLOSED and "/" in CLOSED
    for address, pattern in EVERY.items():
        assert resolve(address).func is pattern.callback


@pytest.mark.parametrize("address", CLOSED)
def test_a_stranger_is_asked_to_sign_in(address: str) -> None:
    for response in (Client().get(address), Client().post(address)):
        assert response.status_code == 302
        assert response.headers["Location"].startswith(f"/sign-in/?next={address}")


@pytest.mark.django_db
def test_nothing_is_taken_from_a_form_without_the_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.user(is_superuser=True))
    for address in EVERY:
        response = client.post(address)
        assert response.status_code == 403, address
        assert b"This form had expired" in response.content, address
