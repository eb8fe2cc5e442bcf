"""One loan's answer as rows of a book, or the reason why it is none. Plain functions; `types.toml` says what is what.

What is due is the repayment schedule's, less what was waived; penalties stand with the fees. What reached the loan are
its transactions: those that were reversed, taken back or given back stay as payments and get an event that undoes them,
so that an as-of date before that day sees them.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.basics.money import minor_digits
from forbear.book.fineract.parsing import Unmapped, code, day, minor, needed_day


@dataclass(frozen=True)
class Types:
    """`types.toml`, read."""

    transactions: dict[int, tuple[str, str]]
    statuses: dict[int, tuple[str, bool]]
    methods: dict[str, str]


@dataclass
class Rows:
    """A loan as rows of a book; amounts in minor units, days as ISO texts, so that it is kept as JSON.

    Attributes:
        loan: the row of `loans`.
        installments: [number, due_on, principal_due, interest_due, fees_due].
        payments: payment_id to [paid_on, amount, source].
        reversals: payment_id to [effective_on, recorded_on or None].
        write_offs: transaction id to the day from which all that is due, and all principal, is written off.
        status: Fineract's, in words.
        types: how many transactions of each type.
    """

    loan: dict[str, Any]
    installments: list[list[Any]]
    payments: dict[str, list[Any]]
    reversals: dict[str, list[Any]]
    write_offs: dict[str, str] = field(default_factory=dict)
    status: str = ""
    types: dict[str, int] = field(default_factory=dict)


@cache
def types() -> Types:
    """The types and statuses, read once."""
    told = tomllib.loads(files(__package__).joinpath("types.toml").read_text("utf-8"))
    return Types(
        {int(number): (name, treat) for number, (name, treat) in told["transactions"].items()},
        {int(number): (name, lent) for number, (name, lent) in told["statuses"].items()},
        told["methods"],
    )


def status_of(loan: dict[str, Any]) -> tuple[str, bool]:
    """A loan's status in words, and whether money was lent; one that is not known is taken for lent."""
    number = code(loan.get("status"))
    return types().statuses.get(number, (f"status {number}", True))


def mapped(loan: dict[str, Any]) -> Rows:
    """The rows of a loan as `GET loans/{id}?associations=all` answers it.

    Raises:
        Unmapped: it cannot be a book's loan; says why.
    """
    status, _ = status_of(loan)
    if code(loan.get("status")) not in types().statuses:
        raise Unmapped("unknown_status", status)
    currency = _currency(loan)
    told = [_Transaction.of(one, currency) for one in loan.get("transactions") or ()]
    if unknown := sorted({one.number for one in told if one.treat == "unknown"}):
        raise Unmapped("unknown_transaction", f"type {unknown[0]}")
    standing = [one for one in told if not one.reversed]
    taken_back = [one for one in standing if one.treat == "chargeback"]
    ends_on = min((one.on for one in standing if one.treat == "write_off"), default=date.max)
    installments = _installments(loan, currency, sum(one.amount for one in taken_back), ends_on)
    principal = _principal(loan, standing, currency)
    scheduled = sum(row[2] for row in installments)
    if scheduled != principal:
        raise Unmapped("principal_mismatch", f"scheduled {scheduled}, paid out {principal} (minor units)")
    payments, reversals = _money(told)
    return Rows(
        _loan(loan, currency, principal, len(installments)),
        installments,
        payments,
        reversals,
        {str(one.key): one.on.isoformat() for one in standing if one.treat == "write_off"},
        status,
        dict(Counter(one.name + (" (reversed)" if one.reversed else "") for one in told)),
    )


def _currency(loan: dict[str, Any]) -> str:
    found = str((loan.get("currency") or {}).get("code") or "")
    try:
        minor_digits(found)
    except WrongUse:
        raise Unmapped("unknown_currency", found) from None
    return found.upper()


@dataclass(frozen=True)
class _Transaction:
    """A transaction, read."""

    key: int
    number: int
    name: str
    treat: str
    on: date
    amount: int
    reversed: bool
    reversed_on: date | None
    undoes: int | None

    @classmethod
    def of(cls, one: dict[str, Any], currency: str) -> _Transaction:
        """Read one.

        Raises:
            Unmapped: it has no id, date or amount that can be read.
        """
        number = code(one.get("type"))
        name, treat = types().transactions.get(number, (f"type {number}", "unknown"))
        if not isinstance(one.get("id"), int):
            raise Unmapped("no_transaction_id", name)
        if treat == "none":  # accruals may be finer than money
            return cls(one["id"], number, name, treat, date.min, 0, False, None, None)
        return cls(
            one["id"],
            number,
            name,
            treat,
            needed_day(one.get("date"), f"transaction {one['id']}"),
            minor(one.get("amount"), currency),
            bool(one.get("manuallyReversed")),
            day(one.get("reversedOnDate")),
            _charged_back(one.get("transactionRelations") or ()),
        )


def _charged_back(relations: Iterable[dict[str, Any]]) -> int | None:
    """The transaction that a chargeback takes back, where it says so."""
    for one in relations:
        kind = one.get("relationType")
        name = str(kind.get("value") or kind.get("code") or "") if isinstance(kind, dict) else str(kind or "")
        if "CHARGEBACK" in name.upper():
            found = one.get("toLoanTransaction")
            return int(found) if isinstance(found, int) else None
    return None


