"""How many orders wait for somebody: counted on every page, so in one query."""

from dataclasses import dataclass

from django.db import connection

from eshops.models import Eshop
from orders.models import SyncState
from sync.catching_up import COUNTED

FAILED_COUNTED = 999


@dataclass(frozen=True)
class Counters:
    failed: int
    """Orders whose last synchronization failed, counted to `FAILED_COUNTED` + 1 at most."""
    stale: dict[int, int]
    """E-shop → how many of its orders were resolved with older settings, to `COUNTED` + 1."""

    @property
    def all_stale(self) -> int:
        return sum(self.stale.values())


def count_waiting() -> Counters:
    """One query, however many e-shops there are; it reads `SyncState`'s indexes only.

    The order it asks for is the index's own: else PostgreSQL, which knows nothing of the versions
    in the small table of e-shops, may read all states of every e-shop instead.
    """
    state, eshop = (connection.ops.quote_name(model._meta.db_table) for model in (SyncState, Eshop))
    sql = f"""
        SELECT 0, (
            SELECT COUNT(*) FROM (SELECT 1 FROM {state} WHERE outcome = %s LIMIT %s) AS failed
        )
        UNION ALL
        SELECT e.id, (
            SELECT COUNT(*) FROM (
                SELECT 1 FROM {state} AS s
                WHERE s.eshop_id = e.id AND s.settings_version < e.settings_version
                ORDER BY s.settings_version LIMIT %s
            ) AS stale
        ) FROM {eshop} AS e
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [SyncState.Outcome.FAILED.value, FAILED_COUNTED + 1, COUNTED + 1])
        counts: dict[int, int] = dict(cursor.fetchall())
    return Counters(counts.pop(0), counts)
