"""The self-exciting world: repayment as a marked point process, after Chehrazi and Weber (2015).

Whoever is behind pays with an intensity that returns to a level of the person's own, and jumps with every payment, the
more the larger it was; a contact adds a jump that fades (the treatment of Chehrazi, Glynn and Weber 2019), and what
contacts spoilt scales the whole down. There are no incomes here. Discretized to days: the chance to pay on a day is
1 - exp(-intensity). The form is the study's, the numbers are assumed (parameters.yaml).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.days import Days
from forbear.simulate.evidence import Parameters
from forbear.simulate.record import Record
from forbear.simulate.streams import Purpose, Streams
from forbear.simulate.worlds.people import Mind
from forbear.simulate.worlds.structural import asked_today

Ints = NDArray[np.int64]


class SelfExciting:
    """How people pay in the self-exciting world."""

    has_money = False

    def __init__(self, parameters: Parameters) -> None:
        self.p = parameters

    def start(self, mind: Mind, record: Record, draws: Streams) -> None:
        """Intensities begin at each person's own level."""
        mind.intensity[:] = self._level(mind)

    def pays(self, mind: Mind, record: Record, days: Days, day: int, draws: Streams) -> Ints:
        """Money paid today by each borrower, minor units."""
        p = self.p
        asked, ahead = asked_today(p, record, days, day)
        self._remembers(mind, record, ahead, day, draws)
        level = self._level(mind)
        mind.intensity += p["hawkes.return"] * (level - mind.intensity)
        pushed = mind.intensity + p["hawkes.push"] * np.maximum(mind.push + mind.binding, 0)
        rate = (
            pushed * np.exp(np.minimum(mind.push, 0) - mind.grudge) * np.where(mind.aware, 1, p["hawkes.unaware"])
        )
        late = 1 - np.exp(-rate)
        on_time = np.where(mind.aware, 1 / (1 + np.exp(-(p["hawkes.on_time"] + mind.will - mind.grudge))), 0)
        chance = np.where(record.dpd > 0, late, np.where(record.arrears > 0, on_time, p["hawkes.early"] * on_time))
        pays = (asked > 0) & ~mind.disputes & (draws.uniform(day, Purpose.pay) < chance)
        luck = draws.uniform(day, Purpose.part)
        whole = (luck < p["hawkes.pays_all"]) | (record.dpd == 0)
        share = np.where(whole, 1.0, luck)
        paid = np.where(
            pays, np.minimum(asked, np.maximum((asked * share).astype(np.int64) // 1000 * 1000, 1000)), 0
        )
        jump = p["hawkes.jump"] + p["hawkes.jump_size"] * paid / np.maximum(record.outstanding, 1)
        mind.intensity += np.where(paid > 0, jump, 0).astype(np.float32)
        return paid

    def _level(self, mind: Mind) -> NDArray[np.float32]:
        level: NDArray[np.float32] = (
            self.p["hawkes.level"] * np.exp(np.clip(self.p["hawkes.will"] * mind.will, -4, 3))
        ).astype(np.float32)
        return level

    def _remembers(self, mind: Mind, record: Record, ahead: Ints, day: int, draws: Streams) -> None:
        comes_up = (ahead == int(self.p["behavior.early_window"])) & (record.arrears == 0)
        mind.aware[:] = np.where(comes_up, draws.uniform(day, Purpose.memory) < mind.memory, mind.aware)
        again = np.where(record.dpd > 0, self.p["behavior.remembers_late"], self.p["behavior.remembers"])
        mind.aware |= draws.uniform(day, Purpose.world) < again
