"""How long a borrower's personal data must stay: what is owed, the terms of `retention.toml`, the gate's rules."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from forbear.conduct import Refusal, ask, sending
from forbear.conduct.situation import Contact, Fact, proposal
from forbear.desk.applications.models import Contest
from forbear.desk.ledger.balances import Balance, balances
from forbear.desk.record.gate import packs
from forbear.desk.record.models import Borrower, Case, Complaint, Loan

DUE = """
SELECT b.borrower_id FROM borrowers b
WHERE b.borrower_id > %s
    AND (EXISTS (SELECT FROM data_keys k WHERE k.borrower_id = b.borrower_id AND k.destroyed_at IS NULL)
        OR EXISTS (SELECT FROM strategy_decisions d WHERE d.borrower_id = b.borrower_id))
    AND NOT EXISTS (SELECT FROM cases c WHERE c.borrower_id = b.borrower_id AND c.closed_at IS NULL)
    AND NOT EXISTS (
        SELECT FROM loans l LEFT JOIN ledger_accounts a USING (loan_id)
        WHERE l.borrower_id = b.borrower_id AND (a.loan_id IS NULL OR a.last_on > %s))
ORDER BY 1 LIMIT %s
"""
BATCH = 1_000
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """A rule on how long something is kept after the last loan is settled."""

    id: str
    jurisdiction: str
    years: int
    keeps: dict[str, str]
    law: str
    article: str
    in_force: date
    confidence: str


@dataclass(frozen=True)
class Keep:
    """Why personal data must stay.

    Args:
        code: `owes`, `case`, `complaint`, or the id of a term or of a rule of the gate.
        because: in words, with the law.
        until: when this reason is over; None: that depends on what happens.
    """

    code: str
    because: str
    until: datetime | None


@cache
def terms() -> tuple[Term, ...]:
    """The terms as data."""
    table = tomllib.loads(files(__package__).joinpath("retention.toml").read_text("utf-8"))
    return tuple(Term(**{name: value for name, value in row.items() if name != "from"}) for row in table["rules"])


@cache
def receipts_term() -> dict[str, int]:
    """How long the texts of receipts that are no borrower's are kept, and their key is used: days."""
    table = tomllib.loads(files(__package__).joinpath("retention.toml").read_text("utf-8"))
    return dict(table["receipts"])


def keeps(borrower_id: str, at: datetime) -> list[Keep]:
    """Every reason why a borrower's personal data must stay at an instant; none: they may be erased."""
    reasons = [*_open(borrower_id, at), *_asked(borrower_id, at)]
    if (settled := _settled_on(borrower_id)) is not None:
        reasons += [keep for term in terms() if (keep := _kept(term, settled, borrower_id)) and _runs(keep, at)]
    return reasons


def due(at: datetime) -> Iterator[str]:
    """Borrowers whose personal data nothing keeps any more, by id."""
    shortest = min((term.years for term in terms() if _applies(term)), default=0)
    latest, last = _years_on(at.date(), -shortest), ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(DUE, (last, latest, BATCH))
            found = [row[0] for row in cursor.fetchall()]
        if not found:
            return
        yield from (borrower for borrower in found if not keeps(borrower, at))
        last = found[-1]


def _open(borrower_id: str, at: datetime) -> Iterator[Keep]:
    loans = list(Loan.objects.filter(borrower_id=borrower_id).values_list("pk", flat=True))
    known = balances(loans, at.date())
    owed = [loan for loan in loans if loan not in known or _unsettled(known[loan])]
    if owed:
        yield Keep(
            "owes", f"{len(owed)} loans are not settled (个人信息保护法 art. 13, 47: the purpose stands)", None
        )
    if Case.objects.filter(borrower_id=borrower_id, closed_at__isnull=True).exists():
        yield Keep("case", "her case is open", None)
    if Complaint.objects.filter(borrower_id=borrower_id, answered_at__isnull=True).exists():
        yield Keep("complaint", "a complaint of hers is not answered", None)
    if Contest.objects.filter(borrower_id=borrower_id, state="open").exists():
        yield Keep("contest", "a decision that she contests is not answered (个人信息保护法 art. 24)", None)


def _unsettled(balance: Balance) -> bool:
    """She owes something, or is owed a refund."""
    return bool(balance.outstanding or balance.written_off or balance.unapplied)


def _asked(borrower_id: str, at: datetime) -> Iterator[Keep]:
    """The gate's answer for the act `erasure`.

    That a case was placed the database writes down as a fact; without one nothing was entrusted.
    """
    past, facts = sending.known_of(connection, borrower_id)
    act: dict[str, Any] = {"borrower_id": borrower_id, "channel": "erasure", "at": at, "sender": "lender"}
    if past:
        act["last_collection_activity"] = str(max(contact.at for contact in past).date())
    if not any(fact.name == "data_entrusted" for fact in facts):
        act["data_entrusted"] = "false"
    yield from _judged(act, past, facts)


def _judged(act: dict[str, Any], past: list[Contact], facts: list[Fact]) -> Iterator[Keep]:
    said = ask(proposal(act, 1, None, "act"), facts, past, packs())
    if isinstance(said, Refusal):
        for code, citation in zip(said.codes, said.citations, strict=True):
            yield Keep(code, citation, said.until)


def _settled_on(borrower_id: str) -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(last_on) FROM ledger_accounts JOIN loans USING (loan_id) WHERE borrower_id = %s",
            (borrower_id,),
        )
        found: date | None = cursor.fetchone()[0]
    return found


def _kept(term: Term, settled: date, borrower_id: str) -> Keep | None:
    ends = _years_on(settled, term.years)
    if not _applies(term) or ends < term.in_force:
        return None
    zone = Borrower.objects.filter(pk=borrower_id).values_list("time_zone", flat=True).first() or "Asia/Shanghai"
    until = datetime.combine(ends + DAY, time(), ZoneInfo(zone)).astimezone(UTC)
    return Keep(term.id, f"{term.keeps['en']}: {term.law} {term.article} ({term.confidence})", until)


def _runs(keep: Keep, at: datetime) -> bool:
    return keep.until is None or keep.until > at


def _applies(term: Term) -> bool:
    return any(name.split("-")[0] == term.jurisdiction for name in settings.GATE_PACKS)


def _years_on(day: date, years: int) -> date:
    """The same day years on; of 29 February the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
