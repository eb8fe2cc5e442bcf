"""The bootstrap world: real borrowers' months, replayed in blocks, with the effects of contacts grafted on.

Each month a borrower follows a block of a real account's states (installments unpaid at the month's end); when the
block ends, or when a contact changed the course, another block that begins in the borrower's present state is drawn.
Nobody has an income or a cause here but what the trajectory did: how people respond to contacts is assumed (the same
effects as elsewhere), only how they pay by themselves is real.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.days import Days
from forbear.simulate.evidence import Parameters
from forbear.simulate.record import Record
from forbear.simulate.streams import Purpose, Streams
from forbear.simulate.trajectories import WORST, Library
from forbear.simulate.worlds.people import Mind

Ints = NDArray[np.int64]
DECIDES = 7
"""Days before the due date on which the month's course is set; nobody pays earlier than that here."""


class Bootstrap:
    """How people pay in the bootstrap world."""

    has_money = False

    def __init__(self, parameters: Parameters, library: Library) -> None:
        self.p = parameters
        self.library = library

    def start(self, mind: Mind, record: Record, draws: Streams) -> None:
        """Those behind begin within a month whose course is drawn too."""
        behind = np.flatnonzero(record.arrears > 0)
        lucky = draws.uniform(0, Purpose.income)[behind] < self.p["bootstrap.month_begun"]
        mind.moves_on[behind] = np.where(lucky, (draws.uniform(0, Purpose.part)[behind] * 28).astype(np.int32), -1)
        mind.steps[behind] = np.where(lucky, 1, 0)

    def pays(self, mind: Mind, record: Record, days: Days, day: int, draws: Streams) -> Ints:
        """Money paid today by each borrower, minor units."""
        ahead = days.until_dom(day)[record.due_dom]
        more = (record.due_count < record.term) & (record.disbursed <= day)
        first = days.due_day(record.first_month, record.due_dom)
        upcoming = more & (ahead <= DECIDES) & (first - day <= ahead)
        self._set_course(mind, record, upcoming & (ahead == DECIDES), day, draws)
        self._after_term(mind, record, ~more & (ahead == DECIDES) & (record.arrears > 0), day, draws)
        payable = record.arrears + np.where(upcoming & (ahead > 0), record.part, 0)
        payable = np.minimum(payable, record.outstanding)
        payable = np.where(record.extension_until >= day, 0, payable)
        steps = self._by_course(mind, day, draws) + self._by_contact(mind, record, day, draws)
        paid = np.minimum(steps * record.part, payable)
        settles = (record.settle_until >= day) & (steps > 0)
        return np.where(settles, np.minimum(record.settle_amount, payable), paid)

    def _set_course(self, mind: Mind, record: Record, who: NDArray[np.bool_], day: int, draws: Streams) -> None:
        """What the block says of the coming month: how many installments will be paid, and when."""
        rows = np.flatnonzero(who)
        if not len(rows):
            return
        state = np.minimum(-(-record.arrears[rows] // record.part[rows]), WORST)
        row, place = mind.row[rows], mind.place[rows].astype(np.int64)
        ends = (row < 0) | (place >= self.library.length - 1)
        off = ends | (self.library.states[np.maximum(row, 0), np.minimum(place, self.library.length - 1)] != state)
        row[off] = self.library.draw(state[off], draws.uniform(day, Purpose.world)[rows][off])
        place[off] = 0
        then = self.library.states[row, place + 1].astype(np.int64)
        late = self.library.lateness(draws.uniform(day, Purpose.income)[rows])
        slow = (draws.uniform(day, Purpose.shock)[rows] * 28).astype(np.int64)
        delay = np.where(then == 0, np.maximum(late, 1 - DECIDES), slow)
        mind.row[rows], mind.place[rows] = row, (place + 1).astype(np.int8)
        mind.steps[rows] = np.clip(state + 1 - then, 0, WORST + 1)
        mind.moves_on[rows] = day + DECIDES + delay
        forgets = draws.uniform(day, Purpose.memory)[rows] < self.p["bootstrap.forgot"]
        mind.aware[rows] = ~(forgets & (state == 0) & ((mind.steps[rows] == 0) | (delay > 0)))

    def _after_term(self, mind: Mind, record: Record, who: NDArray[np.bool_], day: int, draws: Streams) -> None:
        """Nothing falls due any more: the moves go on, without a new installment."""
        self._set_course(mind, record, who, day, draws)
        mind.steps[who] = np.maximum(mind.steps[who] - 1, 0)

    def _by_course(self, mind: Mind, day: int, draws: Streams) -> Ints:
        now = (mind.moves_on == day) & (mind.steps > 0)
        mood = np.minimum(mind.push, 0) - mind.grudge
        holds_back = now & (draws.uniform(day, Purpose.pay) > np.exp(mood))
        mind.moves_on[holds_back] += int(self.p["bootstrap.holds_back_days"])
        steps: Ints = np.where(now & ~holds_back, mind.steps, 0).astype(np.int64)
        mind.steps[now & ~holds_back] = 0
        return steps

    def _by_contact(self, mind: Mind, record: Record, day: int, draws: Streams) -> Ints:
        """Payments that the trajectory did not have: reminded, or moved by what contacts have added."""
        base = self.p["bootstrap.base_odds"] - 0.5 * (record.arrears / record.part)
        moved = mind.push + mind.binding - mind.grudge
        extra = 1 / (1 + np.exp(-(base + np.maximum(moved, 0)))) - 1 / (1 + np.exp(-base))
        reminded = mind.aware & (record.last_reached == day) & (mind.steps == 0) & (record.arrears <= record.part)
        reminded &= (
            draws.uniform(day, Purpose.memory) < self.p["bootstrap.forgot"] * self.p["bootstrap.reminded_pays"]
        )
        pays = (record.arrears > 0) & ~mind.disputes
        pays &= (draws.uniform(day, Purpose.shock_size) < extra) | reminded
        wanted = np.where(draws.uniform(day, Purpose.part) < self.p["bootstrap.pays_all"], WORST + 1, 1)
        owed = -(-record.arrears // record.part)
        steps: Ints = np.where(pays, np.minimum(wanted, owed), 0)
        mind.steps[:] = np.maximum(mind.steps - steps, 0)
        return steps
