"""Who the borrowers are: a block of people and their loans, drawn from the parameters.

Nothing about a person depends on the others or on the world's effects: the same seed gives the same people to every
world and strategy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.acts import REACHES, menu
from forbear.simulate.days import LAST_DOM, Days
from forbear.simulate.evidence import Parameters
from forbear.simulate.record import NEVER, Record, count_days
from forbear.simulate.streams import Purpose, Streams
from forbear.simulate.worlds.people import Mind

HOURS = 3
FEN = 100
UNIFORMS, NORMALS = 23, 8
"""Draws a person; each of its own stream, so that more borrowers do not change the first ones."""


def people(
    parameters: Parameters, streams: Streams, first: int, days: Days, *, whole_book: bool
) -> tuple[Record, Mind]:
    """One block: the lender's record and the hidden side.

    Args:
        parameters: group `population` and the rest.
        streams: of this block.
        first: number of the block's first borrower.
        days: the calendar.
        whole_book: loans are disbursed over the days of the run, none behind at the start (for a book to export);
            else everybody has a loan at the start and a share is behind (for a league).
    """
    n = streams.size
    u = np.stack([generator_of(streams, k).random(n, dtype=np.float32) for k in range(UNIFORMS)])
    z = np.stack([generator_of(streams, UNIFORMS + k).standard_normal(n, dtype=np.float32) for k in range(NORMALS)])
    mind = _mind(parameters, u, z)
    record = _record(parameters, u, z, mind, first, days, whole_book=whole_book)
    _start(parameters, u, mind, record, days)
    count_days(record, days, 0)
    return record, mind


def generator_of(streams: Streams, number: int) -> np.random.Generator:
    """The stream of one trait: traits are numbered where other purposes have days."""
    return streams.generator(number, Purpose.people)


def _beta(mean: float, spread: float, z: NDArray[np.float32]) -> NDArray[np.float32]:
    """A share around `mean`: normal on the log-odds scale, its middle moved so that the mean is about kept."""
    middle = np.log(mean / (1 - mean)) * np.sqrt(1 + 0.346 * spread**2)
    share: NDArray[np.float32] = (1 / (1 + np.exp(-(middle + spread * z)))).astype(np.float32)
    return share


def _mind(p: Parameters, u: NDArray[np.float32], z: NDArray[np.float32]) -> Mind:
    n = u.shape[1]
    income = (p["population.income_median"] * FEN * np.exp(p["population.income_spread"] * z[0])).astype(np.int64)
    shares = np.cumsum([p[f"population.paid_by_{k}"] for k in ("month", "fortnight", "week")])
    kind = np.searchsorted(shares, u[0], side="right").astype(np.int8)
    first_days = u[1] < p["population.payday_first_ten"]
    payday = np.where(first_days, 1 + u[2] * 10, 11 + u[2] * 18).astype(np.int8)
    vulnerable = u[3] < p["population.vulnerable"]
    essentials = np.clip(p["population.essentials"] + p["population.essentials_spread"] * z[1], 0.2, 1.0)
    essentials = essentials + p["population.vulnerable_cost"] * vulnerable
    other = np.where(u[4] < p["population.has_other_debts"], u[5] * 2 * p["population.other_debts"], 0)
    refuses = u[6] < p["population.refusers"]
    will = p["population.will_spread"] * z[2] + np.where(refuses, p["population.refuser_will"], 0)
    reach = np.ones((n, len(REACHES)), dtype=np.float32)
    for column, name in enumerate(REACHES[1:], 1):
        own = 0.7 * z[3] + 0.714 * z[4] if name == "phone" else z[3]
        reach[:, column] = _beta(p[f"population.reach_{name}"], p["population.reach_spread"], own)
    zeros = np.zeros(n, dtype=np.float32)
    return Mind(
        income=income,
        pay_kind=kind,
        payday=payday,
        essentials=(essentials * income).astype(np.int64),
        other_debts=(other * income).astype(np.int64),
        memory=_beta(p["population.memory"], p["population.memory_spread"], z[5]),
        will=will.astype(np.float32),
        response=(1 + p["population.response_spread"] * z[6]).astype(np.float32),
        reach=reach,
        best_hour=(u[7] * HOURS).astype(np.int8),
        disputes=u[8] < p["population.disputes"],
        vulnerable=vulnerable,
        buffer=(income * u[9] * 2 * p["population.buffer"]).astype(np.int64),
        employed=u[10] >= p["population.without_work"],
        aware=np.ones(n, dtype=bool),
        debit_fails=np.zeros(n, dtype=bool),
        number_ok=u[11] >= p["population.wrong_number"],
        push=zeros.copy(),
        fatigue=zeros.copy(),
        grudge=zeros.copy(),
        binding=zeros.copy(),
        intensity=zeros.copy(),
        row=np.full(n, -1, dtype=np.int64),
        place=np.zeros(n, dtype=np.int8),
        moves_on=np.full(n, NEVER, dtype=np.int32),
        steps=np.zeros(n, dtype=np.int8),
    )


TERMS = np.array([6, 12, 12, 12, 18, 24])
"""Months; drawn evenly from this list."""


def _record(
    p: Parameters,
    u: NDArray[np.float32],
    z: NDArray[np.float32],
    mind: Mind,
    first: int,
    days: Days,
    *,
    whole_book: bool,
) -> Record:
    n = len(mind)
    term = TERMS[(u[12] * len(TERMS)).astype(np.int64)]
    low, high = p["population.installment_low"], p["population.installment_high"]
    share = low + u[13] * (high - low)
    part = np.maximum((share * mind.income).astype(np.int64) // (10 * FEN), 5) * 10 * FEN
    interest = (part * p["population.interest_share"]).astype(np.int64) // FEN * FEN
    dom = (1 + u[14] * LAST_DOM).astype(np.int8)
    if whole_book:
        disbursed = (u[15] * max(1, days.count - 30)).astype(np.int64)
        first_month = days.month[disbursed] + np.where(dom > days.dom[disbursed], 0, 1)
        first_month += days.due_day(first_month, dom) - disbursed < FIRST_DUE_AFTER
    else:
        first_month = days.month[0] - 1 - (u[15] * np.minimum(term - 4, 9)).astype(np.int64)
        disbursed = days.due_day(first_month - 1, dom)
    zero = np.zeros(n, dtype=np.int64)
    never = np.full(n, NEVER, dtype=np.int32)
    no = np.zeros(n, dtype=bool)
    counts = np.zeros((n, len(menu().acts)), dtype=np.int16)
    heard = p["population.score_knows"] * (mind.will / 1.5 + (mind.memory - 0.8) * 2)
    score = 600 + 40 * (heard + z[7])
    return Record(
        borrower=np.arange(first, first + n, dtype=np.int64),
        disbursed=disbursed,
        first_month=first_month,
        due_dom=dom,
        part=part,
        principal_part=part - interest,
        term=term.astype(np.int64),
        due_count=zero.copy(),
        paid=zero.copy(),
        forgiven=zero.copy(),
        dpd=np.zeros(n, dtype=np.int32),
        score=np.clip(score, 300, 900).astype(np.int16),
        first_time=u[16] < p["population.first_time"],
        age=(20 + u[17] ** 2 * 42).astype(np.int16),
        stated_income=(mind.income * np.exp(0.25 * (z[4] + 0.2))).astype(np.int64) // (100 * FEN) * 100 * FEN,
        autopay=u[18] < p["population.autopay"],
        payments=np.zeros(n, dtype=np.int32),
        last_payment=never.copy(),
        attempts=counts,
        reached=counts.copy(),
        recent=np.zeros((n, 7), dtype=np.int8),
        recent_calls=np.zeros((n, 7), dtype=np.int8),
        last_contact=never.copy(),
        last_reached=never.copy(),
        promise_until=never.copy(),
        broken=np.zeros(n, dtype=np.int16),
        kept=np.zeros(n, dtype=np.int16),
        plan_until=never.copy(),
        plan_part=zero.copy(),
        extension_until=never.copy(),
        settle_until=never.copy(),
        settle_amount=zero.copy(),
        stopped=no.copy(),
        disputed=no.copy(),
        hardship=no.copy(),
        vulnerable=mind.vulnerable & (u[19] < p["population.vulnerable_known"]),
        bad_number=no.copy(),
        complained=no.copy(),
    )


FIRST_DUE_AFTER = 20
"""The first installment falls due at least so many days after disbursal."""


def _start(p: Parameters, u: NDArray[np.float32], mind: Mind, record: Record, days: Days) -> None:
    """Where a book begins in mid-life: installments of the past are due, and some borrowers are behind.

    Those behind are likelier those of low will, poor memory and little money. Who is still behind after so long is
    slow to pay, or would not be there: the more installments, the slower.
    """
    begun = record.disbursed < 0
    if not begun.any():
        return
    this_month = days.month_start[days.month[0]] + record.due_dom - 1 < 0
    months_past = np.clip(days.month[0] - record.first_month + this_month, 0, record.term)
    record.due_count[:] = np.where(begun, months_past, 0)
    spare = (mind.income - mind.essentials - mind.other_debts) / np.maximum(record.part, 1)
    trouble = -mind.will / 1.5 - (mind.memory - 0.8) * 3 - np.clip(spare - 1, -2, 2) / 2
    share = p["population.behind_at_start"]
    if not 0 < share < 1:
        behind = np.full(len(mind), share >= 1)
    else:
        behind = u[20] < 1 / (1 + np.exp(-(np.log(share / (1 - share)) + trouble)))
    steps = np.array([p[f"population.behind_{k}"] for k in (1, 2, 3, 4)])
    count = np.clip(1 + np.searchsorted(np.cumsum(steps / steps.sum()), u[21]), 1, 4)
    count = np.minimum(np.where(behind, count, 0), record.due_count)
    record.paid[:] = (record.due_count - count) * record.part
    record.payments[:] = record.due_count - count
    mind.aware[:] = ~behind | (u[22] < 0.5)
    slower = np.array([0.0, *(p[f"population.behind_will_{k}"] for k in (1, 2, 3, 4))])
    mind.will[:] += slower[count].astype(np.float32)
