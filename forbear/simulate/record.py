"""What the lender knows: the ledger and the contact history of every borrower, one array a column.

This is the only state that `seen` reads and that a strategy's table is made of. What a borrower thinks, has and hides
is in `worlds/people.py`, which nothing outside the worlds and the runner may import.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.days import Days

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
NEVER = -9999
"""A day before every other, for things that have not happened."""
WEEK = 7


class Arrays:
    """A dataclass of arrays whose columns are changed in place only: a block is a view, and a column put in the place
    of a view would be lost in silence.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to replace a column."""
        if name in self.__dict__ and self.__dict__[name] is not value:
            raise AttributeError(f"column {name} is changed in place: write {name}[:] = ...")
        object.__setattr__(self, name, value)


@dataclass(eq=False)
class Record(Arrays):
    """One loan each of N borrowers, as the lender's books have it. Money in minor units, days from day 0.

    Attributes:
        borrower: number from 0.
        disbursed, first_month, due_dom: day of disbursal, month number of the first installment, day of the month.
        part, principal_part, term: the installment, its principal, how many.
        due_count: installments fallen due.
        paid, forgiven: since disbursal.
        dpd: days past due of the oldest unpaid installment; 0 when nothing is.
        score, first_time, age, stated_income, autopay: what the application said.
        payments, last_payment: how many, and the day of the last.
        attempts, reached: contact attempts and those that found the person, by act.
        recent: attempts of the last 7 days, a ring by day (columns day % 7); recent_calls: those by voice.
        last_contact, last_reached: days.
        promise_until, broken, kept: open promise (or NEVER), promises broken and kept.
        plan_until, extension_until: a plan or extension in force until that day.
        plan_part: installment of the plan, 0 without one.
        settle_until, settle_amount: an accepted settlement.
        stopped, disputed, hardship, vulnerable, bad_number, complained: what the borrower or the line has told.
    """

    borrower: Ints
    disbursed: Ints
    first_month: Ints
    due_dom: NDArray[np.int8]
    part: Ints
    principal_part: Ints
    term: Ints
    due_count: Ints
    paid: Ints
    forgiven: Ints
    dpd: NDArray[np.int32]
    score: NDArray[np.int16]
    first_time: Bools
    age: NDArray[np.int16]
    stated_income: Ints
    autopay: Bools
    payments: NDArray[np.int32]
    last_payment: NDArray[np.int32]
    attempts: NDArray[np.int16]
    reached: NDArray[np.int16]
    recent: NDArray[np.int8]
    recent_calls: NDArray[np.int8]
    last_contact: NDArray[np.int32]
    last_reached: NDArray[np.int32]
    promise_until: NDArray[np.int32]
    broken: NDArray[np.int16]
    kept: NDArray[np.int16]
    plan_until: NDArray[np.int32]
    plan_part: Ints
    extension_until: NDArray[np.int32]
    settle_until: NDArray[np.int32]
    settle_amount: Ints
    stopped: Bools
    disputed: Bools
    hardship: Bools
    vulnerable: Bools
    bad_number: Bools
    complained: Bools

    def __len__(self) -> int:
        """How many borrowers."""
        return len(self.borrower)

    @property
    def due(self) -> Ints:
        """Money fallen due so far."""
        return self.due_count * self.part

    @property
    def arrears(self) -> Ints:
        """Money due and neither paid nor forgiven."""
        left: Ints = np.maximum(self.due - self.paid - self.forgiven, 0)
        return left

    @property
    def outstanding(self) -> Ints:
        """Everything still to be paid, due or not."""
        left: Ints = np.maximum(self.term * self.part - self.paid - self.forgiven, 0)
        return left


def part_of(whole: Any, rows: slice) -> Any:
    """The rows of every array of a dataclass of arrays, as views: what is written there is written in the whole."""
    return type(whole)(**{f.name: getattr(whole, f.name)[rows] for f in fields(whole)})


def fall_due(record: Record, days: Days, day: int) -> Bools:
    """Let today's installments fall due and recount days past due; gives which ones fell due."""
    months = days.month[day] - record.first_month
    today: Bools = (record.due_dom == days.dom[day]) & (months >= 0) & (months < record.term)
    today &= record.extension_until < day
    numbers = np.where(today, months + 1, record.due_count)
    np.maximum(record.due_count, numbers, out=record.due_count)
    count_days(record, days, day)
    return today


def count_days(record: Record, days: Days, day: int) -> None:
    """Days past due from the ledger: the age of the oldest installment not covered by what was paid or forgiven."""
    covered = (record.paid + record.forgiven) // record.part
    oldest = days.due_day(record.first_month + covered, record.due_dom)
    behind = covered < record.due_count
    record.dpd[:] = np.where(behind, np.maximum(day - oldest, 0), 0)


def receive(record: Record, amount: Ints, day: int) -> None:
    """Book money that came today; an amount of 0 is none."""
    came = amount > 0
    record.paid += amount
    record.payments += came
    record.last_payment[came] = day
