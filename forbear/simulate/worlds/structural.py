"""The structural world: people pay when they think of it, can, and want to.

Each day income comes or does not, essentials and other debts are paid, now and then something breaks. An installment
that comes up is remembered or not; who remembers and has the money pays with log-odds that rise towards the due date,
fall after it, and are moved by what contacts have added or spoilt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.days import Days
from forbear.simulate.evidence import Parameters
from forbear.simulate.record import Record
from forbear.simulate.streams import Purpose, Streams
from forbear.simulate.worlds.people import Mind, PaidBy

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
MONTH = 30


class Structural:
    """How people pay in the structural world."""

    has_money = True

    def __init__(self, parameters: Parameters) -> None:
        self.p = parameters

    def start(self, mind: Mind, record: Record, draws: Streams) -> None:
        """Nothing to prepare."""

    def pays(self, mind: Mind, record: Record, days: Days, day: int, draws: Streams) -> Ints:
        """Money paid today by each borrower, minor units."""
        self._money_comes(mind, record.part, days, day, draws)
        asked, ahead = asked_today(self.p, record, days, day)
        self._remembers(mind, record, ahead, day, draws)
        wants = draws.uniform(day, Purpose.pay) < self._chance(mind, record, ahead)
        wants |= record.autopay & ~mind.debit_fails & (ahead == 0)
        free = mind.buffer - (self.p["behavior.reserve"] * mind.income).astype(np.int64)
        tries = wants & mind.aware & ~mind.disputes & (asked > 0)
        paid = self._amount(record, np.where(tries, asked, 0), free, draws.uniform(day, Purpose.part))
        mind.buffer -= paid
        return paid

    def _amount(self, record: Record, asked: Ints, free: Ints, luck: Floats) -> Ints:
        """All that is asked, or the installments that one wants and can pay, or now and then a part of one."""
        one = np.minimum(asked, record.part)
        modest = luck < self.p["behavior.pays_one"]
        wanted = np.where(modest, one, asked)
        can = np.minimum(wanted, np.maximum(free // record.part, 0) * record.part)
        whole = np.where(free >= wanted, wanted, can)
        some = (whole == 0) & (free >= self.p["behavior.least_part"] * one) & (record.arrears > 0)
        some &= luck > 1 - self.p["behavior.pays_in_part"]
        return np.where(some, np.minimum(np.maximum(free, 0), one) // 1000 * 1000, whole)

    def _money_comes(self, mind: Mind, part: Ints, days: Days, day: int, draws: Streams) -> None:
        p = self.p
        luck = draws.uniform(day, Purpose.job)
        lost, found = luck < p["behavior.job_lost"], luck > 1 - p["behavior.job_found"]
        mind.employed[:] = np.where(mind.employed, ~lost, found)
        earned = _earned(mind, days, day, draws.uniform(day, Purpose.income))
        pay = np.where(mind.employed, earned, (earned * p["behavior.benefit"]).astype(np.int64))
        bound = mind.essentials + mind.other_debts
        spare = np.where(mind.employed & (mind.buffer > 0), np.maximum(mind.income - bound - part, 0), 0)
        spent = (bound + (spare * p["behavior.spends"]).astype(np.int64)) // MONTH
        breaks = draws.uniform(day, Purpose.shock) < p["behavior.shock"]
        if breaks.any():
            size = p["behavior.shock_size"] / np.sqrt(1.0001 - draws.uniform(day, Purpose.shock_size))
            spent = spent + np.where(breaks, (np.minimum(size, 3) * mind.income).astype(np.int64), 0)
        low = (-p["behavior.overdraft"] * mind.income).astype(np.int64)
        mind.buffer[:] = np.clip(mind.buffer + pay - spent, low, 2 * mind.income)

    def _remembers(self, mind: Mind, record: Record, ahead: Ints, day: int, draws: Streams) -> None:
        """A new installment comes up: thought of, or not; a debit may break; the forgotten may be remembered."""
        luck = draws.uniform(day, Purpose.memory)
        comes_up = (ahead == int(self.p["behavior.early_window"])) & (record.arrears == 0)
        mind.aware[:] = np.where(comes_up, luck < mind.memory, mind.aware)
        mind.debit_fails |= comes_up & record.autopay & (luck > 1 - self.p["behavior.debit_breaks"])
        again = draws.uniform(day, Purpose.world)
        mind.aware |= again < np.where(
            record.dpd > 0, self.p["behavior.remembers_late"], self.p["behavior.remembers"]
        )
        mind.debit_fails &= again >= self.p["behavior.debit_noticed"]

    def _chance(self, mind: Mind, record: Record, ahead: NDArray[np.int64]) -> Floats:
        p = self.p
        late = p["behavior.late"] - p["behavior.late_decay"] * np.log1p(record.dpd)
        early = p["behavior.early"] - p["behavior.early_slope"] * ahead
        due = np.where(record.arrears > 0, p["behavior.due_day"], early)
        odds = np.where(record.dpd > 0, late, due) + mind.will + mind.push - mind.grudge + mind.binding
        chance: Floats = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return chance


def asked_today(p: Parameters, record: Record, days: Days, day: int) -> tuple[Ints, NDArray[np.int64]]:
    """(what the borrower would pay today, days to the next due date).

    Arrears first: all of them, the plan's part once a month, or the settlement; else the coming installment from
    `early_window` days before it is due, less what is paid ahead. Nothing before disbursal or during an extension.
    """
    ahead = days.until_dom(day)[record.due_dom]
    arrears = record.arrears
    on_plan = record.plan_until >= day
    paid_lately = on_plan & (record.last_payment > day - 25)
    behind = np.where(on_plan, np.where(paid_lately, 0, np.minimum(arrears, record.plan_part)), arrears)
    behind = np.where(record.settle_until >= day, np.minimum(record.settle_amount, arrears), behind)
    more = (record.due_count < record.term) & (record.disbursed <= day)
    first_due = days.due_day(record.first_month, record.due_dom)
    comes = more & (ahead <= int(p["behavior.early_window"])) & (first_due - day <= ahead)
    paid_ahead = record.paid + record.forgiven - record.due
    coming = np.where(comes, np.maximum(record.part - np.maximum(paid_ahead, 0), 0), 0)
    coming = np.where(ahead == 0, 0, coming)  # on the due day itself the installment has fallen due: it is arrears
    asked = np.where(arrears > 0, behind, coming)
    asked = np.where(record.extension_until >= day, 0, asked)
    return asked, ahead


def _earned(mind: Mind, days: Days, day: int, luck: Floats) -> Ints:
    dom, week = days.dom[day], day % 14
    comes = [
        (mind.pay_kind == PaidBy.month) & (mind.payday == dom),
        (mind.pay_kind == PaidBy.fortnight) & (mind.payday % 14 == week),
        (mind.pay_kind == PaidBy.week) & (mind.payday % 7 == week % 7),
        (mind.pay_kind == PaidBy.gig) & (luck < 0.3),
    ]
    share = [mind.income, mind.income * 14 // MONTH, mind.income * 7 // MONTH, mind.income // 9]
    earned: Ints = np.select(comes, share, 0)
    return earned
