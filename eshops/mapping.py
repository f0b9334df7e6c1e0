"""Metadata mapping: which value of an order's metadata goes into which of its fields. Pure.

A source key is the key of a metadatum, or leads into its value: `packetery_point.id`,
`stops[0].name`. Metadata are looked for on the order, on its lines or on its shipping lines.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from eshops.source import ItemKind, Metadatum, SourceOrder

DATE_TARGET = "delivery_date"
CUSTOM = "custom"

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,4})\]")
_PATH = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[\d{1,4}\])*")
_DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d. %m. %Y", "%d/%m/%Y", "%Y%m%d", "%d-%m-%Y")


class MappingRule(msgspec.Struct, frozen=True):
    source_key: str
    target: str
    label: str = ""
    scope: str = "order"
    """Whose metadata: order, line or shipping."""
    transforms: tuple[str, ...] = ()


class Problem(msgspec.Struct, frozen=True):
    """A value that does not fit its field; the field keeps what the e-shop has for it."""

    field: str
    source_key: str
    value: str
    reason: str


class Mapped(msgspec.Struct, frozen=True):
    fields: dict[str, Any]
    """Column of the order → its value; a date for `delivery_date`, else text."""
    custom: dict[str, str]
    """Label of a field of our own → its value."""
    problems: tuple[Problem, ...]


class DoesNotFit(Exception):
    """Why a value cannot go into a field, in words."""


def map_metadata(
    source: SourceOrder, rules: Sequence[MappingRule], timezone: str = "UTC"
) -> Mapped:
    """The values of the order's metadata that the rules name.

    Of several rules for one target the first that finds a value which fits counts. A moment is on
    the day that it is in the e-shop's `timezone`.
    """
    fields: dict[str, Any] = {}
    custom: dict[str, str] = {}
    problems: list[Problem] = []
    for rule in rules:
        found = custom if rule.target == CUSTOM else fields
        name = rule.label if rule.target == CUSTOM else rule.target
        if name in found:
            continue
        fitted, problem = find(source, rule, timezone)
        if fitted:
            found[name] = fitted
        if problem:
            problems.append(problem)
    return Mapped(fields, custom, tuple(problems))


def rivals(
    source: SourceOrder, rules: Sequence[MappingRule], timezone: str = "UTC"
) -> list[tuple[str, str, str]]:
    """(field, key that counts, key that has another value for it) where mappings for one field
    find different values on this order."""
    winners: dict[tuple[str, str], tuple[str, Any]] = {}
    found = []
    for rule in rules:
        value, _ = find(source, rule, timezone)
        if not value:
            continue
        key, held = winners.setdefault((rule.target, rule.label), (rule.source_key, value))
        if held != value:
            found.append((rule.label or rule.target, key, rule.source_key))
    return found


def find(source: SourceOrder, rule: MappingRule, timezone: str) -> tuple[Any, Problem | None]:
    """The first value under the rule's key that fits its field, "" when none does; then with the
    first that is there and does not fit."""
    problem = None
    for metadata in _places(source, rule.scope):
        for value in lookup(metadata, rule.source_key):
            try:
                fitted = fit(value, rule.target, rule.transforms, timezone)
            except DoesNotFit as reason:
                name = rule.label or rule.target
                problem = problem or Problem(name, rule.source_key, shown(value), str(reason))
            else:
                if fitted:
                    return fitted, None
    return "", problem


def lookup(metadata: Sequence[Metadatum], source_key: str) -> Iterator[Any]:
    """The values under that key: of metadata with exactly that key, else inside others."""
    exact = [datum.value for datum in metadata if datum.key == source_key]
    if exact:
        yield from exact
        return
    for datum in sorted(metadata, key=lambda each: -len(each.key)):
        rest = source_key.removeprefix(datum.key)
        if datum.key and rest != source_key and rest[0] in ".[":
            yield _inside(datum.value, rest)


def has_key(source: SourceOrder, rule: MappingRule) -> bool:
    """Whether the rule's key leads to anything in the order, be it empty."""
    return any(
        any(datum.key == rule.source_key for datum in metadata)
        or any(value is not None for value in lookup(metadata, rule.source_key))
        for metadata in _places(source, rule.scope)
    )


