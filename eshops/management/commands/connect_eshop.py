from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from eshops.adapters import ADAPTERS
from eshops.connection import NotConnected, connect
from eshops.source import SourceError


class Command(BaseCommand):
    help = "Connect an e-shop, or change the connection of the one that has this name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what staff call the e-shop")
        parser.add_argument("--platform", required=True, choices=sorted(ADAPTERS))
        parser.add_argument(
            "--url", default="", help="the e-shop's address; not needed where all share one"
        )
        parser.add_argument(
            "--credential", action="append", default=[], metavar="KEY=VALUE", help="repeatable"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        credentials = dict(_key_and_value(text) for text in options["credential"])
        try:
            eshop = connect(options["name"], options["platform"], options["url"], credentials)
        except (NotConnected, SourceError) as error:
            raise CommandError(f"Not connected: {error}") from None
        result = {
            "id": eshop.pk,
            "name": eshop.name,
            "platform": eshop.platform,
            "url": eshop.base_url,
            "timezone": eshop.timezone,
            "sequences": eshop.sequences.count(),
        }
        if options["json"]:
            self.stdout.write(DjangoJSONEncoder().encode(result))
        else:
            self.stdout.write(
                f"Connected {eshop.name} (id {eshop.pk}); {result['sequences']} statuses, "
                "delivery types and payment methods were read."
            )


def _key_and_value(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        # The text may be a secret that somebody mistyped: it is not repeated.
        raise CommandError("--credential needs the form KEY=VALUE.")
    return key.strip(), value
