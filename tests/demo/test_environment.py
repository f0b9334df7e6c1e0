import socket
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from fynode.demo.environment import Taken, completed, free_port, is_free, locked, read, write


def test_a_first_start_has_all_it_needs() -> None:
    variables = completed({})
    assert Fernet(variables["FYNODE_CREDENTIALS_KEYS"])
    assert len(variables["FYNODE_SECRET_KEY"]) > 50
    assert len(variables["FYNODE_DEMO_PASSWORD"]) == 12
    assert variables["FYNODE_REDIS_URL"].startswith("redis://:")


def test_a_second_start_keeps_all_but_the_address_of_valkey() -> None:
    first = {**completed({}), "FYNODE_LOG_LEVEL": "DEBUG"}
    second = completed(first)
    assert first.pop("FYNODE_REDIS_URL") != second.pop("FYNODE_REDIS_URL")
    assert first == second


def test_the_file_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "env"
    write(path, {"OLD": "1"})
    write(path, {"KEY": "a=b==", "OTHER": ""})
    assert read(path) == {"KEY": "a=b==", "OTHER": ""}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_taken_port_is_replaced() -> None:
    port = free_port()
    assert free_port(str(port)) == port
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert not is_free(port)
        assert free_port(str(port)) != port


def test_one_demo_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "demo.lock"
    with locked(path), pytest.raises(Taken, match="already runs"), locked(path):
        pass
    with locked(path):
        pass