def _installments(loan: dict[str, Any], currency: str, charged_back: int, ends_on: date) -> list[list[Any]]:
    """The schedule's periods; the one of the disbursal has no number and stands for no installment.

    What a write-off on `ends_on` took of interest and fees that had not fallen due never falls due.
    """
    schedule = loan.get("repaymentSchedule") or {}
    periods = [one for one in schedule.get("periods") or () if one.get("period")]
    if not periods:
        raise Unmapped("no_schedule")
    credited = sum(minor(one.get("totalCredits"), currency) for one in periods)
    if credited and credited != charged_back:
        raise Unmapped("chargeback_unclear", f"credits {credited}, chargebacks {charged_back} (minor units)")
    for one in schedule.get("periods") or ():
        if not one.get("period") and minor(one.get("feeChargesOutstanding"), currency):
            raise Unmapped("fees_of_disbursal_unpaid")
    rows: list[list[Any]] = []
    for one in sorted(periods, key=lambda period: int(period["period"])):
        paid_back = minor(one.get("totalCredits"), currency)
        principal = minor(one.get("principalDue", one.get("principalOriginalDue")), currency) - paid_back
        due = needed_day(one.get("dueDate"), f"period {one['period']}")
        gone = ("Waived", "WrittenOff") if due > ends_on else ("Waived",)
        interest = _net(one, "interest", gone, currency)
        fees = _net(one, "feeCharges", gone, currency) + _net(one, "penaltyCharges", gone, currency)
        if min(principal, interest, fees) < 0:
            raise Unmapped("negative_due", f"period {one['period']}")
        rows.append([int(one["period"]), due.isoformat(), principal, interest, fees])
    if [row[0] for row in rows] != list(range(rows[0][0], rows[0][0] + len(rows))):
        raise Unmapped("number_gap", "periods are not counted one by one")
    return rows


def _net(period: dict[str, Any], part: str, gone: tuple[str, ...], currency: str) -> int:
    return minor(period.get(f"{part}Due"), currency) - sum(
        minor(period.get(part + what), currency) for what in gone
    )


def _principal(loan: dict[str, Any], standing: list[_Transaction], currency: str) -> int:
    paid_out = sum(one.amount for one in standing if one.treat == "disbursement")
    if paid_out:
        return paid_out
    summary = loan.get("summary") or {}
    return minor(summary.get("principalDisbursed") or loan.get("principal"), currency)


def _loan(loan: dict[str, Any], currency: str, principal: int, term: int) -> dict[str, Any]:
    timeline = loan.get("timeline") or {}
    borrower = loan.get("clientId")
    if borrower is None:
        group = (loan.get("group") or {}).get("id")
        borrower = None if group is None else f"group-{group}"
    if borrower is None:
        raise Unmapped("no_borrower")
    if not principal:
        raise Unmapped("nothing_paid_out")
    method = f"{code(loan.get('amortizationType'))} {code(loan.get('interestType'))}"
    rate = Decimal(str(loan.get("annualInterestRate") or 0)) / 100
    return {
        "loan_id": str(loan["id"]),
        "borrower_id": str(borrower),
        "disbursed_on": needed_day(timeline.get("actualDisbursementDate"), "disbursal").isoformat(),
        "principal": principal,
        "annual_rate": f"{round(rate, 8).normalize():f}",
        "term": term,
        "currency": currency,
        "product": loan.get("loanProductName"),
        "repayment_method": types().methods.get(method) if loan.get("amortizationType") else None,
        "funder_id": None if loan.get("fundId") is None else str(loan["fundId"]),
    }


def _money(told: list[_Transaction]) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Payments, and which of them no longer count from when."""
    payments: dict[str, list[Any]] = {}
    reversals: dict[str, list[Any]] = {}
    for one in told:
        if one.treat == "money_in" and one.amount:
            payments[str(one.key)] = [one.on.isoformat(), one.amount, one.name]
            if one.reversed:
                since = max(one.reversed_on or one.on, one.on).isoformat()
                reversals[str(one.key)] = [since, since if one.reversed_on else None]
    back = [one for one in told if one.treat in ("money_out", "chargeback") and one.amount and not one.reversed]
    for one in sorted(back, key=lambda out: (out.on, out.key)):
        _take_back(one, payments, reversals)
    return payments, reversals


def _take_back(one: _Transaction, payments: dict[str, list[Any]], reversals: dict[str, list[Any]]) -> None:
    """Money given back undoes the payment it names, then the latest; what is left of one stands as a payment anew."""
    on, left = one.on.isoformat(), one.amount
    alive = [key for key, row in payments.items() if key not in reversals and row[0] <= on]
    alive.sort(key=lambda key: (key == str(one.undoes), payments[key][0], len(key), key), reverse=True)
    for key in alive:
        if left <= 0:
            break
        paid_on, amount, source = payments[key]
        reversals[key] = [on, on]
        if amount > left:
            payments[f"{key}-after-{one.key}"] = [max(on, paid_on), amount - left, source]
        left -= min(left, amount)
    if left > 0:
        raise Unmapped("more_given_back_than_paid", f"transaction {one.key}")
