import argparse
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fynode.demo import environment, stack
from fynode.demo.environment import Taken
from fynode.demo.processes import ChildDied, Supervisor
from fynode.demo.stack import NotReady


class Stopped(Exception):
    """Somebody asked the demo to stop."""


class Command(BaseCommand):
    help = (
        "Run a complete Fynode on this machine: web server, worker, scheduler, Valkey, and a "
        "sandbox shop with orders. Ctrl-C stops it; its data stay for the next start. "
        "With --verbosity 2 everything the processes log is shown, otherwise their errors."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=_port, default=8000, help="of the web server (8000)")

    def handle(self, *, port: int, verbosity: int, **options: Any) -> None:
        try:
            self._supervise(port, verbose=verbosity > 1)
        except (Taken, ChildDied, NotReady, TimeoutError) as error:
            raise CommandError(str(error)) from error

    def _supervise(self, port: int, *, verbose: bool) -> None:
        """Keep a demo running until somebody asks it to stop."""
        log_dir = settings.VAR_DIR / "log"
        log_dir.mkdir(parents=True, exist_ok=True)
        with environment.locked(settings.VAR_DIR / "demo.lock") as lock:
            if not environment.is_free(port):
                raise Taken(f"Port {port} cannot be had; choose another one with --port.")
            variables = environment.completed(environment.read(settings.ENV_FILE))
            environment.write(settings.ENV_FILE, variables)
            supervisor = Supervisor(
                log_dir,
                {**os.environ, **variables, "PYTHONUNBUFFERED": "1"},
                foundation=stack.FOUNDATION,
                keep=(lock,),
                verbose=verbose,
            )
            with _stopping(supervisor):
                self._say(f"Starting; logs are in {log_dir}")
                stack.start(supervisor, variables, port)
                self._say(
                    f"READY http://127.0.0.1:{port}  user demo  "
                    f"password {variables['FYNODE_DEMO_PASSWORD']}"
                )
                shop = f"http://127.0.0.1:{variables['FYNODE_DEMO_SANDBOX_PORT']}"
                self._say(f"The sandbox shop is at {shop}. Ctrl-C stops everything.")
                supervisor.watch()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@contextmanager
def _stopping(supervisor: Supervisor) -> Iterator[None]:
    """Stop all children at the end, which also comes when somebody asks for it."""
    asking = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
        asking.append(signal.SIGHUP)
    for number in asking:
        signal.signal(number, _stop)
    try:
        yield
    except Stopped:
        pass
    finally:
        for number in asking:
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 2**16:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port
