"""Rotating keys: a new master key re-wraps the data keys; on request, new data keys re-encrypt the values.

Every step is a batch of its own transaction and looks for what is left to do, so that a killed run is simply run again.
Nothing is read or written wrongly meanwhile: old keys open until nothing needs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from forbear.desk.privacy import keys as k
from forbear.desk.privacy.master import Ring, ring
from forbear.desk.privacy.models import DataKey, PersonalValue, Rotation
from forbear.desk.privacy.sealed import sealed_fields

BATCH = 1_000
GRACE = timedelta(minutes=10)
"""How long a replaced data key still opens, for whoever sealed with it outside a transaction."""

REWRAP = """
UPDATE data_keys SET wrapped = new.wrapped, master = %s
FROM unnest(%s::int8[], %s::text[], %s::text[]) AS new (key_id, before, wrapped)
WHERE data_keys.key_id = new.key_id AND data_keys.wrapped = new.before
"""


def rewrap(keys: Ring | None = None) -> Iterator[int]:
    """Wrap every data key by the newest master key; yields how many after each batch."""
    keys = keys or ring()
    while True:
        left = DataKey.objects.filter(wrapped__isnull=False).exclude(master=keys.ids[0])
        batch = list(left.order_by("key_id").values_list("key_id", "wrapped")[:BATCH])
        if not batch:
            return
        ids, before = map(list, zip(*batch, strict=True))
        again = [keys.wrap(keys.unwrap(one)) for one in before]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(REWRAP, (keys.ids[0], ids, before, again))
        yield len(batch)


def masters_in_use() -> set[str]:
    """The ids of the master keys that still wrap something."""
    return set(DataKey.objects.filter(wrapped__isnull=False).values_list("master", flat=True).distinct())


def reencrypt() -> Iterator[int]:
    """Give every borrower a new data key and seal her values under it; a run that was cut short is finished first.

    The pseudonyms stay as they are (their half of the key is kept): contacts already made carry them.
    The database's clock alone decides what is left to do. Yields how many borrowers after each batch.
    """
    rotation, _ = Rotation.objects.get_or_create(ended_at=None)
    rotation.refresh_from_db()
    yield from _replace_made_before(rotation.began_at)
    Rotation.objects.filter(pk=rotation.pk).update(ended_at=Now())


def _replace_made_before(since: datetime) -> Iterator[int]:
    while True:
        with transaction.atomic():
            batch = list(
                DataKey.objects.select_for_update()
                .filter(purpose="borrower", made_at__lt=since, replaced_at=None, destroyed_at=None)
                .order_by("key_id")[: BATCH // 10]
            )
            for old in batch:
                _replace(old)
        if not batch:
            return
        yield len(batch)


def sweep(grace: timedelta = GRACE) -> int:
    """Delete replaced data keys once their grace is over, sealing anew what still stands under one; how many."""
    gone = 0
    for old in DataKey.objects.filter(replaced_at__lt=Now() - grace, borrower__isnull=False):
        with transaction.atomic():
            _reseal(old.borrower_id, k.current("borrower", old.borrower_id))
            old.delete()
        k.forget([old.key_id])
        gone += 1
    return gone


def _replace(old: DataKey) -> None:
    keys = ring()
    before = keys.unwrap(old.wrapped)
    secret = k.new_secret()[:32] + before[32:]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE data_keys SET replaced_at = clock_timestamp() WHERE key_id = %s", (old.key_id,))
        cursor.execute(
            "INSERT INTO data_keys (purpose, borrower_id, wrapped, master, made_at) "
            "VALUES ('borrower', %s, %s, %s, clock_timestamp()) RETURNING key_id",
            (old.borrower_id, keys.wrap(secret), keys.ids[0]),
        )
        key_id = cursor.fetchone()[0]
    _reseal(old.borrower_id, k.Key(key_id, secret))


def _reseal(borrower_id: str, key: k.Key) -> None:
    for row in PersonalValue.objects.filter(borrower_id=borrower_id):
        if again := _again(bytes(row.sealed), f"personal.{row.field}", key):
            PersonalValue.objects.filter(pk=row.pk).update(sealed=again)
    for model, field in sealed_fields():
        rows: Any = model._base_manager.filter(borrower_id=borrower_id).values_list("pk", field.attname)
        for pk, sealed in rows:
            if again := _again(bytes(sealed or b""), field.purpose, key):
                model._base_manager.filter(pk=pk).update(**{field.attname: again})


def _again(sealed: bytes, purpose: str, key: k.Key) -> bytes | None:
    if not sealed or k.key_id_of(sealed) == key.key_id:
        return None
    return key.seal(k.open_sealed(sealed, purpose), purpose)
