"""Credentials of e-shops: encrypted at rest, and never shown by accident.

They are encrypted with Fernet under keys of their own (`FYNODE_CREDENTIALS_KEYS`, newest first), so
that rotating Django's SECRET_KEY does not touch them, and a new key can be put in front of the old
one at any time: whatever is saved next is encrypted with the newest.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class Credentials(Mapping[str, str]):
    """Key → secret. Read from the database they are decrypted when first looked at, which raises
    `ImproperlyConfigured` without the right key. No text form of them shows anything."""

    def __init__(self, values: Mapping[str, str] | None = None, token: str = "") -> None:
        self._values = None if token else dict(values or {})
        self._token = token

    def _read(self) -> dict[str, str]:
        if self._values is None:
            self._values = dict(json.loads(decrypt(self._token)))
        return self._values

    def __getitem__(self, key: str) -> str:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return "Credentials(…)"


if TYPE_CHECKING:
    _Base = models.TextField[Credentials, Credentials]
else:
    _Base = models.TextField


class CredentialsField(_Base):
    """A `Credentials` value, stored as one Fernet token."""

    def get_prep_value(self, value: Any) -> str:
        return encrypt(json.dumps(dict(value or {})).encode())

    def from_db_value(self, value: str, *_: Any) -> Credentials:
        return Credentials(token=value)

    def to_python(self, value: Any) -> Credentials:
        return value if isinstance(value, Credentials) else Credentials(value)


def encrypt(content: bytes) -> str:
    """A token that only the keys of `FYNODE_CREDENTIALS_KEYS` open."""
    return _fernet().encrypt(content).decode()


def decrypt(token: str) -> bytes:
    """What `encrypt` was given. Raises `ImproperlyConfigured` without the right key."""
    try:
        return _fernet().decrypt(token.encode())
    except InvalidToken:
        raise ImproperlyConfigured(
            "The credentials of an e-shop cannot be decrypted: "
            "none of FYNODE_CREDENTIALS_KEYS is the key they were stored with."
        ) from None


def _fernet() -> MultiFernet:
    if not settings.CREDENTIALS_KEYS:
        raise ImproperlyConfigured(
            "FYNODE_CREDENTIALS_KEYS is not set; without a key no e-shop's credentials "
            "are stored or read. README tells how to make one."
        )
    try:
        return MultiFernet([Fernet(key) for key in settings.CREDENTIALS_KEYS])
    except ValueError:
        raise ImproperlyConfigured(
            "FYNODE_CREDENTIALS_KEYS holds something that is not a Fernet key."
        ) from None