def is_path(source_key: str) -> bool:
    """Whether a source key can lead anywhere: `a.b[0]` can, `a..b` and `a[x` cannot."""
    return bool(_PATH.fullmatch(source_key))


def fit(value: Any, target: str, transforms: Sequence[str], timezone: str = "UTC") -> Any:
    """The value as the target takes it, "" when there is nothing. Raises `DoesNotFit`."""
    value = _decoded(value)
    if "first" in transforms and isinstance(value, list):
        value = _decoded(value[0]) if value else ""
    if value in ({}, []):
        return ""
    if isinstance(value, dict | list):
        raise DoesNotFit("it holds several values; name the one inside it")
    text = _as_text(value)
    for name in ("trim", "digits", "upper"):
        if name in transforms:
            text = _TRANSFORMS[name](text)
    if not text.strip():
        return ""
    if target == DATE_TARGET:
        return _as_date(text, timezone)
    if "date" in transforms:
        text = _as_date(text, timezone).isoformat()
    if target in _CHECKS:
        _CHECKS[target](text)
    return text


def shown(value: Any) -> str:
    """A value in short, for people."""
    text = _as_text(value) if not isinstance(value, dict | list) else _as_json(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


def _places(source: SourceOrder, scope: str) -> Iterator[Sequence[Metadatum]]:
    if scope == "order":
        yield source.metadata
        return
    kind = ItemKind.SHIPPING if scope == "shipping" else ItemKind.PRODUCT
    yield from (item.metadata for item in source.items if item.kind is kind)


def _inside(value: Any, path: str) -> Any:
    """What the path leads to in the value, None when it leads nowhere."""
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return None
        position = step.end()
        value = _step(_decoded(value), step)
    return value


def _step(value: Any, step: re.Match[str]) -> Any:
    key, index = step.groups()
    if key is not None and isinstance(value, dict):
        return value.get(key)
    if index is not None and isinstance(value, list) and int(index) < len(value):
        return value[int(index)]
    if index is not None and isinstance(value, dict):
        return value.get(index)
    return None


def _decoded(value: Any) -> Any:
    """Plugins like to store JSON as text."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except (ValueError, RecursionError):
            return value
    return value


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return _as_json(value)


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _as_date(text: str, timezone: str) -> date:
    """A day as people write it, a time in ISO 8601, or the seconds or milliseconds of Unix."""
    text = text.strip()
    for pattern in _DATE_FORMATS:
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(ZoneInfo(timezone)) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        pass
    if re.fullmatch(r"1\d{9}(\d{3})?", text):
        return datetime.fromtimestamp(int(text[:10]), ZoneInfo(timezone)).date()
    raise DoesNotFit("it is not a date")


def _check_address(text: str) -> None:
    if not re.match(r"https?://\S+$", text, re.IGNORECASE):
        raise DoesNotFit("it is not a web address")


def _check_variable_symbol(text: str) -> None:
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise DoesNotFit("a variable symbol has up to ten digits and nothing else")


_TRANSFORMS: dict[str, Callable[[str], str]] = {
    "trim": lambda text: " ".join(text.split()),
    "digits": lambda text: "".join(char for char in text if char in "0123456789"),
    "upper": str.upper,
}
_CHECKS: dict[str, Callable[[str], None]] = {
    "tracking_url": _check_address,
    "variable_symbol": _check_variable_symbol,
}


def source_keys(source: SourceOrder) -> list[tuple[str, str, str]]:
    """(scope, source key, value in short) of everything that could be mapped, each key once."""
    found: dict[tuple[str, str], str] = {}
    for scope in ("order", "line", "shipping"):
        for metadata in _places(source, scope):
            for datum in metadata:
                for path, value in _leaves(datum.key, _decoded(datum.value), depth=4):
                    found.setdefault((scope, path), shown(value))
    return [(scope, path, value) for (scope, path), value in found.items()]


def _leaves(path: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The value itself and, of nested ones, what is inside them."""
    yield path, value
    if depth and isinstance(value, dict):
        for key, inner in list(value.items())[:50]:
            if not set(key) & set(".[]"):
                yield from _leaves(f"{path}.{key}", inner, depth - 1)
    elif depth and isinstance(value, list):
        for number, inner in enumerate(value[:10]):
            yield from _leaves(f"{path}[{number}]", inner, depth - 1)
