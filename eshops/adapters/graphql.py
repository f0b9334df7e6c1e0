"""GraphQL over the one HTTP client: the data of an answer, or the reason why there are none."""

from collections.abc import Mapping
from typing import Any

from eshops.adapters.http import HttpClient, Response, ServerError
from eshops.source import Refused, Unavailable


class Failed(Exception):
    """The answer has errors; `errors` are those it lists, `data` what it has all the same."""

    def __init__(self, response: Response, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} GraphQL errors")
        self.response = response
        self.errors = errors
        self.data = response.body.get("data")


def ask(
    client: HttpClient, path: str, query: str, variables: Mapping[str, Any], platform: str
) -> Response:
    """The answer to a query. Its body's "data" is an object and there are no "errors".

    Raises `Failed` where there are, for each platform says in its own way what they mean, and
    `Refused` where this is no GraphQL API at all and so not that of `platform`.
    """
    response = client.post(path, {"query": query, "variables": variables})
    body = response.body
    if not isinstance(body, dict) or not body.keys() & {"data", "errors"}:
        raise Refused(
            f"This address answers, but not as a {platform} e-shop. Check the e-shop's address."
        )
    errors = body.get("errors")
    if errors:
        listed = errors if isinstance(errors, list) else [errors]
        raise Failed(response, [each for each in listed if isinstance(each, dict)])
    if not isinstance(body.get("data"), dict):
        raise Unavailable("The e-shop answered without data. Try again later.")
    return response


def code(error: Mapping[str, Any]) -> str:
    """What kind of error it is: `extensions.code`, or Saleor's `extensions.exception.code`."""
    extensions = error.get("extensions")
    if not isinstance(extensions, dict):
        return ""
    exception = extensions.get("exception")
    found = extensions.get("code")
    if found is None and isinstance(exception, dict):
        found = exception.get("code")
    return found if isinstance(found, str) else ""


def trouble(failed: Failed, host: str) -> ServerError:
    """An error of the e-shop's program, as good as a status of 500: it may be an outage, or one
    order that cannot be told (`eshops.adapters.batch` finds out)."""
    kinds = sorted({code(error) for error in failed.errors} - {""})
    which = f" ({', '.join(kinds)[:80]})" if kinds else ""
    return ServerError(f"{host} failed to answer{which}. Try again later.")
