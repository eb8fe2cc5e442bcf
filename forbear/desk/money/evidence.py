"""What the desk knows that may tell whose a receipt is: loans named in its text, payers, amounts, earlier money.

For many receipts at once in a few queries. `now=False` leaves out what changes with every payment (arrears, payers seen
before), which is enough to say what is sure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection

from forbear.desk.ledger.balances import Balance, balances
from forbear.desk.money.matching import Facts
from forbear.desk.money.models import Receipt, Share
from forbear.desk.money.references import BARE, named, spoken
from forbear.desk.privacy.keys import current
from forbear.desk.privacy.models import PersonalValue
from forbear.desk.privacy.payers import contact_hashes
from forbear.desk.privacy.sealed import opened_texts
from forbear.desk.record.models import Case, Loan
from forbear.desk.statements import statement

MOST_OF_PAYER = 20
"""A name that more borrowers have than these proposes none of them."""
MOST_BY_AMOUNT = 5
DAY = timedelta(days=1)


@dataclass
class _Known:
    """What is gathered for one receipt: loans by how they were found."""

    named: dict[str, str] = field(default_factory=dict)
    payers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    seen_account: set[str] = field(default_factory=set)
    seen_name: set[str] = field(default_factory=set)
    in_case: set[str] = field(default_factory=set)

    @property
    def loans(self) -> set[str]:
        return {*self.named, *self.seen_account, *self.seen_name}

    @property
    def borrowers(self) -> set[str]:
        return {*self.payers, *self.in_case}


def facts_of(receipts: Sequence[Receipt], *, now: bool) -> dict[int, list[Facts]]:
    """What is known of each receipt and the loans it may be for, by receipt_id."""
    known = {one.pk: _Known() for one in receipts}
    _find_named(receipts, known)
    _find_payers(receipts, known)
    if now:
        _find_seen(receipts, known)
        _find_in_cases(receipts, known)
    loans = _loans(known.values())
    scheduled = _scheduled([(one, loan) for one in receipts for loan in _of(known[one.pk], loans)])
    standing = _standing(receipts, known, loans) if now else {}
    return {
        one.pk: [
            _facts(one, loan, known[one.pk], loans, (one.pk, loan.pk) in scheduled, standing)
            for loan in _of(known[one.pk], loans)
        ]
        for one in receipts
    }


def _find_named(receipts: Sequence[Receipt], known: dict[int, _Known]) -> None:
    said = {
        one.pk: spoken(text) for one, text in zip(receipts, opened_texts(receipts, "text"), strict=True) if text
    }
    wanted = sorted({word.bare for words in said.values() for word in words})
    found: dict[str, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {BARE}, loan_id FROM loans WHERE {BARE} = ANY(%s)", [wanted])
        for bare, loan_id in cursor.fetchall():
            found[bare].append(loan_id)
    for receipt_id, words in said.items():
        for word in named(words, found):
            known[receipt_id].named |= dict.fromkeys(found[word.bare], word.bare)


def _find_payers(receipts: Sequence[Receipt], known: dict[int, _Known]) -> None:
    search = current("search")
    wanted: dict[bytes, list[tuple[int, str]]] = defaultdict(list)
    for one, account in zip(receipts, opened_texts(receipts, "payer_account"), strict=True):
        if one.name_hash:
            wanted[bytes(one.name_hash)].append((one.pk, "name"))
        for hashed in contact_hashes(account, search) if account else ():
            wanted[hashed].append((one.pk, "contact"))
    having: dict[bytes, set[str]] = defaultdict(set)
    rows = PersonalValue.objects.filter(hash__in=list(wanted), field__in=["name", "phone", "email"])
    for hashed, borrower in rows.values_list("hash", "borrower_id"):
        having[bytes(hashed)].add(borrower)
    for hashed, borrowers in having.items():
        for receipt_id, how in wanted[hashed]:
            if len(borrowers) <= MOST_OF_PAYER:
                for borrower in borrowers:
                    known[receipt_id].payers[borrower].add(how)


def _find_seen(receipts: Sequence[Receipt], known: dict[int, _Known]) -> None:
    for column in ("account", "name"):
        wanted: dict[bytes, list[int]] = defaultdict(list)
        for one in receipts:
            if hashed := getattr(one, f"{column}_hash"):
                wanted[bytes(hashed)].append(one.pk)
        path = f"receipt__{column}_hash"
        rows = Share.objects.filter(**{f"{path}__in": list(wanted)}, undone_at__isnull=True)
        for hashed, loan, of in rows.values_list(path, "loan_id", "receipt_id").distinct():
            for receipt_id in wanted[bytes(hashed)]:
                if of != receipt_id:
                    getattr(known[receipt_id], f"seen_{column}").add(loan)


def _find_in_cases(receipts: Sequence[Receipt], known: dict[int, _Known]) -> None:
    """Borrowers in arrears by just this amount, for receipts of which nothing else is known."""
    for one in receipts:
        if not known[one.pk].loans and not known[one.pk].borrowers:
            cases = Case.objects.filter(arrears=one.amount, currency=one.currency, closed_at__isnull=True)
            found = list(cases.values_list("borrower_id", flat=True)[: MOST_BY_AMOUNT + 1])
            if len(found) <= MOST_BY_AMOUNT:
                known[one.pk].in_case.update(found)


def _loans(known: Iterable[_Known]) -> dict[str, Loan]:
    """All loans that any of them may be for, and all of those borrowers."""
    held = list(known)
    borrowers = {borrower for one in held for borrower in one.borrowers}
    of_named = Loan.objects.filter(pk__in={loan for one in held for loan in one.loans})
    found = {loan.pk: loan for loan in of_named}
    found |= {loan.pk: loan for loan in Loan.objects.filter(borrower_id__in=borrowers)}
    return found


def _of(known: _Known, loans: dict[str, Loan]) -> list[Loan]:
    return [loan for loan in loans.values() if loan.pk in known.loans or loan.borrower_id in known.borrowers]


def _statement(name: str) -> str:
    return statement(__package__, name)


def _scheduled(pairs: list[tuple[Receipt, Loan]]) -> set[tuple[int, str]]:
    """The pairs in which the amount is that of an installment of the schedule in force."""
    if not pairs:
        return set()
    asked = {
        "receipts": [receipt.pk for receipt, _ in pairs],
        "loans": [loan.pk for _, loan in pairs],
        "amounts": [receipt.amount for receipt, _ in pairs],
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement("scheduled"), asked)
        return set(cursor.fetchall())


def _standing(
    receipts: Sequence[Receipt], known: dict[int, _Known], loans: dict[str, Loan]
) -> dict[tuple[date, str], Balance]:
    """Balances of the candidates at the end of each receipt's day, what falls due on it counted as due."""
    of_day: dict[date, set[str]] = defaultdict(set)
    for one in receipts:
        of_day[one.counted_on].update(loan.pk for loan in _of(known[one.pk], loans))
    return {
        (day, loan): balance
        for day, wanted in of_day.items()
        for loan, balance in balances(sorted(wanted), day + DAY).items()
    }


