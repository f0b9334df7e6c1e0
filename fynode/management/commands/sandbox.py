from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from eshops.sandbox.server import serve
from fynode.demo.data import SHOP_CREDENTIALS


class Command(BaseCommand):
    help = "Run the sandbox shop, which speaks WooCommerce's REST API, until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8801)
        parser.add_argument(
            "--state",
            type=Path,
            default=settings.VAR_DIR / "sandbox.json",
            help="the file that keeps the shop between runs",
        )

    def handle(self, *, port: int, state: Path, **options: Any) -> None:
        key, secret = SHOP_CREDENTIALS.values()
        serve(port, state, key, secret)
