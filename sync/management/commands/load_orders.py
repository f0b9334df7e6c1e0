from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from eshops.models import Eshop
from sync import reports
from sync.imports import start_import
from sync.runs import NotStarted


class Command(BaseCommand):
    help = (
        "Load the e-shop's orders that Fynode does not have yet. A worker does it; the command "
        "waits for it and fails when the import or one of the orders did."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the e-shop's name")
        parser.add_argument(
            "--since", metavar="DATE", help="only orders placed since then, e.g. 2026-11-01"
        )
        parser.add_argument("--no-wait", action="store_true", help="return when it is queued")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        eshop = Eshop.objects.filter(name=options["name"]).first()
        if eshop is None:
            raise CommandError(f"There is no e-shop named {options['name']!r}.")
        since = _since(options["since"]) if options["since"] else None
        try:
            run = start_import(eshop, None, since, name="command line")
        except NotStarted as error:
            raise CommandError(str(error)) from None
        if not options["no_wait"]:
            reports.wait_until_finished(run, self.stderr.write)
        result = reports.as_json(run)
        if options["json"]:
            self.stdout.write(DjangoJSONEncoder().encode(result))
        else:
            self.stdout.write(f"{reports.in_words(run)}. {run.error}".strip())
        if run.error or result["outcomes"].get("failed"):
            raise CommandError("Not everything was loaded.", returncode=1)


def _since(text: str) -> datetime:
    """A date (from its first moment in Fynode's time zone) or a time, as aware UTC."""
    try:
        moment = parse_datetime(text)
        day = parse_date(text)
    except ValueError:
        moment = day = None
    if day is not None:
        moment = datetime(day.year, day.month, day.day)
    if moment is None or moment.year in (MINYEAR, MAXYEAR):
        raise CommandError(f"--since needs a date such as 2026-11-01, not {text!r}.")
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return moment.astimezone(UTC)
