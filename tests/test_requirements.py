"""A fresh machine gets tomorrow what was tested today."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    loose = [line for line in lines if not re.fullmatch(r"-r \S+|[\w.-]+(\[[\w,-]+\])?==\S+", line)]
    assert loose == []


def test_what_installs_them_is_pinned() -> None:
    script = (ROOT / "bin" / "_venv").read_text()
    assert re.findall(r"\buv==\S+", script) and not re.search(r"pip install .*\buv(?!==)\b", script)
