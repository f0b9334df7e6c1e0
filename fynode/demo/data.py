"""What a demo has in its database: its users, the sandbox shop and that shop's orders."""

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connections

from eshops.models import Eshop
from orders.models import Order
from sync.models import SyncRun

ESHOP = "Sandbox shop"
SHOP_CREDENTIALS = {"consumer_key": "ck_sandbox", "consumer_secret": "cs_sandbox"}
"""No secret: the shop answers on this machine only."""
OLGA_MAY = ("view_order", "synchronize")


def prepare(password: str) -> None:
    """The tables, the static files, and users who sign in with the password.

    `demo` may do everything; `olga` is staff who sees orders and synchronizes them, not in bulk.
    """
    call_command("migrate", interactive=False, verbosity=0)
    _collect_static()
    _user("demo", password, is_staff=True, is_superuser=True)
    olga = _user("olga", password, is_staff=True)
    olga.user_permissions.set(Permission.objects.filter(codename__in=OLGA_MAY))
    connections.close_all()


def is_connected(address: str) -> bool:
    return Eshop.objects.filter(name=ESHOP, base_url=address).exists()


def has_orders() -> bool:
    """Whether orders are there, or will be because a worker goes on with their import."""
    unfinished = SyncRun.objects.filter(trigger=SyncRun.Trigger.IMPORT, finished_at=None)
    return Order.objects.exists() or unfinished.exists()


def _collect_static() -> None:
    """Collect and compress the static files, which takes seconds, when one of them has changed."""
    found = [
        f"{storage.path(name)} {storage.get_modified_time(name).timestamp()}\n"
        for finder in get_finders()
        for name, storage in finder.list([])
    ]
    collected, now = settings.VAR_DIR / "static.collected", "".join(sorted(found))
    if not collected.exists() or collected.read_text() != now:
        call_command("collectstatic", interactive=False, verbosity=0)
        collected.write_text(now)


def _user(username: str, password: str, **rights: bool) -> User:
    user, _ = User.objects.get_or_create(username=username, defaults=rights)
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    return user
