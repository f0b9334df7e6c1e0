"""`bin/test`: everything a change must pass, each step with its seconds, and a summary."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.harness.chromium import find_chromium, install_chromium
from tests.harness.postgres import postgres_url

ROOT = Path(__file__).parents[2]
PYTHON = [sys.executable, "-m"]
MANAGE = [sys.executable, "manage.py"]
STATIC = {
    "ruff check": [*PYTHON, "ruff", "check", "."],
    "ruff format": [*PYTHON, "ruff", "format", "--check", "."],
    "mypy": [*PYTHON, "mypy", "."],
    "manage.py check": [*MANAGE, "check"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
}
PYTEST = [*PYTHON, "pytest"]
EVERYDAY = [*PYTEST, "-m", "not worker and not browser"]
WITHOUT_DATABASE = ["tests/eshops/adapters", "tests/eshops/sandbox"]
"""Adapters and the sandbox shop know no database: which one it is makes no difference to them."""
WITH_DATABASE = [f"--ignore={each}" for each in WITHOUT_DATABASE]
WORKER = [*PYTEST, "-m", "worker"]
BROWSER = [*PYTEST, "-m", "browser"]
SUMMARY = re.compile(r"^=+ .*\bin [\d.]+s\b.* =+$")


@dataclass
class Step:
    name: str
    passed: bool
    seconds: float
    outcome: str

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "FAILED"
        return f"{verdict:>7}  {self.name:<24} {self.seconds:6.1f} s  {self.outcome}"


class Check:
    """Runs steps one after the other, whether or not the ones before them passed."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.steps: list[Step] = []

    def run(self, name: str, argv: Sequence[str], **variables: str) -> None:
        """Run a command, showing its output as it comes; pytest's last line is its outcome."""
        print(f"\n── {name}", flush=True)
        started, outcome = time.monotonic(), ""
        with subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**self.env, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout
            for line in process.stdout:
                print(line, end="", flush=True)
                if SUMMARY.match(line):
                    outcome = line.strip()
        passed = process.returncode == 0
        self.add(name, passed, time.monotonic() - started, outcome)

    def run_together(self, commands: Mapping[str, Sequence[str]]) -> None:
        """As `run`, several at a time; the output of each comes when it is done."""
        with ThreadPoolExecutor() as pool:
            runs = [pool.submit(self._run_aside, *each) for each in commands.items()]
            for done in as_completed(runs):
                step, output = done.result()
                print(f"\n── {step.name}\n{output}", end="", flush=True)
                self.steps.append(step)
                print(step, flush=True)

    def _run_aside(self, name: str, argv: Sequence[str]) -> tuple[Step, str]:
        started = time.monotonic()
        done = subprocess.run(
            argv,
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = done.stdout.splitlines()
        outcome = next((line.strip() for line in reversed(lines) if SUMMARY.match(line)), "")
        seconds = time.monotonic() - started
        return Step(name, done.returncode == 0, seconds, outcome), done.stdout

    def add(self, name: str, passed: bool, seconds: float, outcome: str) -> None:
        step = Step(name, passed, seconds, outcome)
        self.steps.append(step)
        print(step, flush=True)


def main() -> int:
    started = time.monotonic()
    # Neither a running demo nor a developer's own settings take part.
    chosen = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FYNODE_") and name not in chosen
    }
    with tempfile.TemporaryDirectory(prefix="fynode-check-") as var_dir:
        check = Check(env | {"FYNODE_ENV_FILE": os.devnull, "FYNODE_VAR_DIR": var_dir})
        for name, argv in STATIC.items():
            check.run(name, argv)
        check.run_together(
            {
                "tests, SQLite": [*EVERYDAY, *WITH_DATABASE],
                "tests without database": [*EVERYDAY, *WITHOUT_DATABASE],
            }
        )
        with postgres_url() as url:
            check.run("tests, PostgreSQL", [*EVERYDAY, *WITH_DATABASE], DATABASE_URL=url)
            check.run("worker, SQLite", WORKER)
            # The demo has a database of its own, whatever the others run on.
            check.run("worker, PostgreSQL", [*WORKER, "--ignore=tests/demo"], DATABASE_URL=url)
        _check_in_browser(check)
    failed = [step.name for step in check.steps if not step.passed]
    print("", *check.steps, "", sep="\n")
    verdict = f"FAILED: {', '.join(failed)}" if failed else "Everything passed"
    print(f"{verdict} ({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


def _check_in_browser(check: Check) -> None:
    started = time.monotonic()
    path = find_chromium() or install_chromium()
    if path:
        check.run("browser", BROWSER, FYNODE_CHROMIUM=path)
        return
    print("\n" + "!" * 78 + "\nSKIPPED: no Chromium can be had here.\n" + "!" * 78)
    # Where everything has to be checked, what was not checked has failed.
    in_ci = os.environ.get("CI") == "true"
    check.add("browser", not in_ci, time.monotonic() - started, "SKIPPED, no Chromium")


if __name__ == "__main__":
    sys.exit(main())
