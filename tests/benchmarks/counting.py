"""How long it takes to count the stale orders: `python -m tests.benchmarks.counting`.

The states of a million orders are spread over the e-shops of a PostgreSQL of its own. The e-shops'
table is never analysed: it is too small for PostgreSQL to do that by itself. Told are the
milliseconds of `count_waiting`, which each page of ours asks for, and of `count_stale`; and the
ratio of the former to reading one row by its key, which is the figure to compare between machines.
"""

import os
import statistics
import time
from collections.abc import Callable

import django
from django.apps import apps
from django.db import connection
from django.utils.module_loading import import_string

from tests.harness import environment
from tests.harness.postgres import postgres_url

ORDERS = 1_000_000
ROUNDS = 15

ESHOPS = """
    INSERT INTO eshops_eshop (name, platform, kind, base_url, credentials, is_active, timezone,
        learned, settings_version, rules, import_mode, connection_error, wait_reason)
    SELECT 'Shop ' || n, 'woocommerce', 'eshop', 'http://127.0.0.1:9', '', true, 'UTC',
        '{}', 1, '{}', 'fynode', '', ''
    FROM generate_series(1, %s) n
"""
STATES = """
    INSERT INTO orders_syncstate (order_id, eshop_id, asked_at, settings_version, outcome, message,
        problems, kept)
    SELECT n, shop.id, now(), 1, '', '', '[]', '[]'
    FROM generate_series(1, %s) n
    JOIN (SELECT id, row_number() OVER () - 1 AS place FROM eshops_eshop) shop
        ON shop.place = n %% (SELECT COUNT(*) FROM eshops_eshop)
"""
# The orders themselves are not needed.
NO_FOREIGN_KEYS = "SET session_replication_role = replica"


def main() -> None:
    print(f"{ORDERS:,} orders, medians of {ROUNDS}; files in {environment.VAR_DIR}")
    with postgres_url() as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "fynode.settings"}
        django.setup()
        name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            for eshops in (1, 50):
                measure(eshops)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def measure(eshops: int) -> None:
    sql("TRUNCATE eshops_eshop, orders_syncstate CASCADE")
    sql(NO_FOREIGN_KEYS)
    sql(ESHOPS, eshops)
    sql(STATES, ORDERS)
    for _ in range(2):  # the first may leave rows that PostgreSQL's own vacuum looks at just then
        sql("VACUUM ANALYZE orders_syncstate")
    print(f"\n{f'e-shops: {eshops}':<26}one row  count_waiting  ratio  count_stale")
    tell("none stale")
    sql("UPDATE eshops_eshop SET settings_version = 2")
    tell("all stale")
    sql(
        "UPDATE orders_syncstate SET settings_version = 2"
        " WHERE order_id > (SELECT MIN(order_id) + 49 FROM orders_syncstate)"
    )
    tell("50 stale")
    sql("ANALYZE orders_syncstate")
    tell("50 stale, analysed")


def tell(state: str) -> None:
    states = apps.get_model("orders", "SyncState")._default_manager
    key = states.earliest("pk").pk
    one = median(lambda: states.only("pk").get(pk=key))
    waiting = median(import_string("sync.counters.count_waiting"))
    stale = median(import_string("sync.catching_up.count_stale"))
    print(f"{state:<23}{one:10.2f}{waiting:15.2f}{waiting / one:7.1f}{stale:13.2f}")


def sql(statement: str, *values: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def median(function: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


if __name__ == "__main__":
    main()
