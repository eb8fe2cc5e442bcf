"""Acts as planning reads them: kinds of act in a small table, people by number, and for each act which of both.

What many acts share (channel, sender, party, facts of the act) is cleaned and checked once for each kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from forbear.basics.errors import WrongUse
from forbear.conduct.planning_sql import text
from forbear.conduct.rules import ACTS, PARTIES

if TYPE_CHECKING:
    from forbear.conduct.planning import Engine

REQUIRED = ("act_id", "borrower_id", "channel", "at")
STANDARD = frozenset((*REQUIRED, "loan_id", "sender", "actor", "party", "number"))
KIND = ("channel", "sender", "actor", "party")


def words(name: str, default: str = "NULL") -> str:
    """A column's text without spaces around; the default where it is empty."""
    return f"COALESCE(NULLIF(TRIM(CAST({name} AS VARCHAR)), ''), {default})"


def span(engine: Engine, acts: str) -> tuple[datetime, datetime] | None:
    """The first and the last instant of the acts; None without acts.

    Raises:
        WrongUse: a column is missing, an act without instant or borrower, or an act_id used twice.
    """
    missing = [c for c in REQUIRED if c not in engine.columns(acts)]
    if missing:
        raise WrongUse(f"acts lack {', '.join(missing)}", "see docs/gate.md")
    count, dated, named, first, last = engine.rows(
        f'SELECT COUNT(*), COUNT("at"), COUNT(borrower_id), MIN("at"), MAX("at") FROM {acts}'
    )[0]
    if dated < count or named < count:
        raise WrongUse("an act has no instant or no borrower")
    if engine.repeats(acts, "act_id"):
        raise WrongUse("act_id is not unique")
    return (first, last) if count else None


def kinds(engine: Engine, acts: str, facts: Iterable[str]) -> tuple[str, ...]:
    """Make `gate_kinds` (k, its raw values as r_<column>, cleaned ones); the facts of acts that some rule reads.

    Raises:
        WrongUse: an unknown channel, party or actor.
    """
    there = engine.columns(acts)
    own = tuple(sorted(set(facts) & set(there) - STANDARD))
    raw = [c for c in (*KIND, *own) if c in there]
    sender = words("r_sender", "'lender'") if "sender" in there else "'lender'"
    actor = f"CASE WHEN {sender} = 'lender' THEN 'lender' ELSE 'agency' END"
    party = words("r_party", "'borrower'") if "party" in there else "'borrower'"
    columns = [
        "LOWER(TRIM(r_channel)) AS channel",
        f"{sender} AS sender",
        f"{words('r_actor', actor) if 'actor' in there else actor} AS actor",
        f"LOWER({party}) AS party",
        *(f"NULLIF(TRIM(CAST(r_{c} AS VARCHAR)), '') AS f_{c}" for c in own),
    ]
    engine.keep("gate_raw", f"SELECT DISTINCT {', '.join(f'{c} AS r_{c}' for c in raw)} FROM {acts}")
    engine.keep(
        "gate_kinds",
        f"""SELECT {engine.number} AS k, {engine.hash}({", ".join(f"r_{c}" for c in raw)}) AS hash, q.*, {", ".join(columns)}
        FROM gate_raw q""",
    )
    _refuse_unknown(engine, acts)
    return own


def _refuse_unknown(engine: Engine, acts: str) -> None:
    for column, known in {"channel": ACTS, "party": PARTIES, "actor": ("lender", "agency")}.items():
        listed = ", ".join(text(k) for k in known)
        bad = engine.rows(f"SELECT {column} FROM gate_kinds WHERE COALESCE({column}, '') NOT IN ({listed}) LIMIT 1")
        if bad:
            raw = f"LOWER(TRIM(CAST({column} AS VARCHAR)))"
            where = f"{raw} = {text(bad[0][0])}" if bad[0][0] else f"{column} IS NULL"
            act = engine.rows(f"SELECT MIN(act_id) FROM {acts} WHERE {where}")[0][0]
            raise WrongUse(f"act {act}: {column} is {bad[0][0]!r}", f"known are {', '.join(known)}")


def people(engine: Engine, acts: str) -> None:
    """Make `gate_roll` (b, borrower_id): a number for each borrower."""
    distinct = f"SELECT DISTINCT borrower_id FROM {acts}"
    engine.keep("gate_roll", f"SELECT {engine.number} AS b, borrower_id FROM ({distinct}) q")


def tasks(engine: Engine, acts: str, own: Iterable[str], both: Iterable[str]) -> bool:
    """Make `gate_tasks`: each act with its number, kind, person and the person who stands for hers (`planning_facts`).

    Returns:
        Whether the acts' own ids serve as their numbers.
    """
    there = engine.columns(acts)
    raw = [c for c in (*KIND, *own) if c in there]
    same = " AND ".join(f"a.{c} IS NOT DISTINCT FROM k.r_{c}" for c in raw)
    if not engine.repeats("gate_kinds", "hash"):  # no two kinds share a hash: it says as much as all columns
        same = f"{engine.hash}({', '.join(f'a.{c}' for c in raw)}) = k.hash"
    rest = ", ".join(f"a.{c}" if c in there else f"CAST(NULL AS VARCHAR) AS {c}" for c in ("number", "loan_id"))
    least = engine.rows(f"SELECT MIN(act_id) FROM {acts}")[0][0]
    numbered = isinstance(least, int) and least >= 0
    number = "a.act_id" if numbered else engine.number
    mixed = " OR ".join(f"k.f_{name} IS NOT NULL" for name in both)
    rep = f"CASE WHEN {mixed} THEN NULL ELSE p.rep END" if mixed else "p.rep"
    engine.keep(
        "gate_tasks",
        f"""SELECT {number} AS n, a.act_id, p.b, {rep} AS rep, k.k, a."at" AS moment, {rest}
        FROM {acts} a JOIN gate_kinds k ON {same} JOIN gate_people p ON p.borrower_id = a.borrower_id""",
    )
    return numbered
