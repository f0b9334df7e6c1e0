"""What tests of pages share."""

import re

from django.test import Client

from tests import factories

XSS = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:7 }}'
EVERYTHING = (
    "orders.view_order", "orders.change_order", "sync.synchronize", "sync.synchronize_in_bulk",
    "sync.view_syncrun", "eshops.view_eshop",
)  # fmt: skip


def signed_in(*permissions: str) -> Client:
    client = Client()
    client.force_login(factories.user(*(permissions or EVERYTHING)))
    return client


def assert_no_inline_code(html: str) -> None:
    """What the Content-Security-Policy would block."""
    tags = re.findall(r"<[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>", html)
    assert tags
    for tag in tags:
        bare = re.sub(r"\"[^\"]*\"|'[^']*'", '""', tag)
        assert not re.search(r"\s(style|on\w+|hx-on\S*)\s*=", bare, re.IGNORECASE), tag
        assert not bare.lower().startswith("<style"), tag
        assert not bare.lower().startswith("<script") or " src=" in bare, tag
