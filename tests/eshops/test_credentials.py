import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django.fixtures import Settings

from eshops.credentials import Credentials
from eshops.models import Eshop
from tests import factories

SECRET = "cs_5tajemstvi"


def stored(eshop: Eshop) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM eshops_eshop WHERE id = %s", [eshop.pk])
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_they_are_encrypted_at_rest_and_read_back() -> None:
    eshop = factories.eshop(credentials={"consumer_secret": SECRET})
    assert SECRET not in stored(eshop)
    assert Eshop.objects.get(pk=eshop.pk).credentials == {"consumer_secret": SECRET}


@pytest.mark.django_db
def test_a_new_key_in_front_reads_what_an_older_one_wrote(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [old]
    eshop = factories.eshop(credentials={"consumer_secret": SECRET})
    settings.CREDENTIALS_KEYS = [new, old]
    eshop = Eshop.objects.get(pk=eshop.pk)
    eshop.save()
    settings.CREDENTIALS_KEYS = [new]
    assert Eshop.objects.get(pk=eshop.pk).credentials == {"consumer_secret": SECRET}


@pytest.mark.django_db
def test_without_the_key_it_says_so_and_shows_nothing(settings: Settings) -> None:
    eshop = factories.eshop(credentials={"consumer_secret": SECRET})
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    locked = Eshop.objects.get(pk=eshop.pk)
    with pytest.raises(ImproperlyConfigured) as error:
        dict(locked.credentials)
    assert SECRET not in str(error.value)
    settings.CREDENTIALS_KEYS = []
    with pytest.raises(ImproperlyConfigured, match="FYNODE_CREDENTIALS_KEYS is not set"):
        factories.eshop(name="Another")
    settings.CREDENTIALS_KEYS = ["not a key"]
    with pytest.raises(ImproperlyConfigured, match="not a Fernet key"):
        factories.eshop(name="Another")


def test_no_text_form_shows_a_value() -> None:
    credentials = Credentials({"consumer_key": "ck_1", "consumer_secret": SECRET})
    for text in (repr(credentials), str(credentials), f"{credentials}"):
        assert text == "Credentials(…)"
