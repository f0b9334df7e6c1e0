"""How a WooCommerce is told who asks.

Over https it takes HTTP Basic, over http OAuth 1.0a (seen on 10.5). Some hosts take the header with
Basic away before WordPress sees it; without it WooCommerce looks for a signature over https too
(`WC_REST_Authentication::authenticate` in its source). An e-shop behind a proxy that ends TLS takes
its own address for https: it checks a signature of the https:// address, and takes Basic even over
the http behind the proxy. Basic is tried there on this machine only, where nobody can listen.
"""

import ipaddress
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth
from requests_oauthlib import OAuth1

BASIC = "basic"
SIGNED = "signed"
SIGNED_FOR_HTTPS = "signed for https"


class SignIn(AuthBase):
    """Signs each request in the present `way`. `proven` once the e-shop has let us in with it."""

    def __init__(self, address: str, key: str, secret: str, known: str = "") -> None:
        self.ways = ways(address)
        self.proven = known in self.ways
        self.way = known if self.proven else self.ways[0]
        self._basic = HTTPBasicAuth(key.encode(), secret.encode())
        self._oauth = OAuth1(key, secret, signature_method="HMAC-SHA256", signature_type="QUERY")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self.way == BASIC:
            return self._basic(request)
        scheme = urlsplit(request.url or "").scheme
        request.url = _with_scheme(
            request.url, "https" if self.way == SIGNED_FOR_HTTPS else str(scheme)
        )
        signed: PreparedRequest = self._oauth(request)
        signed.url = _with_scheme(signed.url, str(scheme))
        return signed


def ways(address: str) -> tuple[str, ...]:
    """The ways that may work at this address, the likeliest first."""
    parts = urlsplit(address)
    if parts.scheme != "http":
        return BASIC, SIGNED
    if _is_this_machine(parts.hostname or ""):
        return SIGNED, SIGNED_FOR_HTTPS, BASIC
    return SIGNED, SIGNED_FOR_HTTPS


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _with_scheme(url: str | None, scheme: str) -> str:
    return scheme + "://" + (url or "").partition("://")[2]
