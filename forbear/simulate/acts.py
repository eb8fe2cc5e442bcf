"""The acts of the simulated lender, read from acts.yaml: what each costs, uses, and puts on the person.

Act 0 is always `wait`. Strategies see this table; what an act does to a borrower is in parameters.yaml and known to
the worlds alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse

ACTS_FILE = Path(__file__).with_name("acts.yaml")
REACHES = ("none", "push", "text", "email", "phone", "letter", "door")
"""How an act finds the person; the column of a borrower's reach."""


@dataclass(frozen=True)
class Act:
    """One act: name, channel, cost (minor units), capacity used, burden, days past due it suits, and its kind."""

    name: str
    channel: str
    cost: int
    uses: dict[str, float]
    burden: float
    dpd: tuple[int, int]
    reach: str
    presses: bool
    relief: bool
    once: bool = False


@dataclass(frozen=True, eq=False)
class Menu:
    """All acts, in order, with the arrays that the daily step needs.

    Attributes:
        acts: `wait` first.
        resources: names of capacities.
        uses: acts x resources.
        cost: minor units, by act.
        burden: points, by act.
        reach: index into REACHES, by act.
        capacities: a day for 1,000 borrowers, by resource.
    """

    acts: tuple[Act, ...]
    resources: tuple[str, ...]
    uses: NDArray[np.float64]
    cost: NDArray[np.int64]
    burden: NDArray[np.float32]
    reach: NDArray[np.int8]
    capacities: NDArray[np.float64]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the acts in order."""
        return tuple(a.name for a in self.acts)

    def index(self, name: str) -> int:
        """The number of an act.

        Raises:
            WrongUse: there is none of that name.
        """
        if name not in self.names:
            raise WrongUse(f"no act {name!r}", f"acts are {', '.join(self.names)}")
        return self.names.index(name)

    def flag(self, name: str) -> NDArray[np.bool_]:
        """A yes-or-no column (`presses`, `relief`, `once`) by act."""
        return np.array([getattr(a, name) for a in self.acts])


@cache
def menu() -> Menu:
    """The shipped acts."""
    raw = yaml.safe_load(ACTS_FILE.read_text(encoding="utf-8"))
    acts = tuple(Act(name=n, **{**row, "dpd": tuple(row["dpd"])}) for n, row in raw["acts"].items())
    if acts[0].name != "wait":
        raise ValueError(f"{ACTS_FILE}: the first act must be `wait`")
    resources = tuple(raw["capacities"])
    uses = np.array([[a.uses.get(r, 0.0) for r in resources] for a in acts])
    return Menu(
        acts,
        resources,
        uses,
        np.array([a.cost for a in acts], dtype=np.int64),
        np.array([a.burden for a in acts], dtype=np.float32),
        np.array([REACHES.index(a.reach) for a in acts], dtype=np.int8),
        np.array([raw["capacities"][r] for r in resources], dtype=np.float64),
    )
