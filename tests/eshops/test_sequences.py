import pytest
from django.core.exceptions import ValidationError

from eshops.models import Eshop, Sequence
from eshops.sequences import store_sequences
from eshops.source import SequenceEntry
from tests import factories

pytestmark = pytest.mark.django_db


def entry(code: str, name: str, kind: str = "status", type: str = "") -> SequenceEntry:
    return SequenceEntry(kind=kind, code=code, name=name, type=type)


def names(eshop: Eshop) -> dict[str, str]:
    return dict(eshop.sequences.values_list("code", "name"))


@pytest.fixture
def eshop() -> Eshop:
    eshop = factories.eshop()
    store_sequences(eshop, [entry("new", "New", type="new"), entry("done", "Done")])
    return eshop


def test_the_first_load_adds_everything() -> None:
    eshop = factories.eshop()
    changes = store_sequences(
        eshop, [entry("new", "New", type="new"), entry("cod", "COD", "payment")]
    )
    assert changes == {"added": [["status", "new", "New", ""], ["payment", "cod", "COD", ""]]}
    assert eshop.settings_version == 1
    assert eshop.data_loaded_at is not None
    assert eshop.sequences.get(code="new").color == "#8a6d1a"
    assert eshop.sequences.get(code="cod").color == ""


def test_the_same_again_changes_nothing(eshop: Eshop) -> None:
    assert store_sequences(eshop, [entry("new", "New"), entry("done", "Done")]) == {}
    assert eshop.settings_version == 1


def test_a_name_that_staff_left_follows_the_eshop(eshop: Eshop) -> None:
    changes = store_sequences(eshop, [entry("new", "Nová"), entry("done", "Done")])
    assert changes == {"renamed": [["status", "new", "Nová", "New"]]}
    assert names(eshop) == {"new": "Nová", "done": "Done"}
    assert eshop.settings_version == 2


def test_what_staff_edited_stays_theirs_and_both_are_known(eshop: Eshop) -> None:
    eshop.sequences.filter(code="new").update(name="Čerstvá", color="#112233", type="packed")
    changes = store_sequences(eshop, [entry("new", "Nová", type="new"), entry("done", "Done")])
    row = eshop.sequences.get(code="new")
    assert changes == {"renamed": [["status", "new", "Nová", "New"]]}
    assert (row.name, row.source_name, row.color, row.type, row.is_edited) == (
        "Čerstvá",
        "Nová",
        "#112233",
        "packed",
        True,
    )
    assert eshop.settings_version == 1, "orders would be resolved as before"


def test_what_is_gone_becomes_inactive_and_returns(eshop: Eshop) -> None:
    assert store_sequences(eshop, [entry("new", "New")]) == {
        "gone": [["status", "done", "Done", ""]]
    }
    assert names(eshop) == {"new": "New", "done": "Done"}
    assert not eshop.sequences.get(code="done").is_active
    assert store_sequences(eshop, [entry("new", "New"), entry("done", "Done")]) == {
        "returned": [["status", "done", "Done", ""]]
    }
    assert eshop.sequences.get(code="done").is_active


def test_an_entry_of_our_own_is_no_business_of_the_eshop(eshop: Eshop) -> None:
    eshop.sequences.create(kind="status", code="ours", name="Ours", in_eshop=False)
    assert store_sequences(eshop, [entry("new", "New"), entry("done", "Done")]) == {}
    assert eshop.sequences.get(code="ours").is_active


@pytest.mark.parametrize("color", ["red", "#12", "#12345g", "123456", "#1234567"])
def test_a_colour_that_is_none_is_refused(eshop: Eshop, color: str) -> None:
    row = Sequence(eshop=eshop, kind="status", code="x", name="X", color=color)
    with pytest.raises(ValidationError) as error:
        row.full_clean()
    assert "color" in error.value.message_dict


def test_a_code_twice_is_refused_in_words(eshop: Eshop) -> None:
    row = Sequence(eshop=eshop, kind="status", code="new", name="Another")
    with pytest.raises(ValidationError, match="has an entry with this code already"):
        row.full_clean()
