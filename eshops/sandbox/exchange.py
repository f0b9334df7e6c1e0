"""One HTTP request and one answer to it, as plain values that every part of the shop shares."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

JSON_TYPE = "application/json; charset=UTF-8"
HTML_TYPE = "text/html; charset=UTF-8"


class Refused(Exception):
    """What was asked cannot be done; the text is one sentence for the person who asked."""


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By their names in lower case."""
    body: bytes = b""
    host: str = "127.0.0.1"
    https: bool = False

    @property
    def base_url(self) -> str:
        return f"{'https' if self.https else 'http'}://{self.host}"

    @property
    def url(self) -> str:
        return f"{self.base_url}{self.path}" + (f"?{self.query}" if self.query else "")

    @property
    def parameters(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; `Refused` when it is anything else."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refused("The body is not JSON.") from error
        if not isinstance(value, dict):
            raise Refused("The body is not a JSON object.")
        return value

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(kw_only=True)
class Response:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    orders: int | None = None
    """How many orders the answer holds, for the log; None when it is not about orders."""
    fault: str = ""
    """The switched-on fault that shaped the answer; such an answer is never compressed."""
    chunks: Iterable[bytes] | None = None
    """Sent piece by piece instead of `body`."""
    cut: bool = False
    """Close the connection in the middle of the body."""


def json_response(value: Any, status: int = 200, **headers: str) -> Response:
    """An answer in the way PHP writes JSON: ASCII only, no spaces, slashes escaped."""
    text = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    return Response(
        status=status, headers={"Content-Type": JSON_TYPE, **headers}, body=text.encode()
    )


def html_response(text: str, status: int = 200, **headers: str) -> Response:
    return Response(
        status=status, headers={"Content-Type": HTML_TYPE, **headers}, body=text.encode()
    )


def redirect(location: str) -> Response:
    return Response(status=303, headers={"Location": location})
