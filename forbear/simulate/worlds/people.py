"""What is hidden: for each borrower the means, the memory, the will, the reach, and what contacts have done to them.

One array a column, N borrowers. Some columns serve one world only and stay at rest in the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.record import Arrays

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Cause(IntEnum):
    """Why an installment is unpaid, in truth."""

    none = 0
    forgot = 1
    cannot_for_now = 2
    cannot_for_long = 3
    will_not = 4
    disputes = 5
    wrong_number = 6
    operational = 7
    slow = 8
    unknown = 9


class PaidBy(IntEnum):
    """When income comes."""

    month = 0
    fortnight = 1
    week = 2
    gig = 3


@dataclass(eq=False)
class Mind(Arrays):
    """The hidden side of N borrowers; money in minor units.

    Attributes:
        income, pay_kind, payday: a month; PaidBy; day of the month, or phase of the week or fortnight.
        essentials, other_debts: a month, paid before this loan.
        memory: chance to think of an installment by oneself when it comes up.
        will: log-odds of paying on a day when able and aware, around the population's.
        response: how strongly contacts move this person, around 1; may be negative.
        reach: chance that an attempt finds the person, N x reaches.
        best_hour: 0 morning, 1 afternoon, 2 evening.
        disputes, vulnerable: the debt is contested; contact does more harm.
        buffer, employed: money at hand; has work.
        aware: thinks of the debt.
        debit_fails: the automatic debit is broken and the person does not know.
        number_ok: telephone and text reach this person, not a stranger.
        push: what recent contacts add to the log-odds; fatigue: recent burden; grudge: what contacts have cost in will.
        binding: what an open promise adds.
        intensity: of the self-exciting world.
        row, place, moves_on, steps: the trajectory followed in the bootstrap world.
    """

    income: Ints
    pay_kind: NDArray[np.int8]
    payday: NDArray[np.int8]
    essentials: Ints
    other_debts: Ints
    memory: Floats
    will: Floats
    response: Floats
    reach: Floats
    best_hour: NDArray[np.int8]
    disputes: Bools
    vulnerable: Bools
    buffer: Ints
    employed: Bools
    aware: Bools
    debit_fails: Bools
    number_ok: Bools
    push: Floats
    fatigue: Floats
    grudge: Floats
    binding: Floats
    intensity: Floats
    row: Ints
    place: NDArray[np.int8]
    moves_on: NDArray[np.int32]
    steps: NDArray[np.int8]

    def __len__(self) -> int:
        """How many borrowers."""
        return len(self.income)


def short_for_long(mind: Mind, part: Ints) -> Bools:
    """Income leaves less than the installment after essentials and other debts."""
    short: Bools = np.where(mind.employed, mind.income, 0) - mind.essentials - mind.other_debts < part
    return short


def cause(mind: Mind, part: Ints, arrears: Ints, reserve: float, *, has_money: bool) -> NDArray[np.int8]:
    """The cause behind each borrower's arrears now, the first that applies.

    Args:
        mind: the hidden state.
        part: the installment, minor units.
        arrears: money due and unpaid; where it is 0 the cause is `none`.
        reserve: share of a month's income that people keep back.
        has_money: the world knows incomes; else inability cannot be told and the cause is `unknown`.
    """
    short_now = mind.buffer - (reserve * mind.income).astype(np.int64) < np.minimum(arrears, part)
    known = [
        (arrears <= 0, Cause.none),
        (mind.disputes, Cause.disputes),
        (~mind.number_ok & ~mind.aware, Cause.wrong_number),
        (mind.debit_fails, Cause.operational),
        (~mind.aware, Cause.forgot),
    ]
    if has_money:
        known += [
            (short_for_long(mind, part), Cause.cannot_for_long),
            (short_now, Cause.cannot_for_now),
        ]
    known += [(mind.will - mind.grudge < REFUSES, Cause.will_not)]
    rest = Cause.slow if has_money else Cause.unknown
    return np.select([c for c, _ in known], [int(v) for _, v in known], int(rest)).astype(np.int8)


REFUSES = -2.5
"""Log-odds around the population's below which a person who could pay is said not to want to."""
