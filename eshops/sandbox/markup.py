"""Pieces of the shop's HTML. Every function escapes the text it is given."""

from collections.abc import Iterable, Mapping
from html import escape
from string import Template

from eshops.sandbox.exchange import Response, html_response

STYLE_PATH = "/_sandbox/style.css"
POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
LAYOUT = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title – Sandbox shop</title>
<link rel="stylesheet" href="$style">
</head>
<body>
<header>
<p class="notice"><strong>Sandbox shop:</strong> this plays the part of a WooCommerce e-shop.
Change an order here, then press <em>Synchronize with eshop</em> in Fynode.</p>
<nav aria-label="Shop">$links</nav>
</header>
<main>
<h1>$title</h1>
$error
$body
</main>
</body>
</html>
""")
PLACES = {"/": "Orders", "/faults": "Faults", "/requests": "Requests"}


def page(title: str, body: str, *, here: str = "", error: str = "", status: int = 200) -> Response:
    text = LAYOUT.substitute(
        title=escape(title),
        style=STYLE_PATH,
        links=" ".join(_place(path, name, here) for path, name in PLACES.items()),
        error=f'<p class="error" role="alert">{escape(error)}</p>' if error else "",
        body=body,
    )
    response = html_response(text, status)
    response.headers |= {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return response


def table(headings: Iterable[str], rows: Iterable[Iterable[str]], caption: str) -> str:
    """A table of cells that are HTML already; a heading ending in # is a column of figures."""
    names = list(headings)
    classes = [' class="figure"' if name.endswith("#") else "" for name in names]
    head = "".join(
        f'<th scope="col"{css}>{escape(name.rstrip("#"))}</th>'
        for name, css in zip(names, classes, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{css}>{cell}</td>" for cell, css in zip(row, classes, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def form(
    action: str,
    button: str,
    inner: str = "",
    hidden: Mapping[str, object] | None = None,
    css: str = "",
) -> str:
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(str(value))}">'
        for name, value in (hidden or {}).items()
    )
    return (
        f'<form method="post" action="{escape(action)}" class="{css}">{fields}{inner}'
        f"<button>{escape(button)}</button></form>"
    )


def field(name: str, label: str, value: object = "", *, kind: str = "text", more: str = "") -> str:
    return (
        f'<label>{escape(label)} <input type="{kind}" name="{escape(name)}" '
        f'value="{escape(str(value))}" {more}></label>'
    )


def text_area(name: str, label: str, value: str) -> str:
    # The first line break after the tag is not part of the text.
    return (
        f'<label>{escape(label)} <textarea name="{escape(name)}" rows="3">'
        f"\n{escape(value)}</textarea></label>"
    )


def select(name: str, label: str, options: Mapping[str, str], chosen: str) -> str:
    every = dict(options) if chosen in options or not chosen else {chosen: chosen, **options}
    inner = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(text)}</option>"
        for value, text in every.items()
    )
    return f'<label>{escape(label)} <select name="{escape(name)}">{inner}</select></label>'


def badge(slug: str, text: str) -> str:
    return f'<span class="badge badge-{escape(slug)}">{escape(text)}</span>'


def section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _place(path: str, name: str, here: str) -> str:
    current = ' aria-current="page"' if path == here else ""
    return f'<a href="{path}"{current}>{name}</a>'
