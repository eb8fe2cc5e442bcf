"""Taking a bank file in: read, told apart from what is known, kept as receipts in one transaction.

The same file again (by its bytes) takes nothing. A movement that another file told already is known by its mark: the
bank's own reference with account, day and amount; where the bank gives none, all that it tells of the movement. Such a
weak likeness counts as the same only where one of the two files has all that the other has of that day; otherwise the
movement is kept, parked and noted, for a person to compare: no money is dropped on a guess, and none is booked twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from forbear.basics.errors import WrongUse
from forbear.desk.audit.log import record
from forbear.desk.money.automatic import book_sure
from forbear.desk.money.bank.mapping import Mapping
from forbear.desk.money.bank.movements import Movement, Statement
from forbear.desk.money.bank.reading import CAMT, read_statements
from forbear.desk.money.models import OTHER, PARKED, REVERSAL, TWIN, BankFile, BankStatement, Receipt
from forbear.desk.privacy.keys import Key, current
from forbear.desk.privacy.payers import account_hash, name_hash
from forbear.desk.privacy.sealed import Sealed

ONE_AT_A_TIME = 0x62616E6B
"""Key of the lock that lets one file be taken at a time (the letters bank)."""
BATCH = 1_000
LONGEST_NAME, LONGEST_ACCOUNT, LONGEST_TEXT = 300, 100, 2_000


@dataclass(frozen=True)
class Taken:
    """What taking a file did.

    Args:
        file: the file as it is kept.
        again: this very file was taken before; nothing of it is new.
        booked: how many receipts were booked by themselves just now, those left from earlier files with them.
    """

    file: BankFile
    again: bool
    booked: int


def take_file(
    data: bytes, name: str, mapping: Mapping | None, *, actor: Any, at: datetime, watch: Any = None
) -> Taken:
    """Take a bank file in and book what is surely a loan's.

    Args:
        data: its bytes.
        name: as it is called; kept and shown.
        mapping: how a CSV file is read; of camt.053 none is needed.
        actor: user or name of a program.
        at: now.
        watch: called between the two steps; for tests that kill in between.

    Raises:
        Faulty: the file has faults; nothing was taken.
        WrongUse: it is CSV and no mapping was named.
    """
    kept, again = _kept(data, name, mapping, actor, at)
    if watch is not None:
        watch()
    return Taken(kept, again, book_sure(at))


def _kept(data: bytes, name: str, mapping: Mapping | None, actor: Any, at: datetime) -> tuple[BankFile, bool]:
    digest = hashlib.sha256(data).hexdigest()
    if known := BankFile.objects.filter(digest=digest).first():
        return known, True
    shown = " ".join(name.split())[:200] or "bank file"
    if not shown.isprintable():
        raise WrongUse("the file's name cannot be shown", "rename it")
    statements = read_statements(data, shown, mapping)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        if known := BankFile.objects.filter(digest=digest).first():
            return known, True
        by = actor if isinstance(actor, str) else actor.get_username()
        form = CAMT if mapping is None or data.lstrip()[:1] == b"<" else mapping.name
        made = BankFile.objects.create(digest=digest, name=shown, form=form, actor=by, taken_at=at)
        counts: Counter[str] = Counter({"movements": 0, "new": 0, "known": 0})
        for statement in statements:
            counts += _keep_statement(made, statement, at)
        made.counts = {"movements": 0, "new": 0, "known": 0, **counts}
        made.save(update_fields=["counts"])
        record(actor, "bank.file", f"bank_file:{made.pk}", form=form, **made.counts)
    return made, False


def _keep_statement(of: BankFile, told: Statement, at: datetime) -> Counter[str]:
    booked = [one for one in told.movements if one.booked]
    kept = BankStatement.objects.create(
        file=of,
        where=told.where,
        account=told.account,
        currency=told.currency,
        number=told.number[:200],
        opening=told.opening,
        closing=told.closing,
        came=sum(one.amount for one in booked if one.incoming),
        went=sum(one.amount for one in booked if not one.incoming),
    )
    search = current("search")
    marks = _marks(told, search)
    new = list(_new(told, marks, f"{of.digest[:16]}:{kept.pk}"))
    key = current("receipts")
    for first in range(0, len(new), BATCH):
        rows = [
            _receipt(kept, movement, mark, twin, key, search, at)
            for movement, mark, twin in new[first : first + BATCH]
        ]
        Receipt.objects.bulk_create(rows)
    return Counter(movements=len(told.movements), new=len(new), known=len(told.movements) - len(new))


def _marks(told: Statement, search: Key) -> list[str]:
    """The mark of each movement; of those that are alike in a statement, each its own by their number."""
    seen: Counter[str] = Counter()
    made = []
    for one in told.movements:
        same = [
            told.account,
            told.currency,
            one.booked_on.isoformat(),
            str(one.signed),
            str(one.booked),
            one.reference,
        ]
        if not one.reference:
            same += [one.payer_name, one.payer_account, one.text, one.instant, str(one.reversal)]
        likeness = "\0".join(same)
        seen[likeness] += 1
        made.append(search.digest(f"receipt\0{likeness}\0{seen[likeness]}").hex())
    return made


def _new(told: Statement, marks: Sequence[str], suffix: str) -> Iterable[tuple[Movement, str, bool]]:
    """The movements that are not known yet, each with its mark and whether it looks like a known one."""
    known = set(Receipt.objects.filter(mark__in=marks).values_list("mark", flat=True))
    told_apart = {
        day: _whole(told, marks, day)
        for day in {m.booked_on for m, mark in zip(told.movements, marks, strict=True) if mark in known}
    }
    for movement, mark in zip(told.movements, marks, strict=True):
        if mark not in known:
            yield movement, mark, False
        elif not movement.reference and not told_apart[movement.booked_on]:
            yield movement, f"{mark}:{suffix}", True


def _whole(told: Statement, marks: Sequence[str], day: date) -> bool:
    """Whether this file or the known ones have all that the other has of a day."""
    here = {mark for one, mark in zip(told.movements, marks, strict=True) if one.booked_on == day}
    rows = Receipt.objects.filter(account=told.account, currency=told.currency, booked_on=day)
    there = set(rows.exclude(note=TWIN).values_list("mark", flat=True))
    return here <= there or there <= here


def _receipt(
    of: BankStatement, one: Movement, mark: str, twin: bool, key: Key, search: Key, at: datetime
) -> Receipt:
    state, reason, note = _standing(one, twin)
    made = Receipt(
        statement=of,
        where=one.where,
        mark=mark,
        account=of.account,
        currency=of.currency,
        amount=one.amount,
        incoming=one.incoming,
        reversal=one.reversal,
        booked_on=one.booked_on,
        counted_on=one.counted_on,
        reference=one.reference[:200],
        note=note,
        name_hash=name_hash(one.payer_name, search),
        account_hash=account_hash(one.payer_account, search),
        state=state,
        reason=reason,
        settled_at=at if state == OTHER else None,
        tried_at=at if state == OTHER or note in (TWIN, REVERSAL) else None,
    )
    texts = {
        "payer_name": one.payer_name[:LONGEST_NAME],
        "payer_account": one.payer_account[:LONGEST_ACCOUNT],
        "text": one.text[:LONGEST_TEXT],
    }
    for name, text in texts.items():
        purpose = f"{Receipt._meta.db_table}.{name}"
        setattr(made, name, Sealed(key.seal(text, purpose), purpose))
    return made


def _standing(one: Movement, twin: bool) -> tuple[str, str, str]:
    """State, reason and note of a new receipt."""
    if not one.booked:
        return OTHER, "announced", ""
    if one.incoming and one.reversal:
        return OTHER, "reversal_of_outgoing", ""
    if not one.incoming and not one.reversal:
        return OTHER, "outgoing", ""
    if twin:
        return PARKED, "", TWIN
    return PARKED, "", REVERSAL if one.reversal else one.note
