"""What claimed contacts' loans owe at this instant, in a few queries for all of them; and whether that moved since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo

from django.db import connection

from forbear.conduct.situation import Fact, known_zone, zone
from forbear.desk.contact.named import named
from forbear.desk.contact.purposes import purpose
from forbear.desk.contact.rows import Held, Row
from forbear.desk.ledger.balances import Balance, owed_on


def read_owed(rows: Sequence[Row], facts: Mapping[str, Sequence[Fact]], at: datetime) -> None:
    """Put into each row what its loans owe by the borrower's own date, and where their accounts stand.

    Accounts are read before balances: one that moves in between is seen to have moved when the message leaves.
    """
    wanting = [row for row in rows if _needs_money(row)]
    if not wanting:
        return
    with connection.cursor() as cursor:
        cursor.execute(named("accounts"), {"borrowers": sorted({row.borrower_id for row in wanting})})
        of_borrower: dict[str, dict[str, str]] = defaultdict(dict)
        for borrower_id, loan_id, standing in cursor.fetchall():
            of_borrower[borrower_id][loan_id] = standing
    by_day: dict[date, set[str]] = defaultdict(set)
    days = {row.borrower_id: _today(facts[row.borrower_id], at) for row in wanting}
    for row in wanting:
        own = of_borrower[row.borrower_id]
        named_loans = set(filter(None, row.loan_id.split("|")))
        row.standing = {loan: told for loan, told in own.items() if not named_loans or loan in named_loans}
        by_day[days[row.borrower_id]] |= set(row.standing)
    found: dict[tuple[date, str], Balance] = {}
    for day, loans in by_day.items():
        found |= {(day, loan): one for loan, one in owed_on(loans, day).items()}
    for row in wanting:
        held = (found.get((days[row.borrower_id], loan)) for loan in row.standing)
        row.owed = [one for one in held if one is not None]


def moved(held: Sequence[Held]) -> set[str]:
    """Keys of messages whose loans moved since they were read, or are moving now; the others are held still.

    In a transaction: until it ends no payment is booked to the loans of the messages that are not named.
    """
    loans = sorted({loan for one in held for loan in one.row.standing})
    if not loans:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(named("accounts_held"), {"loans": loans})
        now = dict(cursor.fetchall())
    return {one.key for one in held if any(now.get(loan) != told for loan, told in one.row.standing.items())}


def _needs_money(row: Row) -> bool:
    return purpose(row.purpose).owes != "nothing" or "{" in row.body or row.template_version is not None


def _today(facts: Sequence[Fact], at: datetime) -> date:
    """The date where she is; of several places the latest, so that no payment of today is overlooked."""
    names = {name for one in facts if one.name == "time_zone" and one.holds(at) for name in one.value.split("|")}
    places: list[tzinfo] = [zone(name.strip()) for name in names if known_zone(name.strip())] or [UTC]
    return max(at.astimezone(place).date() for place in places)
