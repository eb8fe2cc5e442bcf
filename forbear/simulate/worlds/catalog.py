"""The worlds by name: which way of paying, with which effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse
from forbear.simulate.acts import menu
from forbear.simulate.days import Days
from forbear.simulate.evidence import Parameters, parameters
from forbear.simulate.record import Record
from forbear.simulate.streams import Streams
from forbear.simulate.trajectories import Library, invented_library
from forbear.simulate.worlds.bootstrap import Bootstrap
from forbear.simulate.worlds.people import Mind
from forbear.simulate.worlds.selfexciting import SelfExciting
from forbear.simulate.worlds.structural import Structural

OF_EFFECT = ("cue", "push", "grudge", "promise", "binding", "accepted")
"""Parameters of an act that change what a person does."""


class Behavior(Protocol):
    """A way of paying."""

    has_money: bool

    def start(self, mind: Mind, record: Record, draws: Streams) -> None:
        """Prepare a block."""

    def pays(self, mind: Mind, record: Record, days: Days, day: int, draws: Streams) -> NDArray[np.int64]:
        """Money paid today, minor units."""


@dataclass(frozen=True, eq=False)
class World:
    """A way of paying and its numbers.

    Attributes:
        name: as the command takes it.
        told: what it is, in a sentence.
        parameters: all numbers.
        behavior: how people pay.
    """

    name: str
    told: str
    parameters: Parameters
    behavior: Behavior


def _acts_with(p: Parameters, name: str) -> list[str]:
    return [k for a in menu().acts if (k := f"{a.name}.{name}") in p]


def placebo(p: Parameters) -> Parameters:
    """All effects of contacts on paying set to nothing; contacts still cost, burden and bring complaints."""
    nothing = {k: 0.0 for name in OF_EFFECT for k in _acts_with(p, name)}
    return p.with_values({**nothing, "contact.broken_grudge": 0.0, "contact.weary_grudge": 0.0})


def harm(p: Parameters) -> Parameters:
    """No contact helps, and each that finds the person costs will for good."""
    bare = placebo(p)
    return bare.with_values(dict.fromkeys(_acts_with(p, "grudge"), p["harm.grudge"]))


WORLDS: dict[str, tuple[str, Callable[[Parameters], Parameters]]] = {
    "structural": ("people with paydays, shocks, memory and will", lambda p: p),
    "selfexciting": ("repayment as a self-exciting process", lambda p: p),
    "bootstrap": ("months of real accounts, replayed in blocks", lambda p: p),
    "placebo": ("structural, and contacts do nothing", placebo),
    "harm": ("structural, and contacts only lower the will to pay", harm),
}


def world(name: str, *, values: dict[str, float] | None = None, library: Library | None = None) -> World:
    """The world of that name.

    Args:
        name: one of WORLDS.
        values: parameters that differ from the shipped ones.
        library: real months for the bootstrap world; without it an invented book's, which `told` says.

    Raises:
        WrongUse: no such world, or no such parameter.
    """
    if name not in WORLDS:
        raise WrongUse(f"no world {name!r}", f"worlds are {', '.join(WORLDS)}")
    told, changed = WORLDS[name]
    p = changed(parameters().with_values(values or {}))
    if name == "bootstrap":
        library = library or invented_library()
        return World(name, f"{told}: {library.told}", p, Bootstrap(p, library))
    kind = SelfExciting if name == "selfexciting" else Structural
    return World(name, told, p, kind(p))
