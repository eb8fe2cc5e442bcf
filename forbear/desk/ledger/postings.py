"""The postings that an act has by itself; what follows from it is in `rules`. docs/ledger.md has them with figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forbear.desk.ledger.acts import Act, Booked, Line, Lines, Row, mirrored
from forbear.desk.ledger.kinds import CHARGES, SCHEDULING


def postings_of(
    act: Act, versions: Mapping[int, Sequence[Row]], before: int | None, undone: Booked | None
) -> Lines:
    """An act's own postings; they come to zero.

    Args:
        act: the act.
        versions: installments by version, of an act that puts a schedule in force.
        before: the version in force before it.
        undone: the entry that a reversal undoes.
    """
    if undone is not None:
        return mirrored(undone.lines)
    if act.kind in SCHEDULING:
        return _scheduled(versions[act.facts["version"]], versions[before] if before else ())
    if act.kind == "waiver":
        return _waived(act)
    if act.kind == "write-off":
        return {
            line: amount
            for name, part in act.facts["components"].items()
            for line, amount in ((Line("loss", name), part), (Line("written_off", name), -part))
        }
    return _plain(act)


def _plain(act: Act) -> Lines:
    """Of the kinds that move one amount from one account to another; a pause moves none."""
    if not act.amount:
        return {}
    charged = CHARGES.get(act.kind)
    debit, credit = {
        "disbursal": (Line("receivable", "principal"), Line("disbursed")),
        "payment": (Line("cash"), Line("unapplied")),
        "refund": (Line("unapplied"), Line("cash")),
        "transfer": (Line("transit"), Line("unapplied")),
        "fee": (Line("receivable", charged, act.facts.get("number")), Line("income", charged)),
        "penalty": (Line("receivable", charged, act.facts.get("number")), Line("income", charged)),
    }[act.kind]
    return {debit: act.amount, credit: -act.amount}


def _scheduled(rows: Sequence[Row], earlier: Sequence[Row]) -> Lines:
    lines: Lines = {}
    for name in ("fees", "interest"):
        change = sum(getattr(row, name) for row in rows) - sum(getattr(row, name) for row in earlier)
        if change:
            lines |= {Line("receivable", name): change, Line("income", name): -change}
    return lines


def _waived(act: Act) -> Lines:
    lines: Lines = {}
    for number, name, amount in act.facts["parts"]:
        lines |= {Line("receivable", name, number): -amount, Line("waived", name, number): amount}
    return lines
