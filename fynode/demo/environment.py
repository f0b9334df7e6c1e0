"""What a demo keeps between two starts, in a file that `fynode.settings` reads too.

So `manage.py` in a second terminal works on the demo's database and talks to its Valkey.
"""

import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet


class Taken(Exception):
    """Something that a demo needs for itself is in use. `str(error)` is a sentence."""


def read(path: Path) -> dict[str, str]:
    """The variables in the file; none when there is no file yet."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {key: value for key, separator, value in pairs if separator}


def write(path: Path, variables: dict[str, str]) -> None:
    """Replace the file in one step. Nobody else on this machine can read it."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{key}={value}\n" for key, value in variables.items())
    new.replace(path)


def completed(variables: dict[str, str]) -> dict[str, str]:
    """`variables` with all a demo needs: what is there stays, Valkey's address is always new."""
    return {
        "FYNODE_SECRET_KEY": secrets.token_urlsafe(50),
        "FYNODE_CREDENTIALS_KEYS": Fernet.generate_key().decode(),
        "FYNODE_DEMO_PASSWORD": secrets.token_urlsafe(9),
        **variables,
        "FYNODE_DEMO_SANDBOX_PORT": str(free_port(variables.get("FYNODE_DEMO_SANDBOX_PORT"))),
        "FYNODE_REDIS_URL": f"redis://:{secrets.token_urlsafe(24)}@127.0.0.1:{free_port()}/0",
    }


def free_port(preferred: str | None = None) -> int:
    """A port of this machine that nobody listens on: `preferred` if possible."""
    if preferred and is_free(int(preferred)):
        return int(preferred)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        # As servers do: connections of the last run that are still closing do not matter.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """The file's descriptor, locked. Whoever inherits it holds the lock too. Raises `Taken`."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Taken(f"A demo already runs on {path.parent}, or is about to end.") from None
        yield file.fileno()
