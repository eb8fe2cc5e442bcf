"""Small sound books of distinct loans, whose every payment the one who wrote them remembers."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

DISBURSED = date(2025, 1, 15)
TERM = 6


@dataclass
class Lent:
    """A book as it was written: its folder, its loans, and what each of its payments is of (loan, minor units)."""

    name: str
    folder: Path
    loans: list[str] = field(default_factory=list)
    payments: dict[str, tuple[str, int]] = field(default_factory=dict)


def write_book(folder: Path, name: str, loans: int, pick: random.Random) -> Lent:
    """Write a book of so many loans below `folder`; the ids begin with its name."""
    made = Lent(name, folder / name)
    made.folder.mkdir(parents=True)
    rows: dict[str, list[list[object]]] = {"loans": [], "installments": [], "payments": []}
    for number in range(loans):
        loan, part = f"{name}-{number:04}", pick.randrange(10_000, 60_000)
        made.loans.append(loan)
        rows["loans"].append([loan, f"{loan}-B", DISBURSED, _major(part * TERM), "0.18", TERM])
        for n in range(1, TERM + 1):
            due = DISBURSED + timedelta(days=30 * n)
            rows["installments"].append([loan, n, due, _major(part), _major(pick.randrange(100, 900))])
        for n in range(pick.randrange(3)):
            amount, paid = pick.randrange(100, 40_000), DISBURSED + timedelta(days=pick.randrange(10, 120))
            made.payments[f"{loan}-P{n}"] = (loan, amount)
            rows["payments"].append([f"{loan}-P{n}", loan, paid, _major(amount)])
    _write(made.folder, rows)
    return made


_HEADERS = {
    "loans": "loan_id borrower_id disbursed_on principal annual_rate term",
    "installments": "loan_id number due_on principal_due interest_due",
    "payments": "payment_id loan_id paid_on amount",
}


def _write(folder: Path, rows: dict[str, list[list[object]]]) -> None:
    for table, header in _HEADERS.items():
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header.split(), *rows[table]])


def _major(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"
