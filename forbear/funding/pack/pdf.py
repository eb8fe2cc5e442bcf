"""The pack as PDF, fonts embedded: typst draws `pack.typ` from the sections, given as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.funding.pack.document import Cell, Writer, document

FIGURES = frozenset(["money", "count", "share", "plain"])


def pdf(told: Mapping[str, Any], language: str) -> bytes:
    """The pack of `funding.json` as PDF.

    Raises:
        WrongUse: there is no such language.
    """
    import typst

    write = Writer(told, language)
    pool = write.say("phrases", "whole_book")
    if told["funder"] is not None:
        pool = f"{write.say('phrases', 'funder')} {told['funder']}"
    given = {
        "language": language,
        "title": write.say("phrases", "title"),
        "facility": told["facility"] or "",
        "pool": pool,
        "as_of": f"{write.say('phrases', 'as_of')} {told['as_of']}",
        "currency": told["currency"],
        "chart": [
            {k: float(p[k]) for k in ("low", "expected", "high", "naive")} | {"label": p["ends_on"][2:7]}
            for p in told["forecast"]["periods"]
        ],
        "legend": [write.say("columns", k) for k in ("expected", "low", "high", "naive")],
        "sections": [
            {
                "name": s.name,
                "title": s.title,
                "lead": s.lead,
                "notes": s.notes,
                "tables": [
                    {"columns": t.columns, "rows": [[_cell(c) for c in row] for row in t.rows]} for t in s.tables
                ],
            }
            for s in document(told, language)
        ],
    }
    made: bytes = typst.compile(
        _template(), format="pdf", sys_inputs={"given": json.dumps(given, ensure_ascii=False)}
    )
    return made


def _cell(cell: Cell) -> dict[str, Any]:
    return {"text": cell.text, "figure": cell.kind in FIGURES, "tone": cell.tone}


@cache
def _template() -> bytes:
    return files(__package__).joinpath("pack.typ").read_bytes()
