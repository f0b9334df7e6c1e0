"""Recorded exchanges to tell."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.web import Reply

RECORDED = Path(__file__).parents[2] / "recorded"


@pytest.fixture
def recorded() -> Callable[[str], Any]:
    """The recorded file of that name, decoded."""
    return lambda name: json.loads((RECORDED / f"{name}.json").read_bytes())


@pytest.fixture
def replay(recorded: Callable[[str], Any]) -> Callable[[str], Reply]:
    """The recorded exchange of that name as the server's reply, without hop-by-hop headers."""
    hops = {"host", "date", "connection", "content-length", "transfer-encoding"}

    def reply(name: str) -> Reply:
        exchange = recorded(name)
        body = exchange["body"]
        content = body.encode() if isinstance(body, str) else body
        kept = {k: v for k, v in exchange["headers"].items() if k.lower() not in hops}
        return Reply(content, exchange["status"], kept)

    return reply


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
