"""Strategies by name, and anybody's own by `module:function`.

A maker is called with a seed and with a function that gives logged, randomised decisions of the world at hand
(`Logged`): strategies that learn call it, others do not. That is all that a strategy of one's own needs:

    def make(seed: int, past: Callable[[], Logged]) -> Strategy: ...
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from forbear.basics.errors import WrongUse
from forbear.simulate.strategies.interface import Logged, Strategy
from forbear.simulate.strategies.learned import learned
from forbear.simulate.strategies.lists import Chance, Explore, Ladder, Least, List, Nothing, balance, risk
from forbear.simulate.strategies.uplift import learn

Past = Callable[[], Logged]
Maker = Callable[[int, Past], Strategy]

STRATEGIES: dict[str, tuple[str, Maker]] = {
    "forbear": ("learned values, the mask, allocation by prices", lambda seed, past: learned(past(), seed)),
    "ladder": ("the same step for all, by days past due", lambda seed, _: Ladder(seed)),
    "balance": ("one list, highest balance first", lambda seed, _: List("balance", balance, seed)),
    "risk": ("one list, highest risk first", lambda seed, _: List("risk", risk, seed)),
    "random": ("whoever is late, by lot", lambda seed, _: Chance(seed)),
    "uplift": ("each channel's own list, by uplift per unit", lambda seed, past: learn(past(), seed)),
    "least": ("one message a spell of arrears", lambda seed, _: Least(seed)),
    "none": ("nobody is contacted", lambda _seed, _: Nothing()),
    "explore": ("acts by lot with known probabilities", lambda seed, _: Explore(seed)),
}


def strategy(name: str, seed: int, past: Past) -> Strategy:
    """The strategy of that name, or made by `module:function`.

    Raises:
        WrongUse: there is none.
    """
    if name in STRATEGIES:
        return STRATEGIES[name][1](seed, past)
    module, _, function = name.partition(":")
    if not function:
        raise WrongUse(f"no strategy {name!r}", f"strategies are {', '.join(STRATEGIES)}, or module:function")
    try:
        maker: Maker = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        hint = "name module:function, the module a file MODULE.py where you stand or one that is installed"
        raise WrongUse(f"strategy {name!r} cannot be loaded: {error}", hint) from error
    return maker(seed, past)
