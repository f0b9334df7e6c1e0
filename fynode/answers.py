"""What holds for every answer of the web server."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]


def not_stored(get_response: Answer) -> Answer:
    """Middleware: what people see of customers stays on no disk, in no browser and no proxy.

    Static files are answered before it and keep their own `Cache-Control`, as do views with one.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware
