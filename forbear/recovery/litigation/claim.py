"""What may be claimed from a loan on a day, to the cent: principal, interest, penalty interest, fees, within the cap.

- Payments are allocated by the loan's rule. Penalty interest is worked out here, day by day: an overdue piece of
  principal bears it from the day after it fell due to the day it was paid, or the day of the claim. Payments are never
  taken for it.
- A loan called in on a day (`accelerated_on`) owes all its principal that day, and interest up to it and no further.
- Whatever interest, penalty and fees come to above the cap is left out: penalty first, then fees, then interest. The
  cap is held both by cash flows and simply (`forbear.loans.penalty.room_under_cap`), whichever leaves less.

A table by day shows how the penalty came about; its rows add up to the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.basics.money import to_minor
from forbear.loans import CapPolicy, Component, Due, Payment, Replay, as_rate, replay, room_under_cap, rule_named
from forbear.recovery.letters.facts import read_table
from forbear.recovery.litigation.law import Cap, cap_of, most_penalty

CUT = ("penalty", "fees", "interest")
"""What is left out first where the cap is passed."""
PARTS = ("principal", "interest", "penalty", "fees")


@dataclass(frozen=True)
class Installment:
    """One scheduled installment; minor units."""

    number: int
    due_on: date
    principal: int
    interest: int
    fees: int = 0


@dataclass(frozen=True)
class ClaimLoan:
    """A loan as it stands in the file of a claim; minor units, rates as fractions of a year.

    Args:
        penalty_rate: of a year, on overdue principal; by default the contract rate (民间借贷规定 art. 29).
        days_in_year: for penalty; 365 charges least.
        lender_kind: decides the cap; empty: the one that leaves less.
        charges: (day, installment, fees, minor units) charged beside the schedule.
        waived: (component, minor units) let go since.
        accelerated_on: the day on which the whole loan was called in by contract.
    """

    loan_id: str
    disbursed_on: date
    principal: int
    annual_rate: Fraction
    installments: tuple[Installment, ...]
    payments: tuple[Payment, ...] = ()
    charges: tuple[tuple[date, int, int], ...] = ()
    waived: Mapping[str, int] = field(default_factory=dict)
    currency: str = "CNY"
    penalty_rate: Fraction | None = None
    days_in_year: int = 365
    lender_kind: str = ""
    lpr: Fraction | None = None
    accelerated_on: date | None = None
    allocation: str = "oldest_installment"


@dataclass(frozen=True)
class Day:
    """One day of penalty: the overdue principal it runs on, and what it brings; `amount` of all days add up."""

    on: date
    base: int
    amount: int


@dataclass(frozen=True)
class Claim:
    """A claim as of a day; minor units.

    Args:
        parts: what is claimed, within the cap.
        cut: what was left out for the cap.
        room: the most that interest, penalty and fees may still come to.
        paid: what was paid, by component.
        days: penalty before the cap, day by day.
        daily: what each further day brings while nothing is paid, before the cap; exact.
    """

    loan: ClaimLoan
    as_of: date
    parts: Mapping[str, int]
    cut: Mapping[str, int]
    cap: Cap
    room: int
    paid: Mapping[str, int]
    days: tuple[Day, ...]
    daily: Fraction

    @property
    def total(self) -> int:
        """All that is claimed."""
        return sum(self.parts.values())

    @property
    def spans(self) -> list[tuple[date, date, int, int]]:
        """The days in spans of one base: first day, last day, base, what they bring."""
        found: list[tuple[date, date, int, int]] = []
        for day in self.days:
            if found and found[-1][2] == day.base and found[-1][1] + timedelta(days=1) == day.on:
                first, _, base, amount = found[-1]
                found[-1] = (first, day.on, base, amount + day.amount)
            else:
                found.append((day.on, day.on, day.base, day.amount))
        return found


def claim_of(loan: ClaimLoan, as_of: date) -> Claim:
    """The claim from a loan on a day.

    Raises:
        WrongUse: it was not disbursed by then, its schedule does not make up its principal, a waiver is more than is
            owed, or the prime rate is needed for the cap and missing.
    """
    _refuse_unfit(loan, as_of)
    dues = _dues(loan, as_of)
    state = replay(dues, [one for one in loan.payments if one.paid_on <= as_of], rule_named(loan.allocation))
    rate = _rate_of_penalty(loan)
    days, daily = _penalty(state, as_of, rate / loan.days_in_year)
    owed = {name: _unpaid(state, name, as_of) for name in ("principal", "interest", "fees")}
    owed["penalty"] = sum(day.amount for day in days)
    owed = _less_waived(owed, loan.waived)
    cap = cap_of(loan.lender_kind, loan.lpr, loan.disbursed_on)
    room = _room(loan, state, as_of, cap)
    parts, cut = _within(owed, room)
    return Claim(loan, as_of, parts, cut, cap, room, _paid(state), tuple(days), daily)


def _rate_of_penalty(loan: ClaimLoan) -> Fraction:
    """The contract's penalty rate within the law's; without one the contract rate goes on (民间借贷规定 art. 29)."""
    rate = loan.annual_rate if loan.penalty_rate is None else loan.penalty_rate
    most = most_penalty(loan.lender_kind, loan.annual_rate)
    return rate if most is None else min(rate, most)


def _refuse_unfit(loan: ClaimLoan, as_of: date) -> None:
    if as_of < loan.disbursed_on:
        raise WrongUse(f"{loan.loan_id}: {as_of} lies before its disbursal on {loan.disbursed_on}")
    scheduled = sum(row.principal for row in loan.installments)
    if scheduled != loan.principal:
        raise WrongUse(
            f"{loan.loan_id}: its installments make up {scheduled} minor units of principal, {loan.principal} was lent",
            "give the schedule in force, whole",
        )
    if loan.accelerated_on and not loan.disbursed_on <= loan.accelerated_on <= as_of:
        raise WrongUse(f"{loan.loan_id}: called in on {loan.accelerated_on}, which is not within its life")
    if loan.days_in_year not in (360, 365, 366):
        raise WrongUse(f"{loan.loan_id}: a year of {loan.days_in_year} days", "360, 365 or 366")


def _dues(loan: ClaimLoan, as_of: date) -> list[Due]:
    """What falls due and when, the whole loan called in where it was."""
    called = loan.accelerated_on
    found: list[Due] = []
    before = loan.disbursed_on
    left = loan.principal
    for row in sorted(loan.installments, key=lambda one: (one.due_on, one.number)):
        late = called is not None and row.due_on > called
        due_on = called if late and called else row.due_on
        interest, fees = row.interest, row.fees
        if late and called:
            run = Fraction(left) * loan.annual_rate * max((called - before).days, 0) / loan.days_in_year
            interest, fees = min(row.interest, floor(run)), 0
        for component, amount in (
            (Component.fees, fees),
            (Component.interest, interest),
            (Component.principal, row.principal),
        ):
            if amount:
                found.append(Due(row.number, component, due_on, amount))
        before, left = (called if late and called else row.due_on), left - row.principal
    numbers = {row.number: row.due_on for row in loan.installments}
    for day, number, amount in loan.charges:
        if day <= as_of:
            found.append(Due(number, Component.fees, day, amount, numbers[number]))
    return found


def _penalty(state: Replay, as_of: date, daily_rate: Fraction) -> tuple[list[Day], Fraction]:
    """Penalty of every day on which principal was overdue, and of a further one."""
    moves: dict[date, int] = {}
    for posting in state.postings:
        for part in posting.parts:
            if part.component == Component.principal and part.due_on < posting.payment.paid_on:
                moves[part.due_on] = moves.get(part.due_on, 0) + part.amount
                moves[posting.payment.paid_on] = moves.get(posting.payment.paid_on, 0) - part.amount
    for due in state.unpaid:
        if due.component == Component.principal and due.due_on < as_of:
            moves[due.due_on] = moves.get(due.due_on, 0) + due.amount
    days: list[Day] = []
    base, run, told = 0, Fraction(0), 0
    day = min(moves, default=as_of)
    while day < as_of:
        base += moves.get(day, 0)
        day += timedelta(days=1)
        if base:
            run += base * daily_rate
            days.append(Day(day, base, floor(run) - told))
            told = floor(run)
    overdue = sum(d.amount for d in state.unpaid if d.component == Component.principal and d.due_on <= as_of)
    return days, overdue * daily_rate


def _unpaid(state: Replay, component: str, as_of: date) -> int:
    return sum(due.amount for due in state.unpaid if due.component == component and due.due_on <= as_of)


def _less_waived(owed: dict[str, int], waived: Mapping[str, int]) -> dict[str, int]:
    for name, amount in waived.items():
        if name not in owed or amount > owed[name]:
            raise WrongUse(f"{amount} of {name} is said to be let go, {owed.get(name, 0)} is owed")
        owed[name] -= amount
    return owed


def _room(loan: ClaimLoan, state: Replay, as_of: date, cap: Cap) -> int:
    """The most that interest, penalty and fees may come to on the day, beside all principal."""
    received = [one for one in loan.payments if one.paid_on <= as_of]
    unpaid = sum(due.amount for due in state.unpaid if due.component == Component.principal)
    flows = [(loan.disbursed_on, -loan.principal), *((one.paid_on, one.amount) for one in received)]
    flows.append((as_of, unpaid - state.overpaid))
    used = loan.principal * (as_of - loan.disbursed_on).days - sum(
        part.amount * (as_of - posting.payment.paid_on).days
        for posting in state.postings
        for part in posting.parts
        if part.component == Component.principal
    )
    return room_under_cap(flows, used, as_of, CapPolicy(cap.annual, Fraction(0), "both"))


def _within(owed: Mapping[str, int], room: int) -> tuple[dict[str, int], dict[str, int]]:
    over = max(sum(owed[name] for name in CUT) - room, 0)
    parts, cut = {name: owed[name] for name in PARTS}, {}
    for name in CUT:
        cut[name] = min(parts[name], over)
        parts[name] -= cut[name]
        over -= cut[name]
    return parts, cut


def _paid(state: Replay) -> dict[str, int]:
    found = dict.fromkeys(PARTS, 0)
    for posting in state.postings:
        for part in posting.parts:
            found[str(part.component)] += part.amount
    return found


def read_claim_loan(file: Path) -> tuple[ClaimLoan, date]:
    """A loan and the day of its claim from a TOML or JSON file (docs/litigation.md).

    Raises:
        UnreadableFile: no such file, or it is neither.
        WrongUse: something is missing, unknown or of the wrong kind; names it.
    """
    given = read_table(file)
    loan = claim_loan({name: value for name, value in given.items() if name != "claim_on"}, str(file))
    return loan, day_in(given, "claim_on", str(file))


NEEDED = ("loan_id", "disbursed_on", "principal", "annual_rate", "installments")
OPTIONAL = (
    *("payments", "charges", "waived", "currency", "penalty_rate", "penalty_multiple", "days_in_year"),
    *("lender_kind", "lpr", "accelerated_on", "allocation"),
)


def claim_loan(given: Mapping[str, Any], where: str = "the loan") -> ClaimLoan:
    """A loan from plain values.

    Raises:
        WrongUse: something is missing, unknown or of the wrong kind; names it.
    """
    if missing := [name for name in NEEDED if given.get(name) in (None, "", [])]:
        raise WrongUse(f"{where}: {missing[0]} is missing", f"a claim needs {', '.join(NEEDED)} and claim_on")
    if unknown := sorted(set(given) - {*NEEDED, *OPTIONAL}):
        raise WrongUse(f"{where}: nothing is called {unknown[0]!r}", f"known: {', '.join((*NEEDED, *OPTIONAL))}")
    currency = str(given.get("currency", "CNY"))
    rate = as_rate(str(given["annual_rate"]), f"{where}: annual_rate")
    return ClaimLoan(
        loan_id=str(given["loan_id"]),
        disbursed_on=day_in(given, "disbursed_on", where),
        principal=money_in(given, "principal", currency, where),
        annual_rate=rate,
        installments=tuple(_installments(given["installments"], currency, where)),
        payments=tuple(_payments(given.get("payments", ()), currency, where)),
        charges=tuple(_charges(given, currency, where)),
        waived={
            name: money_in(given["waived"], name, currency, f"{where}: waived") for name in given.get("waived", {})
        },
        currency=currency,
        penalty_rate=_penalty_rate(given, rate, where),
        days_in_year=int(given.get("days_in_year", 365)),
        lender_kind=str(given.get("lender_kind", "")),
        lpr=as_rate(str(given["lpr"]), f"{where}: lpr") if given.get("lpr") else None,
        accelerated_on=day_in(given, "accelerated_on", where) if given.get("accelerated_on") else None,
        allocation=str(given.get("allocation", "oldest_installment")),
    )


def _penalty_rate(given: Mapping[str, Any], rate: Fraction, where: str) -> Fraction | None:
    if "penalty_rate" in given and "penalty_multiple" in given:
        raise WrongUse(f"{where}: penalty_rate and penalty_multiple are both given", "give one of them")
    if "penalty_rate" in given:
        return as_rate(str(given["penalty_rate"]), f"{where}: penalty_rate")
    if "penalty_multiple" in given:
        return rate * as_rate(str(given["penalty_multiple"]), f"{where}: penalty_multiple")
    return None


def _installments(rows: Sequence[Any], currency: str, where: str) -> Iterable[Installment]:
    for number, row in enumerate(rows, start=1):
        place = f"{where}: installments, row {number}"
        principal, interest = (money_in(row, name, currency, place) for name in ("principal", "interest"))
        fees = money_in(row, "fees", currency, place) if "fees" in row else 0
        yield Installment(int(row.get("number", number)), day_in(row, "due_on", place), principal, interest, fees)


def _payments(rows: Sequence[Any], currency: str, where: str) -> Iterable[Payment]:
    for number, row in enumerate(rows, start=1):
        place = f"{where}: payments, row {number}"
        yield Payment(
            str(row.get("payment_id", number)), day_in(row, "on", place), money_in(row, "amount", currency, place)
        )


def _charges(given: Mapping[str, Any], currency: str, where: str) -> Iterable[tuple[date, int, int]]:
    numbers = {int(row.get("number", n)) for n, row in enumerate(given["installments"], start=1)}
    for number, row in enumerate(given.get("charges", ()), start=1):
        place = f"{where}: charges, row {number}"
        if row.get("number") not in numbers:
            raise WrongUse(f"{place}: no installment {row.get('number')!r}", "name the installment it belongs to")
        yield day_in(row, "on", place), int(row["number"]), money_in(row, "amount", currency, place)


def day_in(row: Mapping[str, Any], name: str, where: str) -> date:
    """A day of a row.

    Raises:
        WrongUse: it is missing or no day.
    """
    value = row.get(name)
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise WrongUse(f"{where}: {name} is {value!r}", "write a day as 2026-11-27") from None


def money_in(row: Mapping[str, Any], name: str, currency: str, where: str) -> int:
    """An amount of a row in minor units, not negative.

    Raises:
        WrongUse: it is missing, a float, finer than the minor unit or below zero.
    """
    value = row.get(name)
    try:
        if value is None or isinstance(value, bool | float):
            raise WrongUse(f"{value!r} is not an amount of money")
        amount = to_minor(value, currency)
    except WrongUse as wrong:
        raise WrongUse(f"{where}: {name}: {wrong.message}", 'write an amount as "1234.50"') from None
    if amount < 0:
        raise WrongUse(f"{where}: {name} is below zero", "write what is owed or paid as it is")
    return amount
