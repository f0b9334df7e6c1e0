"""Who may read: API keys over https, OAuth 1.0a over plain http, checked as WooCommerce does."""

import base64
import binascii
import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from oauthlib.oauth1.rfc5849 import signature

from eshops.sandbox.exchange import Request

WINDOW = 15 * 60
VERIFIERS: dict[str, Callable[..., bool]] = {
    "HMAC-SHA256": signature.verify_hmac_sha256,
    "HMAC-SHA1": signature.verify_hmac_sha1,
}
OAUTH_PARAMETERS = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)


class Unauthorized(Exception):
    """Credentials were sent and are wrong; the text is WooCommerce's message."""


@dataclass(frozen=True)
class Signed:
    """What the verifiers read."""

    uri: str
    http_method: str
    params: list[tuple[str, str]]
    signature: str


class Gate:
    """Knows one key and its secret, and the nonces used with it in the last quarter of an hour."""

    def __init__(
        self, consumer_key: str, consumer_secret: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._key, self._secret, self._clock = consumer_key, consumer_secret, clock
        self._nonces: dict[str, float] = {}
        self._lock = threading.Lock()

    def admits(self, request: Request) -> bool:
        """True for the right credentials, False for none; `Unauthorized` for wrong ones.

        As in WooCommerce, an unknown key sent as such counts as none, and Basic and keys in the
        query are not even looked at over plain http.
        """
        if request.https:
            pair = _basic(request) or _in_query(request)
            if pair and hmac.compare_digest(pair[0].encode(), self._key.encode()):
                if hmac.compare_digest(pair[1].encode(), self._secret.encode()):
                    return True
                raise Unauthorized("Consumer secret is invalid.")
        return self._admits_signed(request)

    def _admits_signed(self, request: Request) -> bool:
        pairs = [*request.parameters, *_in_header(request)]
        given = dict(pairs)
        missing = [name for name in OAUTH_PARAMETERS if not given.get(name)]
        if len(missing) == len(OAUTH_PARAMETERS):
            return False
        if missing:
            raise Unauthorized(f"Missing OAuth parameters {', '.join(missing)}")
        if given["oauth_consumer_key"] != self._key:
            raise Unauthorized("Consumer key is invalid.")
        self._check_signature(request, pairs, given)
        self._check_freshness(given["oauth_timestamp"], given["oauth_nonce"])
        return True

    def _check_signature(
        self, request: Request, pairs: list[tuple[str, str]], given: dict[str, str]
    ) -> None:
        verify = VERIFIERS.get(given["oauth_signature_method"])
        if verify is None:
            raise Unauthorized("Invalid signature - signature method is invalid.")
        params = [pair for pair in pairs if pair[0] != "oauth_signature"]
        signed = Signed(request.url, request.method, params, given["oauth_signature"])
        if not verify(signed, self._secret, ""):
            raise Unauthorized("Invalid signature - provided signature does not match.")

    def _check_freshness(self, timestamp: str, nonce: str) -> None:
        now = self._clock()
        if not timestamp.isdecimal() or abs(now - int(timestamp)) > WINDOW:
            raise Unauthorized("Invalid timestamp.")
        with self._lock:
            self._nonces = {used: at for used, at in self._nonces.items() if at > now - WINDOW}
            if nonce in self._nonces:
                raise Unauthorized("Invalid nonce - nonce has already been used.")
            self._nonces[nonce] = int(timestamp)


def _in_header(request: Request) -> list[tuple[str, str]]:
    authorization = request.headers.get("authorization", "")
    if not authorization.lower().startswith("oauth "):
        return []
    try:
        return signature.collect_parameters(
            headers={"Authorization": authorization}, exclude_oauth_signature=False
        )
    except ValueError:
        return []


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password


def _in_query(request: Request) -> tuple[str, str] | None:
    given = dict(request.parameters)
    if "consumer_key" not in given:
        return None
    return given["consumer_key"], given.get("consumer_secret", "")
