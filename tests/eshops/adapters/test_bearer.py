"""A token that gives out is replaced once; one that staff entered never is."""

from collections.abc import Callable

import pytest

from eshops.adapters.bearer import Bearer
from eshops.adapters.http import HttpClient, Unauthorized
from tests.harness.web import Asked, Reply, WebServer


class Door:
    """Lets in whoever has the newest token."""

    def __init__(self, server: WebServer) -> None:
        self.issued = 0
        self.valid = ""
        self.http: HttpClient
        self.server = server
        server.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        is_known = self.valid and asked.headers["Authorization"] == f"Bearer {self.valid}"
        return Reply([asked.path]) if is_known else Reply({}, 401)

    def sign_in(self) -> str:
        self.issued += 1
        self.valid = f"token-{self.issued}"
        return self.valid

    def ask(self, bearer: Bearer) -> Callable[[], object]:
        http = HttpClient(self.server.url, auth=bearer)
        return lambda: http.get("orders").body


@pytest.fixture
def door(server: WebServer) -> Door:
    return Door(server)


def test_it_signs_in_once_and_keeps_the_token(door: Door) -> None:
    bearer = Bearer(sign_in=door.sign_in)
    ask = door.ask(bearer)
    assert [bearer.signed_in(ask) for _ in range(3)] == [["/orders"]] * 3
    assert door.issued == 1


def test_a_token_that_gave_out_is_replaced(door: Door) -> None:
    bearer = Bearer(sign_in=door.sign_in)
    ask = door.ask(bearer)
    bearer.signed_in(ask)
    door.valid = "another"
    assert bearer.signed_in(ask) == ["/orders"]
    assert door.issued == 2


def test_a_new_token_that_is_refused_is_not_asked_for_again(door: Door) -> None:
    signed_in = []

    def sign_in() -> str:
        signed_in.append(1)
        return "useless"

    bearer = Bearer(sign_in=sign_in)
    for times in (1, 2):
        with pytest.raises(Unauthorized):
            bearer.signed_in(door.ask(bearer))
        assert len(signed_in) == times


def test_a_token_that_staff_entered_is_all_there_is(door: Door) -> None:
    bearer = Bearer("wrong")
    with pytest.raises(Unauthorized):
        bearer.signed_in(door.ask(bearer))
    assert len(door.server.asked) == 1


def test_it_keeps_the_token_to_itself() -> None:
    assert "ž-secret" not in repr(Bearer("ž-secret"))


def test_a_token_of_any_letters_is_sent(door: Door) -> None:
    with pytest.raises(Unauthorized):
        door.ask(Bearer("ž-secret"))()


def test_another_header(door: Door) -> None:
    door.server.answer = lambda asked: Reply([asked.headers["X-Token"]])
    assert door.ask(Bearer("t", header="X-Token", scheme=""))() == ["t"]
