"""Loan identities in what a payer wrote: with spaces, hyphens, full-width digits, in capitals or not.

A text is cut into runs of letters and digits; an identity is one run, or several that only spaces and signs part. So an
identity is never found in the middle of a longer number, and "LN-00 12" is the same as "ln0012". One within a longer
found one does not count. `sql/guards.sql` has the index on the loans' identities in the same bare form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

RUN = re.compile(r"[0-9a-z]+")
GAP = re.compile(r"[\s\-_./\\:#*·—–−()\[\]]{0,3}")
"""What may stand between the parts of one identity."""
MOST_PARTS = 8
MOST_RUNS = 200
SHORTEST, LONGEST = 2, 60
BARE = "regexp_replace(lower(loan_id), '[^0-9a-z]+', '', 'g')"
"""The bare form of a loan's identity, as the database makes it."""


class Spoken(NamedTuple):
    """Something in a text that may be an identity: its bare form and where it stands."""

    bare: str
    start: int
    end: int

    @property
    def mixed(self) -> bool:
        """It has letters beside its digits."""
        return not self.bare.isdecimal()


def spoken(text: str) -> list[Spoken]:
    """All that may be identities in a text."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    runs = list(RUN.finditer(plain))[:MOST_RUNS]
    found: dict[tuple[int, int], Spoken] = {}
    for first in range(len(runs)):
        for last in range(first, min(first + MOST_PARTS, len(runs))):
            if last > first and not GAP.fullmatch(plain[runs[last - 1].end() : runs[last].start()]):
                break
            bare = "".join(run[0] for run in runs[first : last + 1])
            if len(bare) > LONGEST:
                break
            if len(bare) >= SHORTEST and any(map(str.isdecimal, bare)):
                place = runs[first].start(), runs[last].end()
                found[place] = Spoken(bare, *place)
    return list(found.values())


def named(said: Iterable[Spoken], known: Iterable[str]) -> list[Spoken]:
    """Those of what was said that are known, without those that lie within another known one."""
    bare = set(known)
    found = [one for one in said if one.bare in bare]
    return [
        one
        for one in found
        if not any(o is not one and o.start <= one.start and one.end <= o.end for o in found if o.bare != one.bare)
    ]
