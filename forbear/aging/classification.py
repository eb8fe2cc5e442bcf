"""Classification schemes: categories by days past due, and the rule by which one loan pulls a debtor's others down.

Thresholds, titles and citations are data (`classifications.toml`). What a scheme cannot see (a borrower's means, a
restructuring's observation period) is not in it: the categories are the least that days past due alone ask for.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse


@dataclass(frozen=True)
class Category:
    """A category; a loan is in the last one whose `over` its dpd exceeds (None: the first, which takes the rest)."""

    category: str
    over: int | None
    title: dict[str, str]


@dataclass(frozen=True)
class Contagion:
    """When more than `share` of a debtor's debt is more than `over` days past due, all of it is `at_least` that bad."""

    over: int
    share: Decimal
    at_least: str
    rule: str


@dataclass(frozen=True)
class Scheme:
    """A way to classify: its categories from best to worst, its contagion rule if it has one, its citations."""

    name: str
    title: dict[str, str]
    categories: tuple[Category, ...]
    contagion: Contagion | None
    citations: tuple[dict[str, Any], ...]

    def category_at(self, dpd: int) -> str:
        """The category of a loan with these days past due, by itself."""
        return [c for c in self.categories if c.over is None or dpd > c.over][-1].category


@cache
def _shipped() -> dict[str, Any]:
    return tomllib.loads(files("forbear.aging").joinpath("classifications.toml").read_text(encoding="utf-8"))


def scheme(name: str, default_days: int) -> Scheme:
    """The scheme called `name` (cn_five, default).

    Args:
        name: as in `classifications.toml`.
        default_days: a loan is in default from this many days past due on; for schemes that ask.

    Raises:
        WrongUse: there is no such scheme.
    """
    if name not in _shipped():
        raise WrongUse(f"there is no classification {name!r}", f"known: {', '.join(_shipped())}")
    read = _shipped()[name]
    return Scheme(
        name,
        read["title"],
        tuple(_category(c, default_days) for c in read["categories"]),
        _contagion(read.get("contagion")),
        tuple(read.get("citations", ())),
    )


def _category(read: dict[str, Any], default_days: int) -> Category:
    over = default_days - 1 if read.get("over") == "default_days" else read.get("over")
    return Category(read["category"], over, read["title"])


def _contagion(read: dict[str, Any] | None) -> Contagion | None:
    return Contagion(read["over"], Decimal(read["share"]), read["at_least"], read["rule"]) if read else None
