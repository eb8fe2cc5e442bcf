"""Loans by month of disbursal: vintage curves and first-payment default; money by calendar month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from forbear.funding.figures import Mass, Money, Row, share, total
from forbear.funding.months import last_whole_month, month_name, month_number

THRESHOLDS = (1, 30, 60, 90)
Tables = Mapping[str, Sequence[Row]]


def vintages(tables: Tables, as_of: date, months: int, money: Money) -> list[Row]:
    """The curves of the last `months` months of disbursal, oldest first.

    A point at month on book m says which loans had ever been that many days past due by the end of the m-th calendar
    month after the month of disbursal; points past the as-of date are not there.
    """
    listed = sorted(tables["month_disbursed"], key=lambda r: r["month_number"])[-months:]
    return [_vintage(row, tables["vintage_sums"], as_of, money) for row in listed]


def _vintage(row: Row, sums: Sequence[Row], as_of: date, money: Money) -> Row:
    number = row["month_number"]
    whole = Mass(row["loans"], int(row["principal"]))
    own = [r for r in sums if r["month_number"] == number]
    points = range(last_whole_month(as_of) - number + 1)
    return {
        "month": month_name(number),
        "loans": whole.loans,
        "principal": money(whole.principal),
        "curves": [_point(mob, own, whole, money) for mob in points],
    }


def _point(mob: int, own: Sequence[Row], whole: Mass, money: Money) -> Row:
    point: Row = {"mob": mob}
    for days in THRESHOLDS:
        ever = total(
            Mass(r["loans"], int(r["principal"])) for r in own if r["dpd"] == days and max(r["mob"], 0) <= mob
        )
        point[f"ever_{days}_loans"] = ever.loans
        point[f"ever_{days}_principal"] = money(ever.principal)
        point[f"rate_{days}_loans"] = share(ever.loans, whole.loans)
        point[f"rate_{days}_principal"] = share(ever.principal, whole.principal)
    return point


def first_payment_default(tables: Tables, months: int, days: int, money: Money) -> list[Row]:
    """By month of disbursal: loans whose first installment was due `days` days ago or more, and those that failed."""
    seen = [r for r in sorted(tables["month_disbursed"], key=lambda r: r["month_number"]) if r["seen_loans"]]
    return [
        {
            "month": month_name(r["month_number"]),
            "days": days,
            "loans": r["seen_loans"],
            "defaulted": r["failed_loans"],
            "rate_loans": share(r["failed_loans"], r["seen_loans"]),
            "principal": money(int(r["seen_principal"])),
            "defaulted_principal": money(int(r["failed_principal"])),
            "rate_principal": share(int(r["failed_principal"]), int(r["seen_principal"])),
        }
        for r in seen[-months:]
    ]


def collections(tables: Tables, as_of: date, months: int, money: Money) -> list[Row]:
    """Due against received by calendar month, oldest first, up to the month of the as-of date."""
    due = {r["month_number"]: r for r in tables["month_due"]}
    unpaid = {r["month_number"]: int(r["unpaid"]) for r in tables["month_unpaid"]}
    received = {r["month_number"]: r for r in tables["month_received"]}
    last = month_number(as_of)
    known = [n for n in due.keys() | received.keys() if n <= last]
    first = max(min(known, default=last + 1), last - months + 1)
    return [_month(n, due.get(n), unpaid.get(n, 0), received.get(n), money) for n in range(first, last + 1)]


def _month(number: int, due: Row | None, unpaid: int, received: Row | None, money: Money) -> Row:
    owed = int(due["due"]) if due else 0
    return {
        "month": month_name(number),
        "due": money(owed),
        "due_installments": due["installments"] if due else 0,
        "paid_of_due": money(owed - unpaid),
        "unpaid_of_due": money(unpaid),
        "rate_paid": share(owed - unpaid, owed),
        "received": money(int(received["received"]) if received else 0),
        "payments": received["payments"] if received else 0,
        "reversed": money(int(received["undone"]) if received else 0),
    }
