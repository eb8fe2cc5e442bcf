"""Why a borrower is contacted, as data (`purposes.toml`): what must still be owed for the contact to be wanted."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from forbear.basics.errors import WrongUse
from forbear.desk.ledger.balances import Balance


@dataclass(frozen=True)
class Purpose:
    """A purpose; `owes` is outstanding, arrears or nothing."""

    name: str
    about: str
    owes: str
    facts: dict[str, str] = field(default_factory=dict)

    def wanted(self, owed: Iterable[Balance]) -> bool:
        """Whether what is owed now still calls for the contact."""
        if self.owes == "nothing":
            return True
        return any((one.arrears_total if self.owes == "arrears" else one.outstanding) > 0 for one in owed)


@cache
def purposes() -> dict[str, Purpose]:
    """All purposes by name."""
    table = tomllib.loads(files(__package__).joinpath("purposes.toml").read_text("utf-8"))
    return {name: Purpose(name, **row) for name, row in table.items()}


def purpose(name: str) -> Purpose:
    """The purpose of that name.

    Raises:
        WrongUse: there is none.
    """
    if name not in purposes():
        raise WrongUse(f"no purpose {name!r}", f"one of: {', '.join(purposes())}")
    return purposes()[name]
