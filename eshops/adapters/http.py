"""The one HTTP client: JSON from an e-shop, or a sentence for staff why there is none.

It follows no redirect, waits for nobody longer than its deadline, keeps no more than its size
limit, and what it raises or logs holds no address beyond the host, no credential and no signature.
"""

import contextlib
import html
import http.client
import logging
import os
import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import msgspec
import requests
import urllib3
from requests.auth import AuthBase

from eshops.adapters.deadline import Deadline, DeadlineAdapter
from eshops.adapters.reading import NotJson, decode
from eshops.source import BadPayload, Refused, SourceError, Turn, Unavailable

LONGEST_WAIT = timedelta(hours=1)
_CHUNK = 65_536
_TAG = re.compile(r"<[^>]*>")
_LONG_TOKEN = re.compile(r"[\w%+/=.~:?&-]{24,}", re.ASCII)
_PORTS = {"http": 80, "https": 443}
_QUERY = re.compile(r"\?\S*")
_BROKEN = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
_FAILURES = (*_BROKEN, requests.RequestException, ValueError)

Auth = AuthBase | tuple[str, str]
Explain = Callable[[int, Any], SourceError | None]
"""What an error's status and decoded body mean, where the platform says more than the status."""


def by_its_status(status: int, body: Any) -> None:
    """For a platform whose errors say no more than their status."""


class ServerError(Unavailable):
    """The e-shop's program failed (HTTP 500): an outage, or one order it cannot put into words."""


class TooSlow(Unavailable):
    """The e-shop did not answer in time (also HTTP 504): it is down, or asked for too much."""


class NotData(Unavailable):
    """The e-shop, or something in front of it, answered with anything but JSON."""


class TooLarge(BadPayload):
    """The answer is larger than we accept."""


TOO_MUCH = (ServerError, TooLarge, TooSlow)
"""What may be due to how much was asked for, or to one order in it."""


class Unauthorized(Refused):
    """The e-shop does not know our key or our signature (HTTP 401)."""


_FAILED: Mapping[int, type[Unavailable]] = {500: ServerError, 504: TooSlow}


