"""Is all of it true? Every loan replayed from its events and compared with its postings and its account's own row.

Plain loans (nearly all) are replayed in SQL, some ten thousand at a time; the others one by one by the same rules that
booked them. It reads one snapshot, so that bookings may go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection, transaction

from forbear.desk.ledger.acts import Booked, History, Lines, added
from forbear.desk.ledger.named import named
from forbear.desk.ledger.postings import postings_of
from forbear.desk.ledger.reading import histories
from forbear.desk.ledger.rules import NOTHING, consequences, moving_kinds, timeline, version_in_force

AT_ONCE = 20_000
"""Loans compared by one query; enough to be quick, few enough to stay in memory."""


class Difference(NamedTuple):
    """Something that is not as its events say."""

    loan_id: str
    what: str
    expected: str
    found: str


@dataclass
class Verified:
    """How much was compared."""

    loans: int = 0
    replayed: int = 0


def verify(progress: Callable[[Verified], None] = lambda _done: None) -> Iterator[Difference]:
    """Every difference, in order of loan_id within a piece of the book; none when all is true.

    Args:
        progress: called after each piece with what was compared so far.
    """
    done, last = Verified(), ""
    own = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if own:  # a caller's transaction keeps its own isolation
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        while upto := _upto(cursor, last):
            span = {"after": last, "upto": upto[0]}
            cursor.execute(named("verify_accounts"), span)
            yield from [_difference(row) for row in cursor.fetchall()]
            cursor.execute(named("verify_general"), span)
            general = [row[0] for row in cursor.fetchall()]
            cursor.execute(named("verify_plain"), {**span, "general": general})
            yield from [_difference(row) for row in cursor.fetchall()]
            for start in range(0, len(general), 500):
                for known in histories(general[start : start + 500]):
                    yield from differences(known)
            done.loans += upto[1]
            done.replayed += len(general)
            last = upto[0]
            progress(done)


def _upto(cursor: object, last: str) -> tuple[str, int] | None:
    """The last loan of the next piece, and how many it has."""
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT max(loan_id), count(*) FROM (SELECT loan_id FROM loans WHERE loan_id > %s ORDER BY loan_id LIMIT %s)"
        " AS next",
        [last, AT_ONCE],
    )
    upto, count = cursor.fetchone()  # type: ignore[attr-defined]
    return (upto, count) if count else None


def _difference(row: tuple[object, ...]) -> Difference:
    return Difference(*(str(value) for value in row))


def differences(known: History) -> Iterator[Difference]:
    """One loan replayed from zero by the rules, against its postings."""
    acts = known.acts
    states, kinds = timeline(acts, dict(known.versions), known.rule), moving_kinds(acts)
    there = _by_act(known.booked)
    for place, act in enumerate(acts):
        undone = known.entry(act.reverses) if act.reverses else None
        lines = postings_of(act, known.versions, version_in_force(acts[:place]), undone)
        before = states[place - 1] if place else NOTHING
        for more in consequences(before, states[place], kinds[act.entry_id]).values():
            lines = added(lines, more)
        found = there.pop(act.entry_id, {})
        for line in sorted(lines.keys() | found.keys(), key=str):
            wanted, is_there = lines.get(line, 0), found.get(line, 0)
            if wanted != is_there:
                place_of = " ".join(str(part) for part in line if part is not None)
                what = f"{act.kind} {act.entry_id}: {place_of}"
                yield Difference(known.loan_id, what, str(wanted), str(is_there))
    for entry_id in there:
        yield Difference(known.loan_id, f"entry {entry_id}: follows from no act", "none", "postings")


def _by_act(booked: tuple[Booked, ...]) -> dict[int, Lines]:
    total: dict[int, Lines] = {}
    for entry in booked:
        act = entry.of_entry or entry.act.entry_id
        total[act] = added(total.get(act, {}), entry.lines)
    return total
