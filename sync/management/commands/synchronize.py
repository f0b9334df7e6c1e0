from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from eshops.models import Eshop
from orders.models import Order
from sync import reports
from sync.models import SyncRun
from sync.runs import LIMIT, NotStarted, start_run


class Command(BaseCommand):
    help = (
        f"Synchronize up to {LIMIT} orders with their e-shops: those with the given numbers, or "
        "all orders of one e-shop. Fails when any order failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="order numbers")
        parser.add_argument("--eshop", metavar="NAME", help="only orders of this e-shop")
        parser.add_argument("--wait", action="store_true", help="wait until all are done")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        orders = _orders(options["numbers"], options["eshop"])
        try:
            started = start_run(orders, None, SyncRun.Trigger.COMMAND, name="command line")
        except NotStarted as error:
            raise CommandError(str(error)) from None
        if started.run is None:
            runs = ", ".join(str(run) for run in started.waiting)
            raise CommandError(f"All of these orders wait in run {runs} already.")
        if options["wait"]:
            reports.wait_until_finished(started.run, self.stderr.write)
        result = reports.as_json(started.run)
        if options["json"]:
            self.stdout.write(DjangoJSONEncoder().encode(result))
        else:
            self.stdout.write(reports.in_words(started.run))
            for order in result["orders"]:
                if order["outcome"] in ("failed", "skipped", "missing"):
                    self.stdout.write(f"  {order['number']}: {order['message']}")
        if result["outcomes"].get("failed"):
            raise CommandError("Not every order was synchronized.", returncode=1)


def _orders(numbers: list[str], eshop_name: str | None) -> QuerySet[Order]:
    """The orders that are meant; refused in words when that is not clear."""
    if not numbers and not eshop_name:
        raise CommandError("Name order numbers, or an e-shop with --eshop.")
    orders = Order.objects.all()
    if eshop_name:
        if not Eshop.objects.filter(name=eshop_name).exists():
            raise CommandError(f"There is no e-shop named {eshop_name!r}.")
        orders = orders.filter(eshop__name=eshop_name)
    if not numbers:
        return orders
    if len(set(numbers)) > LIMIT:
        raise CommandError(
            f"Bulk synchronization is limited to {LIMIT} orders at once; {len(set(numbers))} "
            "were named. Nothing was started."
        )
    orders = orders.filter(number__in=numbers)
    found = Counter(orders.values_list("number", flat=True))
    unknown = [number for number in numbers if number not in found]
    if unknown:
        raise CommandError(f"There is no order {', '.join(unknown)}. Nothing was started.")
    doubled = [number for number, count in found.items() if count > 1]
    if doubled and not eshop_name:
        raise CommandError(
            f"More than one order has the number {', '.join(doubled)}: name the e-shop with "
            "--eshop. Nothing was started."
        )
    return orders