class Response(msgspec.Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    body: Any
    """The decoded JSON; None for an error (status 400 and up) that came without any."""
    sent_at: datetime
    """UTC, taken right before the request was sent."""


class HttpClient:
    """Asks one e-shop for JSON, over connections kept alive.

    A `Response` has a status of 2xx, or of 4xx that only the adapter can interpret. Everything
    else is raised: `Refused` for 401 (as `Unauthorized`), 403, a redirect, a bad certificate or
    address; `Unavailable` for 429, 5xx (500 as `ServerError`, 504 as `TooSlow`), no connection, no
    time left (`TooSlow`), or a body that is no JSON (`NotData`); `TooLarge`. What `explain` makes
    of an error is raised first.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        secrets: Iterable[str] = (),
        turn: Turn = contextlib.nullcontext,
        explain: Explain = by_its_status,
        connect_timeout: float = 5,
        read_timeout: float = 30,
        deadline: float = 60,
        max_bytes: int = 20_000_000,
    ) -> None:
        self._base_url = base_url.rstrip("/") + "/"
        self._host = _host(base_url)
        self._secrets = tuple(secret for secret in secrets if secret)
        self._turn = turn
        self._explain = explain
        self._timeout = (connect_timeout, read_timeout)
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._session = _Session()
        self._session.trust_env = False
        self._session.verify = _trusted()
        self._session.auth = _in_utf8(auth) if isinstance(auth, tuple) else auth
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._session.headers.update(
            {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "Fynode"}
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, DeadlineAdapter())

    def __repr__(self) -> str:
        return f"HttpClient({self._host!r})"

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Response:
        return self._exchange("GET", path, params=params)

    def post(self, path: str, body: Any) -> Response:
        """Ask with a JSON body, for platforms that are read that way."""
        headers = {"Content-Type": "application/json"}
        return self._exchange("POST", path, data=msgspec.json.encode(body), headers=headers)

    def _exchange(self, method: str, path: str, **request: Any) -> Response:
        url = self._base_url + path.lstrip("/")
        failure: SourceError | None = None
        with self._turn(), Deadline(self._deadline) as deadline:
            sent_at = datetime.now(UTC)
            try:
                with self._session.request(
                    method,
                    url,
                    timeout=self._timeout,
                    stream=True,
                    allow_redirects=False,
                    **request,
                ) as answer:
                    content = self._content(answer)
            except _FAILURES as error:
                failure = self._failure(error)
        if deadline.passed:
            failure = TooSlow(
                f"{self._host} did not finish its answer within {self._deadline:g} seconds. "
                "Try again later."
            )
        if failure:  # raised here it does not carry what requests raised, with the URL in it
            raise failure
        return self._response(answer.status_code, answer.headers, content, sent_at)

    def _content(self, answer: requests.Response) -> bytes:
        """The decoded body; of an error as much as arrives, for it is told by its status."""
        content = bytearray()
        try:
            while piece := answer.raw.read1(_CHUNK, decode_content=True):
                content += piece
                if len(content) > self._max_bytes:
                    raise TooLarge(
                        f"The answer of {self._host} is larger than "
                        f"{self._max_bytes / 1_000_000:g} MB, the most we accept."
                    )
        except (*_BROKEN, TooLarge):
            if answer.status_code < 300:
                raise
        return bytes(content)

    def _response(
        self, status: int, headers: Mapping[str, str], content: bytes, sent_at: datetime
    ) -> Response:
        if status >= 400:
            reason = self._explain(status, self._document(status, content))
            if reason is not None:
                raise reason
        if 300 <= status < 400:
            location = headers.get("Location") or _told(content, "api_url")
            if location and self._is_own(location):
                raise Refused(
                    f"{self._host} answers with a redirect to another page of itself, so this is "
                    "probably not the API's address. Correct the e-shop's address."
                )
            raise Refused(
                f"{self._host} redirects to {self._target(location)}. Correct the e-shop's address."
            )
        if status == 401:
            raise Unauthorized(
                f"{self._host} does not let us in (401){self._explanation(content)}. Check whether "
                "the e-shop's credentials are right, still valid and allowed to read orders."
            )
        if status == 403:
            raise Refused(
                f"{self._host} does not let us in (403){self._explanation(content)}. Check what "
                "the e-shop's credentials permit, and whether a firewall keeps Fynode out."
            )
        if status == 429:
            raise Unavailable(
                f"{self._host} asks us to slow down (429). Try again later.",
                retry_after(headers.get("Retry-After", "")),
            )
        if status >= 500:
            raise _FAILED.get(status, Unavailable)(
                f"{self._host} failed to answer ({status}). Try again later; if it stays so, "
                "look into the e-shop's error log.",
                retry_after(headers.get("Retry-After", "")),
            )
        return Response(status, headers, self._document(status, content), sent_at)

    def _document(self, status: int, content: bytes) -> Any:
        try:
            return decode(content)
        except NotJson as error:
            if status >= 400:
                return None
            cut_off = error.cut_off and bool(content.strip())
        if cut_off:
            raise self._broken_off()
        if content.lstrip()[:1] == b"<":
            what = "a web page instead of data: usually maintenance or a firewall"
        else:
            what = "something that is not data" if content.strip() else "nothing"
        raise NotData(f"{self._host} answered with {what}. Try again later.")

    def _explanation(self, content: bytes) -> str:
        """The e-shop's own words on why it refuses us, without anything that may be a secret."""
        message = _told(content, "message")
        for secret in self._secrets:
            for form in {secret, quote(secret), quote(secret, safe="")}:
                message = message.replace(form, "***")
        message = _LONG_TOKEN.sub("***", html.unescape(_TAG.sub("", message)))
        words = " ".join(message.split())[:200].rstrip(". ")
        return f", saying “{words}”" if words else ""

    def _is_own(self, location: str) -> bool:
        try:
            return _origin(urljoin(self._base_url, location)) == _origin(self._base_url)
        except ValueError:
            return False

    def _target(self, location: str) -> str:
        try:
            parts = urlsplit(urljoin(self._base_url, location))
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "another address"
        return f"{parts.scheme}://{parts.hostname or self._host}{port}"

    def _failure(self, error: Exception) -> SourceError:
        causes = tuple(_causes(error))

        def among(*kinds: type[BaseException]) -> bool:
            return any(isinstance(cause, kinds) for cause in causes)

        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return Refused(
                    f"The certificate of {self._host} is not valid ({cause.verify_message}). "
                    "Renew it, or correct the e-shop's address."
                )
        if among(urllib3.exceptions.NameResolutionError):
            return Unavailable(
                f"The name {self._host} was not found in the DNS. Check the e-shop's address, or "
                "try again later."
            )
        if among(urllib3.exceptions.NewConnectionError):
            return Unavailable(
                f"{self._host} does not accept connections. Check the e-shop's address, or try "
                "again later."
            )
        if among(urllib3.exceptions.ConnectTimeoutError):
            return Unavailable(
                f"{self._host} could not be reached within {self._timeout[0]:g} seconds. "
                "Try again later."
            )
        if among(urllib3.exceptions.TimeoutError, TimeoutError):
            return TooSlow(
                f"{self._host} did not answer within {self._timeout[1]:g} seconds. Try again later."
            )
        if among(ssl.SSLError) and not among(ssl.SSLEOFError):
            return Unavailable(
                f"No encrypted connection to {self._host} could be made. Check whether the "
                "e-shop's address rightly begins with https://."
            )
        if isinstance(error, ValueError):
            return Refused("The e-shop's address is not a valid web address. Correct it.")
        return self._broken_off()

    def _broken_off(self) -> Unavailable:
        return Unavailable(f"{self._host} broke off in the middle of its answer. Try again later.")


def retry_after(value: str) -> timedelta | None:
    """How long a Retry-After header asks us to wait, at most `LONGEST_WAIT`; None if it says not.

    Both forms of RFC 9110 10.2.3: seconds, and the date when to come back. Shopify writes “2.0”.
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        wait = timedelta(seconds=float(value))
    else:
        try:
            then = parsedate_to_datetime(value)
            wait = (then if then.tzinfo else then.replace(tzinfo=UTC)) - datetime.now(UTC)
        except (ValueError, OverflowError):
            return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _told(content: bytes, key: str) -> str:
    """The text under `key` of a JSON body; "" where there is none."""
    try:
        body = decode(content)
    except NotJson:
        return ""
    found = body.get(key) if isinstance(body, dict) else None
    return found if isinstance(found, str) else ""


def _in_utf8(auth: tuple[str, str]) -> tuple[str, str]:
    """User and password such that requests, which encodes them in Latin-1, sends UTF-8."""
    user, password = (part.encode().decode("latin-1") for part in auth)
    return user, password


def _trusted() -> str | bool:
    """The file of authorities whose certificates count: an administrator's own, else certifi's."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "The e-shop"
    except ValueError:
        return "The e-shop"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port, which is that of the scheme where none is written."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything it wraps; requests and urllib3 hide the reason in various places."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        hidden = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        waiting += [cause for cause in hidden if isinstance(cause, BaseException)]


class _Session(requests.Session):
    """Knows no redirects; requests would read their whole body and parse where they lead."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _QueryHidden(logging.Filter):
    """urllib3 logs full addresses, and a query may hold a key and a signature."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY.sub("?…", record.getMessage()), ()
        return True


class _Silent(logging.Filter):
    """oauthlib logs what it signs, and the signature, for debugging."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_QueryHidden())
for _name in ("oauthlib.oauth1.rfc5849", "requests_oauthlib.oauth1_auth"):
    logging.getLogger(_name).addFilter(_Silent())
