"""Buckets: named ranges of days past due. The sets are data (`buckets.toml`); a book's settings may bring their own."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse


@dataclass(frozen=True)
class Bucket:
    """A range of days past due, both ends in it; `dpd_to` None has no upper end."""

    bucket: str
    dpd_from: int
    dpd_to: int | None


@cache
def _shipped() -> dict[str, Any]:
    return tomllib.loads(files("forbear.aging").joinpath("buckets.toml").read_text(encoding="utf-8"))


def bucket_set(name: str) -> tuple[Bucket, ...]:
    """The shipped set called `name` (cn, us).

    Raises:
        WrongUse: there is no such set.
    """
    if name not in _shipped():
        raise WrongUse(
            f"there is no bucket set {name!r}", f"known: {', '.join(_shipped())}; or list your own under [buckets]"
        )
    return make_buckets([(b["bucket"], b["from"]) for b in _shipped()[name]["buckets"]])


def make_buckets(firsts: Sequence[tuple[str, int]]) -> tuple[Bucket, ...]:
    """Buckets from names and first days, in rising order.

    Raises:
        WrongUse: the first does not begin at 0, a name is used twice or the days do not rise.
    """
    days = [first for _, first in firsts]
    names = [name for name, _ in firsts]
    if not days or days[0] != 0:
        raise WrongUse("the first bucket must begin at 0 days past due", 'such as { bucket = "M0", from = 0 }')
    if any(a >= b for a, b in itertools.pairwise(days)) or len(set(names)) < len(names):
        raise WrongUse("buckets must rise by their first day, each with a name of its own")
    ends: list[int | None] = [after - 1 for after in days[1:]]
    return tuple(Bucket(n, d, end) for (n, d), end in zip(firsts, [*ends, None], strict=True))
