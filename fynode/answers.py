"""What holds for every answer of the web server, and for what is logged of it."""

import logging
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


class Refusals(logging.Filter):
    """To refuse a request (4xx) is no error of ours: it is logged in a line without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR:
            record.exc_info = None
        return True
