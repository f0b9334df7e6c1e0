"""What e-shops last said about orders, kept compressed and encrypted, one for each order.

With it changed settings are applied to an order without asking its e-shop, with the same result
as a synchronization of an order that did not change there.
"""

import hashlib
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from eshops.credentials import decrypt, encrypt
from eshops.models import Eshop
from eshops.source import Answer, BadPayload, SourceOrder
from orders import bulk
from orders.models import Order, Payload

NOT_KEPT = BadPayload(
    "What the e-shop last said about this order is not kept any more; synchronize it instead."
)


class Told(NamedTuple):
    """What an e-shop said about an order, when that was asked for, and the digest of what is kept
    of it so far, "" for nothing."""

    order: Order
    source: SourceOrder
    asked_at: datetime
    held: str


def keep(all_told: Sequence[Told]) -> None:
    """Keep what was said; what is kept already in the same words is not written again."""
    if not settings.PAYLOAD_DAYS:
        return
    rows = []
    for told in all_told:
        content = msgspec.json.encode(told.source)
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        if digest != told.held:
            rows.append(
                Payload(
                    order=told.order,
                    asked_at=told.asked_at,
                    stored_at=timezone.now(),
                    digest=digest,
                    content=encrypt(zlib.compress(content)),
                )
            )
    bulk.upsert(rows, unique=["order_id"], update=["asked_at", "stored_at", "digest", "content"])


def read(payload: Payload) -> SourceOrder:
    """Raises `ImproperlyConfigured` without the key it was encrypted with."""
    content = zlib.decompress(decrypt(payload.content))
    return msgspec.json.decode(content, type=SourceOrder)


def recall(eshop: Eshop, external_ids: Sequence[str]) -> dict[str, SourceOrder]:
    """What the e-shop last told about these orders, as far as it is kept and our copies are made
    of it; see `eshops.source.Recall`."""
    payloads = Payload.objects.filter(
        order__eshop=eshop, order__external_id__in=external_ids
    ).select_related("order__sync_state")
    told: dict[str, SourceOrder] = {}
    for payload in payloads:
        with suppress(ImproperlyConfigured):
            source = read(payload)
            if source.source_modified_at == payload.order.sync_state.source_modified_at:
                told[source.external_id] = source
    return told


class StoredAnswers:
    """Answers for an e-shop's orders out of what is kept; asks nobody."""

    batch_size = 100

    def __init__(self, eshop: Eshop) -> None:
        self._eshop = eshop

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        payloads = Payload.objects.filter(
            order__eshop=self._eshop, order__external_id__in=external_ids
        ).select_related("order__sync_state")
        kept = {payload.order.external_id: payload for payload in payloads}
        return [self._answer(each, kept.get(each)) for each in external_ids]

    def _answer(self, external_id: str, payload: Payload | None) -> Answer:
        if payload is None:
            return Answer(external_id, timezone.now(), NOT_KEPT)
        try:
            source = read(payload)
        except ImproperlyConfigured as error:
            return Answer(external_id, timezone.now(), BadPayload(str(error)))
        return Answer(external_id, payload.order.sync_state.asked_at, source)


def forget_old() -> int:
    """Forget what has been kept for longer than `PAYLOAD_DAYS`; how many that were."""
    limit = timezone.now() - timedelta(days=settings.PAYLOAD_DAYS)
    forgotten, _ = Payload.objects.filter(stored_at__lt=limit).delete()
    return forgotten
