"""The processes of a demo, and when each of them is ready."""

import http.client
import socket
import sys
from collections.abc import Mapping
from signal import SIGKILL

from celery import Celery
from django.conf import settings

from fynode.demo import data, valkey
from fynode.demo.processes import Supervisor

FOUNDATION = ("valkey", "sandbox")
"""What the web server, the worker and the scheduler need to end well."""


WORKER = (
    *("worker", "--pool", "threads", "--concurrency", "16", "--loglevel", "INFO"),
    *("--without-gossip", "--without-mingle", "--queues", "click,bulk,import"),
)
WEB = (
    *("-m", "gunicorn", "fynode.wsgi", "--worker-class", "gthread", "--workers", "1"),
    *("--threads", "8", "--no-control-socket", "--graceful-timeout", "1"),
    *("--access-logfile", "-"),
)


class NotReady(Exception):
    """All processes run, but nobody could work with them; the message says why."""


def start(supervisor: Supervisor, variables: Mapping[str, str], port: int) -> None:
    """Start everything in order, and return when somebody can sign in and work.

    Raises what `Supervisor` raises, and `NotReady`.
    """
    redis_url = variables["FYNODE_REDIS_URL"]
    shop_port = int(variables["FYNODE_DEMO_SANDBOX_PORT"])
    celery = [sys.executable, "-m", "celery", "--app", "fynode"]
    queue_dir = settings.VAR_DIR / "valkey"
    queue_dir.mkdir(exist_ok=True)

    supervisor.start("valkey", valkey.command(), stdin=valkey.configuration(redis_url, queue_dir))
    supervisor.start("sandbox", _sandbox(shop_port))
    data.prepare(variables["FYNODE_DEMO_PASSWORD"])
    supervisor.wait_until(lambda: valkey.answers(redis_url), 10, "Valkey")
    # A worker without a supervisor must not finish its work warmly, for Valkey ends as well.
    supervisor.start("worker", [*celery, *WORKER], orphaned=SIGKILL)
    supervisor.start("beat", [*celery, "beat", "--loglevel", "INFO"])
    supervisor.start("web", [sys.executable, *WEB, "--bind", f"127.0.0.1:{port}"])
    supervisor.wait_until(lambda: listens(shop_port), 30, "The sandbox shop")
    _fill(supervisor, f"http://127.0.0.1:{shop_port}")
    supervisor.wait_until(lambda: status(port, "/healthz") == 200, 30, "The web server")
    supervisor.wait_until(lambda: worker_answers(redis_url), 30, "The worker")
    if (answer := status(port, "/sign-in/")) != 200:
        raise NotReady(f"The sign-in page answers {answer}; {supervisor.log_of('web')} tells why.")


def _fill(supervisor: Supervisor, address: str) -> None:
    """Connect the shop and load its orders, unless that is done. The commands read the demo's
    keys, which our own settings do not know at the first start."""
    manage = [sys.executable, "manage.py"]
    if not data.is_connected(address):
        options = ["--platform", "woocommerce", "--url", address]
        for name, value in data.SHOP_CREDENTIALS.items():
            options += ["--credential", f"{name}={value}"]
        supervisor.run("connect", [*manage, "connect_eshop", data.ESHOP, *options])
    if not data.has_orders():
        supervisor.run("import", [*manage, "load_orders", data.ESHOP])


def _sandbox(port: int) -> list[str]:
    argv = [sys.executable, "-m", "eshops.sandbox", "--port", str(port)]
    argv += ["--state", str(settings.VAR_DIR / "sandbox.json")]
    for name, value in data.SHOP_CREDENTIALS.items():
        argv += [f"--{name.replace('_', '-')}", value]
    return argv


def status(port: int, path: str) -> int | None:
    """The status that a GET on this machine is answered with; None when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def worker_answers(redis_url: str) -> bool:
    with Celery(broker=redis_url, set_as_current=False) as app:
        return bool(app.control.ping(timeout=1, limit=1))