def _facts(
    one: Receipt,
    loan: Loan,
    known: _Known,
    loans: dict[str, Loan],
    scheduled: bool,
    standing: dict[tuple[date, str], Balance],
) -> Facts:
    balance = standing.get((one.counted_on, loan.pk))
    payers = {borrower for borrower, how in known.payers.items() if how}
    against: dict[str, Any] = {
        "currency": loan.currency != one.currency,
        "before_disbursal": one.counted_on < loan.disbursed_on,
        "other_payer": bool(payers) and loan.borrower_id not in payers and len(payers) == 1,
    }
    return Facts(
        loan.pk,
        loan.borrower_id,
        named=known.named.get(loan.pk, ""),
        payer=frozenset(known.payers.get(loan.borrower_id, ())),
        one_payer=payers == {loan.borrower_id},
        only_loan=loan.borrower_id in known.borrowers
        and sum(other.borrower_id == loan.borrower_id for other in loans.values()) == 1,
        scheduled=scheduled,
        due=balance is not None and balance.arrears_total == one.amount,
        payoff=balance is not None and balance.outstanding == one.amount,
        seen_account=loan.pk in known.seen_account,
        seen_name=loan.pk in known.seen_name,
        in_case=loan.borrower_id in known.in_case,
        against=frozenset(code for code, holds in against.items() if holds),
    )
