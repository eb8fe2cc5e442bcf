"""Whom the lender of a sample tried to reach: a message or a call on some days while an installment is late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forbear.book.sample_habits import Late
from forbear.book.sample_loans import Loans
from forbear.book.sample_random import generator
from forbear.book.sample_recipe import Ints, Recipe, mix

CONTACTS_STREAM = 1 << 41
SECONDS_A_DAY = 86_400
FIRST_HOUR, LAST_HOUR = 9, 20
"""Hours of the borrower's day in which contacts lie."""
AGENTS = 40


@dataclass(frozen=True, eq=False)
class Contacts:
    """Contacts by loan and time: index of the loan, local second since 1970, index of channel and result, agent."""

    loan: Ints
    local_second: Ints
    channel: Ints
    result: Ints
    agent: Ints


CHANNELS = ("sms", "call")


def contacts(recipe: Recipe, loans: Loans, late: Late, seed: int, as_of: int) -> Contacts:
    """The contacts of a block, up to the end of `as_of` (days since 1970)."""
    random = generator(seed, CONTACTS_STREAM + int(loans.loan_id[0]))
    parts = [
        _on_day(recipe, late, day, channel, share, random) for day, channel, share in recipe.raw["contacts"]["plan"]
    ]
    loan, second, channel, result, agent = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = second < (as_of + 1) * SECONDS_A_DAY
    order = np.flatnonzero(known)[np.lexsort((second[known], loan[known]))]
    return Contacts(loan[order], second[order], channel[order], result[order], agent[order])


def _on_day(
    recipe: Recipe, late: Late, day: int, channel: str, share: float, random: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    draw = random.random((4, len(late.loan)))
    reached = np.flatnonzero((late.days > day) & (draw[0] < share))
    rows = recipe.raw["contacts"]["results"][channel]
    result = mix([r[-1] for r in rows]).draw(draw[1][reached])
    clock = FIRST_HOUR * 3600 + (draw[2][reached] * (LAST_HOUR - FIRST_HOUR) * 3600).astype(np.int64)
    second = (late.due[reached] + day) * SECONDS_A_DAY + clock
    agent = (draw[3][reached] * AGENTS).astype(np.int64) + 1
    return late.loan[reached], second, np.full(len(reached), CHANNELS.index(channel)), result, agent
