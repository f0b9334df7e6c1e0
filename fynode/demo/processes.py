"""Child processes that are watched together, started again when they end, and end together.

Every child is in a session of its own, so Ctrl-C in a terminal reaches the supervisor alone, which
then stops the children in order. Should the supervisor be killed, Linux tells its children.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NoReturn

_ROOT = Path(__file__).parents[2]
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_ENTRY = re.compile(r"[\[\d]")
_ERROR = re.compile(r"\b(ERROR|CRITICAL)\b|^Traceback ")
LAST_LINES = 15
EARLY = 10.0
"""An end within so many seconds of the start is one that starting again may not help."""
TRIES = 3
STOP_FRONT, STOP_FOUNDATION = 2.0, 0.8
"""Seconds to end well. The rest of the 5 that a stop may take is for a machine with much to do."""


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path,
    stdin: bytes = b"",
    keep: Sequence[int] = (),
    orphaned: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process that appends its output to `log` and leads a session of its own.

    It inherits the descriptors in `keep`, and gets the signal `orphaned` when we die (Linux).
    Call it from the thread that lives as long as we do: Linux watches the thread.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        if _LIBC:
            _LIBC.prctl(_PR_SET_PDEATHSIG, orphaned)
            if os.getppid() != parent:
                os._exit(1)

    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            cwd=_ROOT,
            env=env,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep,
            preexec_fn=die_with_parent,
        )
    if process.stdin:
        with process.stdin as pipe:
            pipe.write(stdin)
    return process


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the process and all it started, whether or not it lives itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class ChildDied(Exception):
    def __init__(self, name: str, returncode: int, log: Path) -> None:
        last = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        super().__init__(
            "\n".join([f"{name} ended with exit code {returncode}; the end of {log}:", *last])
        )


class Child:
    """A process and its log, of which `show` prints what is new under the process's name."""

    def __init__(
        self, name: str, log: Path, spawn: Callable[[], subprocess.Popen[bytes]], *, lasts: bool
    ) -> None:
        self.name, self.log = name, log
        self.lasts = lasts
        self._spawn = spawn
        self._early_ends = 0
        self._seen = log.stat().st_size if log.exists() else 0
        self._shown = False
        self.start()

    def start(self) -> None:
        self.process = self._spawn()
        self._started = time.monotonic()

    def may_start_again(self) -> bool:
        """Ask once for each end: not when it has ended right after its start again and again."""
        is_early = time.monotonic() - self._started < EARLY
        self._early_ends = self._early_ends + 1 if is_early else 0
        return self.lasts and self._early_ends < TRIES

    def show(self, everything: bool) -> None:
        with self.log.open("rb") as file:
            file.seek(self._seen)
            new = file.read()
        lines, newline, _ = new.rpartition(b"\n")
        self._seen += len(lines) + len(newline)
        for line in lines.decode(errors="replace").splitlines():
            # The lines of a traceback belong to the entry they follow.
            if _ERROR.search(line) or _ENTRY.match(line):
                self._shown = bool(_ERROR.search(line))
            if everything or self._shown:
                sys.stderr.write(f"{self.name:>8} | {line}\n")


class Supervisor:
    """Starts children, starts them again when they end, and stops them all.

    `foundation` names those the others need to end well, so they are stopped after them.
    """

    def __init__(
        self,
        log_dir: Path,
        env: Mapping[str, str],
        *,
        foundation: Sequence[str] = (),
        keep: Sequence[int] = (),
        verbose: bool = False,
    ) -> None:
        self._log_dir, self._env, self._keep, self._verbose = log_dir, env, keep, verbose
        self._foundation = foundation
        self._children: list[Child] = []

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        stdin: bytes = b"",
        orphaned: signal.Signals = signal.SIGTERM,
        lasts: bool = True,
    ) -> Child:
        """Start a child, which is started again when it ends if it `lasts`, and must not fail
        otherwise."""
        log = self.log_of(name)
        spawn_it = partial(
            spawn, argv, env=self._env, log=log, stdin=stdin, keep=self._keep, orphaned=orphaned
        )
        child = Child(name, log, spawn_it, lasts=lasts)
        self._children.append(child)
        return child

    def log_of(self, name: str) -> Path:
        return self._log_dir / f"{name}.log"

    def run(self, name: str, argv: Sequence[str | Path]) -> None:
        """Run a process to its end, watching the others. Raises `ChildDied` unless it succeeds."""
        child = self.start(name, argv, lasts=False)
        while child.process.poll() is None:
            self.check()
            time.sleep(0.05)
        self.check()
        self._children.remove(child)

    def wait_until(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Raises `TimeoutError` when that takes longer, and `ChildDied` as `check` does."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not answer within {seconds:.0f} s.")
            time.sleep(0.05)

    def watch(self) -> NoReturn:
        while True:
            self.check()
            time.sleep(0.2)

    def check(self) -> None:
        """Show what the logs have that is new, and start again what has ended.

        Raises `ChildDied` for a child that failed and does not last, or that ends again and again.
        """
        for child in self._children:
            returncode = child.process.poll()
            if returncode or (child.lasts and returncode is not None):
                self._replace(child, returncode)
            child.show(self._verbose)

    def _replace(self, child: Child, returncode: int) -> None:
        kill_group(child.process)
        if not child.may_start_again():
            self._children.remove(child)
            raise ChildDied(child.name, returncode, child.log)
        child.show(self._verbose)
        sys.stderr.write(f"{child.name} ended with exit code {returncode} and is started again.\n")
        child.start()

    def stop(self) -> None:
        """End all children within 3 seconds. Call it with the signals that ask for it ignored."""
        latest_first = self._children[::-1]
        foundation = [child for child in latest_first if child.name in self._foundation]
        _end([child for child in latest_first if child not in foundation], STOP_FRONT)
        _end(foundation, STOP_FOUNDATION)
        for child in latest_first:
            child.show(self._verbose)
        self._children.clear()


def _end(children: Sequence[Child], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for child in children:
        child.process.terminate()
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
    for child in children:
        kill_group(child.process)
