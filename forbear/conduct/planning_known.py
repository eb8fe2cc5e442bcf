"""What subjects' facts say, for planning: values, days, states and notices as columns of one row a subject.

The facts that hold are folded for each subject and name first; only then are names turned into columns. The table
twin of `Situation.value` and `Situation.deciding`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from forbear.conduct import rules as r
from forbear.conduct.planning_clock import asked_hours
from forbear.conduct.planning_facts import holds, loan_count, touches
from forbear.conduct.planning_masks import NONE, Masks, bit
from forbear.conduct.planning_sql import WORD, Clause, day_of, is_false, text, yes

if TYPE_CHECKING:
    from forbear.conduct.planning import Engine


def facts(engine: Engine, masks: Masks) -> None:
    """`gate_facts`: subjects with their facts as columns, and the text of their zones."""
    engine.keep(
        "gate_held",
        f"""SELECT g.n, f.fact, f.value, f.since, f.until, f.loan_id, {loan_count("g")} AS loans,
            (f.number IS NULL OR COALESCE(f.number = g.number, FALSE)) AS fits
        FROM gate_subjects g JOIN gate_fact_rows f ON f.b = g.b
        WHERE {holds("f", "g.moment")} AND {touches("g", "f")}""",
    )
    scoped = bool(engine.rows("SELECT 1 FROM gate_held WHERE loan_id IS NOT NULL LIMIT 1"))
    engine.keep("gate_placed", _deciding() if scoped else _latest("fact, fits", "gate_held", "place = 1"))
    _names(engine, masks)
    engine.keep("gate_told", _told(masks, scoped))
    _bars(engine, masks)
    engine.keep(
        "gate_pivot",
        f"SELECT t.n AS subject{_columns(masks)} FROM gate_told t JOIN gate_names m ON m.fact = t.fact GROUP BY t.n",
    )
    zoned = "SELECT n, STRING_AGG(value, '|') AS zones FROM gate_held WHERE fact = 'time_zone' GROUP BY n"
    zones = "COALESCE(g.f_time_zone, z.zones)" if "time_zone" in masks.columns.both else "z.zones"
    rest = "".join(
        f", {table}.{c}"
        for table, name in (("f", "gate_pivot"), ("b", "gate_barred"))
        for c in engine.columns(name)
        if c not in ("subject", "n")
    )
    engine.keep(
        "gate_facts",
        f"""SELECT g.*, {zones} AS zones{rest} FROM gate_subjects g LEFT JOIN gate_pivot f ON f.subject = g.n
        LEFT JOIN gate_barred b ON b.n = g.n LEFT JOIN ({zoned}) z ON z.n = g.n""",
    )


def _latest(of: str, rows: str, decides: str) -> str:
    """Rows of facts with their place among those of a kind, the latest first, and whether they decide."""
    return f"""SELECT q.*, {decides} AS decides FROM (SELECT h.*, ROW_NUMBER() OVER (
        PARTITION BY n, {of} ORDER BY since DESC NULLS LAST, value DESC) AS place FROM {rows} h) q"""


def _deciding() -> str:
    """The twin of `Situation.deciding`: of each debt the latest fact decides, its own or the one for all debts."""
    same = "PARTITION BY n, fact, fits"
    ranked = f"(SELECT h.*, ROW_NUMBER() OVER ({same} ORDER BY since DESC NULLS LAST, value DESC) AS rank FROM gate_held h)"
    ahead = f"""(SELECT r.*, ROW_NUMBER() OVER ({same}, loan_id ORDER BY rank) AS place,
        COALESCE(MIN(CASE WHEN loan_id IS NULL THEN rank END) OVER ({same}), 1000000000) AS for_all FROM {ranked} r)"""
    own = "loan_id IS NOT NULL AND place = 1 AND rank < for_all"
    return f"""SELECT a.*, ({own}) OR (loan_id IS NULL AND place = 1
        AND COALESCE(SUM(CASE WHEN {own} THEN 1 ELSE 0 END) OVER ({same}) < loans, TRUE)) AS decides FROM {ahead} a"""


def _days_matter(clauses: Iterable[Clause]) -> frozenset[str]:
    """Facts of which a day is read: in the value, else that on which it began."""
    fresh = {c.parameters.fact for c in clauses if c.rule.mechanism == "fresh"}
    return frozenset(fresh | {c.parameters.from_event for c in clauses if c.rule.mechanism == "retain"})


def _waited(clauses: Iterable[Clause]) -> frozenset[str]:
    return frozenset(
        c.parameters.after.fact
        for c in clauses
        if isinstance(c.parameters, r.Wait) and isinstance(c.parameters.after, r.AfterFact)
    )


def _valued(clauses: Iterable[Clause]) -> frozenset[str]:
    """Facts of which the value is read."""
    found: set[str] = set()
    for c in clauses:
        p, rule = c.parameters, c.rule
        found |= {x.fact for x in (rule.when, rule.except_) if x}
        for part in ("facts", "at_least", "at_most", "one_of"):
            found |= set(getattr(p, part, ()))
        found |= {name for names in getattr(p, "allow_when", {}).values() for name in names}
    return frozenset(found)


# --- folded for each subject and name -----------------------------------------------------------------------------


def _names(engine: Engine, masks: Masks) -> None:
    """`gate_names`: a number for each fact, and the bits of the clauses that it bars."""
    bars = [c for c in masks.clauses if c.rule.mechanism == "bar" and c.parameters.value is None]
    rows = [
        (
            name,
            number,
            *(
                sum(1 << c.number % WORD for c in bars if name in c.parameters.states and c.number // WORD == w)
                for w in masks.words
            ),
        )
        for number, name in enumerate(sorted(masks.columns.known))
    ]
    columns = [("fact", "VARCHAR"), ("f", "INTEGER"), *((f"z{w}", "BIGINT") for w in masks.words)]
    engine.put("gate_names", columns, rows)


def _told(masks: Masks, scoped: bool) -> str:
    """One row a subject and fact: whether it covers the act, what the deciding rows say."""
    covers = "MAX(CASE WHEN fits AND loan_id IS NULL THEN 1 ELSE 0 END) = 1"
    if scoped:
        covers += " OR COUNT(DISTINCT CASE WHEN fits THEN loan_id END) = MAX(loans)"
    said = [
        "MIN(CASE WHEN fits AND decides THEN value END) AS low",
        "MAX(CASE WHEN fits AND decides THEN value END) AS high",
        f"MAX(CASE WHEN since IS NULL AND NOT {is_false('value')} THEN 1 ELSE 0 END) AS undated",
    ]
    if _days_matter(masks.clauses) & masks.columns.known:
        for name, day in (("day", day_of("value", "since")), ("began", "CAST(since AS DATE)")):
            mine = f"CASE WHEN fits AND decides THEN {day} END"
            said += [f"MIN({mine}) AS {name}_d", f"MAX({mine}) AS {name}_e"]
            said.append(f"MAX(CASE WHEN fits AND decides AND ({day}) IS NULL THEN 1 ELSE 0 END) AS {name}_x")
    return f"SELECT n, fact, ({covers}) AS covers, {', '.join(said)} FROM gate_placed GROUP BY n, fact"


def _bars(engine: Engine, masks: Masks) -> None:
    """`gate_barred`: for subjects in some state the bits of the clauses that it bars, for ever (bar_d) or until when."""
    bars = [c for c in masks.clauses if c.rule.mechanism == "bar"]
    wanted = [c for c in bars if c.parameters.value is not None]

    def bits(word: int) -> str:
        named = f"CASE WHEN {is_false('p.value')} THEN {NONE} ELSE m.z{word} END"
        apart = [
            f"CASE WHEN {yes('p.value', c.parameters.value)} AND p.fact = {text(name)} THEN {bit(c.number)} ELSE {NONE} END"
            for c in wanted
            if c.number // WORD == word
            for name in c.parameters.states
        ]
        return f"({' | '.join([named, *apart])})"

    rows = f"""SELECT p.n, p.until, {", ".join(f"{bits(w)} AS z{w}" for w in masks.words)}
        FROM gate_held p JOIN gate_names m ON m.fact = p.fact"""
    made = [f"BIT_OR(q.z{w}) AS bar_w{w}" for w in masks.words]
    made += [f"BIT_OR(CASE WHEN q.until IS NULL THEN q.z{w} ELSE {NONE} END) AS bar_d{w}" for w in masks.words]
    made += [
        f"MAX(CASE WHEN (q.z{c.number // WORD} & {bit(c.number)}) <> 0 THEN q.until END) AS {c.key}_barred"
        for c in bars
    ]
    some = " OR ".join(f"q.z{w} <> 0" for w in masks.words)
    engine.keep("gate_barred", f"SELECT q.n, {', '.join(made)} FROM ({rows}) q WHERE {some} GROUP BY q.n")


# --- names as columns ---------------------------------------------------------------------------------------------


def _columns(masks: Masks) -> str:
    """The columns that clauses read.

    v_ the value, u_ begun nobody knows when, h_ said of some part of the act, d_ e_ x_ days, b_ c_ y_ days of beginning.
    """
    known = sorted(masks.columns.known)
    number = {name: n for n, name in enumerate(known)}
    valued, waited, days = _valued(masks.clauses), _waited(masks.clauses), _days_matter(masks.clauses)
    hours = asked_hours(masks.clauses)
    made = [_column(number[n], "t.covers AND t.low = t.high", "t.high", f"v_{n}") for n in known if n in valued]
    made += [f"COALESCE({_one(number[n], 'TRUE', 't.undated')}, 0) = 1 AS u_{n}" for n in known if n in waited]
    made += [f"COALESCE({_one(number[n], 'TRUE', '1')}, 0) = 1 AS h_{n}" for n in known if n in hours]
    for name in (n for n in known if n in days):
        for letter, column in zip("debc", ("day_d", "day_e", "began_d", "began_e"), strict=True):
            made.append(_column(number[name], "t.covers", f"t.{column}", f"{letter}_{name}"))
        for letter, column in zip("xy", ("day_x", "began_x"), strict=True):
            made.append(f"COALESCE({_one(number[name], 't.covers', f't.{column}')}, 0) = 1 AS {letter}_{name}")
    return "".join(f", {part}" for part in made)


def _one(number: int, where: str, value: str) -> str:
    return f"MAX(CASE WHEN m.f = {number} AND {where} THEN {value} END)"


def _column(number: int, where: str, value: str, name: str) -> str:
    return f"{_one(number, where, value)} AS {name}"
