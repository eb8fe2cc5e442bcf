"""Writing personal values: one by hand, many from a file; each checked, sealed, hashed, and told to the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from forbear.basics.errors import WrongUse
from forbear.desk.audit.log import record
from forbear.desk.privacy import keys as k
from forbear.desk.privacy.checking import Checked, check, normal
from forbear.desk.privacy.fields import FIELDS
from forbear.desk.privacy.master import Ring, ring
from forbear.desk.privacy.models import PersonalValue
from forbear.desk.record.models import Borrower

BATCH = 2_000


@dataclass(frozen=True)
class Given:
    """A personal value as it comes: whose, which, what; its position among several and its label."""

    borrower_id: str
    field: str
    value: str
    label: str = ""
    position: int = 0


@transaction.atomic
def put(borrower: Any, field: str, value: str, actor: Any, *, label: str = "", position: int = 0) -> int:
    """Record a value or replace the one that stands in its place; the old one is gone.

    Args:
        borrower: a `Borrower` or its id.
        field: one of `FIELDS`.
        value: as a person gave it.
        actor: the user, or a program's name.
        label: one of the field's labels; by default its first.
        position: which of several, from 0.

    Returns:
        The value's id.

    Raises:
        WrongUse: the value does not fit its field; never repeats the value.
    """
    given = Given(str(getattr(borrower, "pk", borrower)), field, value, label, position)
    put_many([given], actor, tell=False)
    row = PersonalValue.objects.get(borrower_id=given.borrower_id, field=field, position=position)
    record(
        actor, "borrower.correct", f"borrower:{given.borrower_id}", field=field, position=position, value_id=row.pk
    )
    return int(row.pk)


@transaction.atomic
def put_many(given: Iterable[Given], actor: Any, *, tell: bool = True) -> int:
    """Record many values, in batches, within one transaction; later ones of a place win.

    Returns:
        How many were given.

    Raises:
        WrongUse: one does not fit, named by its row's number; nothing of the batch stands then.
    """
    count, batch, keys = 0, [], ring()
    search = k.current("search", keys=keys)
    for one in given:
        count += 1
        batch.append((one, _checked(one, count)))
        if len(batch) == BATCH:
            _write(batch, actor, keys, search)
            batch = []
    _write(batch, actor, keys, search)
    if tell:
        record(actor, "borrower.import", "personal values", count=count)
    return count


def remove(borrower_id: str, field: str, position: int, actor: Any) -> bool:
    """Take a value away, such as a number that is not hers; whether there was one."""
    with transaction.atomic():
        gone, _ = PersonalValue.objects.filter(borrower_id=borrower_id, field=field, position=position).delete()
        if gone:
            record(actor, "borrower.remove", f"borrower:{borrower_id}", field=field, position=position)
    return bool(gone)


def pseudonym(borrower_id: str, number: str) -> str:
    """What `contacts.number` and `facts.number` hold for a phone or e-mail of this borrower.

    The gate only asks whether two numbers of one borrower are the same, so the pseudonym is made with her own key:
    two borrowers who share a phone have different ones, and once her key is destroyed nobody can make it again.

    Raises:
        WrongUse: neither a phone nor an e-mail address.
    """
    field = "email" if "@" in number else "phone"
    return k.current("borrower", borrower_id).pseudonym(normal(field, number))


def _checked(given: Given, row: int) -> Checked:
    try:
        if not 0 <= given.position < (100 if given.field in FIELDS and FIELDS[given.field].many else 1):
            raise WrongUse(f"{given.field}: no position {given.position}", "only some fields hold several values")
        return check(given.field, given.value, given.label)
    except WrongUse as wrong:
        raise WrongUse(f"row {row} ({given.borrower_id}): {wrong.message}", wrong.hint) from None


def _write(batch: Sequence[tuple[Given, Checked]], actor: Any, keys: Ring, search: k.Key) -> None:
    if not batch:
        return
    last = {(one.borrower_id, one.field, one.position): (one, checked) for one, checked in batch}
    borrowers = sorted({borrower for borrower, _, _ in last})
    if unknown := set(borrowers) - set(Borrower.objects.filter(pk__in=borrowers).values_list("pk", flat=True)):
        raise WrongUse(f"no borrower {min(unknown)!r}", "import the book first, then who its borrowers are")
    of = _keys_of(borrowers, keys)
    by = getattr(actor, "pk", None)
    rows = [(*_row(one, checked, of[one.borrower_id], search), by) for _, (one, checked) in sorted(last.items())]
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, tuple(map(list, zip(*rows, strict=True))))


UPSERT = """
INSERT INTO personal_values (borrower_id, field, position, label, sealed, hash, pseudonym, recorded_by_id)
SELECT * FROM unnest(
    %s::text[], %s::text[], %s::smallint[], %s::text[], %s::bytea[], %s::bytea[], %s::text[], %s::int8[])
ON CONFLICT (borrower_id, field, position) DO UPDATE SET (label, sealed, hash, pseudonym, recorded_by_id, recorded_at)
    = (EXCLUDED.label, EXCLUDED.sealed, EXCLUDED.hash, EXCLUDED.pseudonym, EXCLUDED.recorded_by_id, now())
"""


def _row(one: Given, checked: Checked, key: k.Key, search: k.Key) -> tuple[Any, ...]:
    known = FIELDS[one.field]
    found_by, stands_for = None, None
    if checked.searched is not None:
        found_by = k.search_hash(known.kind, checked.searched, search)
        if known.kind in {"phone", "email"}:
            stands_for = key.pseudonym(checked.searched)
    sealed = key.seal(checked.kept, f"personal.{one.field}")
    return one.borrower_id, one.field, one.position, one.label or known.labels[0], sealed, found_by, stands_for


HELD = """
SELECT borrower_id, key_id, wrapped FROM data_keys
WHERE borrower_id = ANY(%s) AND replaced_at IS NULL AND destroyed_at IS NULL ORDER BY borrower_id FOR SHARE
"""
MAKE = """
INSERT INTO data_keys (purpose, borrower_id, wrapped, master)
SELECT 'borrower', b, w, m FROM unnest(%s::text[], %s::text[]) AS made (b, w), (SELECT %s) AS by (m)
ON CONFLICT DO NOTHING
"""


def _keys_of(borrowers: list[str], keys: Ring) -> dict[str, k.Key]:
    """The current keys of many borrowers, made where there are none; held until the transaction ends."""
    found: dict[str, k.Key] = {}
    with connection.cursor() as cursor:
        while missing := [borrower for borrower in borrowers if borrower not in found]:
            cursor.execute(HELD, (missing,))
            found |= {borrower: k.Key(i, keys.unwrap(wrapped)) for borrower, i, wrapped in cursor.fetchall()}
            new = [borrower for borrower in missing if borrower not in found]
            if new:
                cursor.execute(MAKE, (new, [keys.wrap(k.new_secret()) for _ in new], keys.ids[0]))
    return found
