"""What is true of an account at a day, as every bureau format needs it: taken from the ledger, before any format.

Nothing here knows of a person. `first_delinquency` is worked out from the run of month ends that are late, and never
moves forward while the run lasts, whatever was partly paid in between: an old delinquency is not made young again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LATE = 30
"""Days late from which the US counts an account delinquent (15 U.S.C. 1681s-2(a)(5): the delinquency it leads to)."""


@dataclass(frozen=True)
class MonthEnd:
    """One earlier month's end: days late then, and the due date of the oldest installment unpaid then."""

    on: date
    dpd: int
    oldest_unpaid_due_on: date | None = None
    charged_off: bool = False
    existed: bool = True


@dataclass(frozen=True)
class Account:
    """An account at a day; money in minor units.

    Attributes:
        months: earlier month ends, the latest first.
        balance: all that is owed and due or not yet due as principal; what is written off and still owed is in it.
        past_due: what was due before the day and is unpaid.
        closed_on: when nothing was owed any more; None while something is.
        charged_off: what was first written off; charged_off_on: when.
        settled: closed for less than the full balance.
        in_collection: placed for collection.
    """

    loan_id: str
    as_of: date
    currency: str
    opened_on: date
    original: int
    term_months: int
    scheduled: int
    balance: int
    past_due: int
    dpd: int
    oldest_unpaid_due_on: date | None = None
    months: tuple[MonthEnd, ...] = ()
    paid_in_period: int = 0
    last_paid_on: date | None = None
    closed_on: date | None = None
    charged_off: int = 0
    charged_off_on: date | None = None
    settled: bool = False
    disputed: bool = False
    dispute_settled: bool = False
    in_collection: bool = False
    forbearance: bool = False

    @property
    def closed(self) -> bool:
        """Whether nothing is owed any more."""
        return self.closed_on is not None

    @property
    def negative(self) -> bool:
        """Whether it tells something against her: late now, charged off, or settled for less."""
        return self.dpd >= 1 or bool(self.charged_off) or self.settled or self.in_collection


def first_delinquency(account: Account, told_before: date | None = None, late: int = LATE) -> date | None:
    """The first day on which the present run of lateness reached `late` days; None when it is not that late.

    Args:
        account: with its months, the latest first.
        told_before: what the bureau was told; kept while the run lasts, so that it only ever moves back.
        late: days late from which it counts.
    """
    run = _run([MonthEnd(account.as_of, account.dpd, account.oldest_unpaid_due_on), *account.months], late)
    if not run and not (account.charged_off and account.charged_off_on):
        return None
    found = [one.oldest_unpaid_due_on + timedelta(days=late) for one in run if one.oldest_unpaid_due_on]
    if not found and account.charged_off_on:
        found = [account.charged_off_on]
    if told_before:
        found.append(told_before)
    return min(found) if found else None


def bad_behavior_ended(account: Account) -> date | None:
    """When the last lateness ended: the first later month end without one; None while it lasts or where none was.

    A month's end is the latest that the end can be, so five years counted from it never run out early for the bureau;
    what ends the item sooner (`closed_on`) is taken where it is known.
    """
    if account.dpd >= 1 or (account.charged_off and not account.closed):
        return None
    last = next((i for i, one in enumerate(account.months) if one.dpd >= 1 and one.existed), None)
    if last is None:
        return account.closed_on if account.charged_off or account.settled else None
    after = account.months[last - 1].on if last else account.as_of
    return min(after, account.closed_on) if account.closed_on else after


def _run(months: Sequence[MonthEnd], late: int) -> list[MonthEnd]:
    """The months of the present run of lateness, from the latest back to its first."""
    run: list[MonthEnd] = []
    for one in months:
        if not one.existed or (one.dpd < late and not one.charged_off):
            break
        run.append(one)
    return run
