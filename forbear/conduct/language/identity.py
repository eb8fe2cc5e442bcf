"""Does a message say who it comes from, and how to stop it?

A request for payment must carry a name. Without facts the check warns only where a bare demand stands alone;
on a first contact, which must name the institution, a missing name is forbidden.
"""

from __future__ import annotations

import re

from forbear.conduct.language.hits import Hits
from forbear.conduct.language.lexicon import Lexicon

_SIGNED = re.compile(
    r"^\W*[A-Z][\w&'.]*(?: [A-Z&][\w&'.]*){0,4}\s*:|【[^】]+】|[{\[]\{?(?:lender|brand|company|agency|机构|公司|品牌)"
    r"|\b(?:from|at|with|for|through to|we're|I'm)\s+(?:\w+ (?:at|from|with) )?[A-Z][a-z]+ [A-Z]"
)
"""How a sender's name shows in the text itself: "Name:", 【名称】, a template's {lender}, "from Oak Finance"."""


def _first(hits: Hits, book: Lexicon, *names: str) -> tuple[int, int] | None:
    spans = [span for name in names for span in hits.of(book.concepts[name])]
    return min(spans, default=None)


def unnamed_demand(book: Lexicon, hits: Hits, original: str) -> tuple[int, int] | None:
    """The span of a demand for payment in a message that names no sender; none when it names one or asks nothing."""
    if _first(hits, book, "NAMED") or _SIGNED.search(original):
        return None
    return _first(hits, book, "DEMAND")


def softened(book: Lexicon, hits: Hits) -> bool:
    """Whether the message offers help, thanks or rights: the mark of a lender's own template, not of a bare demand."""
    return _first(hits, book, "HELPING") is not None


def offers_stop(book: Lexicon, hits: Hits) -> bool:
    """Whether the message says how to stop messages."""
    return _first(hits, book, "STOPPING") is not None
