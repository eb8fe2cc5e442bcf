"""Judging by the million: the same rules over tables of acts, contacts and facts, in the night's engine.

`plan` writes two tables: `gate_verdicts` (one row an act: answer, until, because) and `gate_against` (one row an act
and rule that does not allow it). It gives what `judge` gives, act by act; a test holds both to that on random
histories. Nothing is asked twice: kinds of act, people with the same facts, minutes of the clock and people with many
contacts are each judged once (`planning_sql` says which rule is asked where), and an act only adds up the masks of its
own (`planning_masks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from forbear.conduct import planning_acts as acts_sql
from forbear.conduct import planning_clock as clock_sql
from forbear.conduct import planning_contacts as contacts_sql
from forbear.conduct import planning_facts as facts_sql
from forbear.conduct import planning_known as known_sql
from forbear.conduct import rules as r
from forbear.conduct.judge import CLOCK, MOST_STEPS, UNGOVERNED
from forbear.conduct.planning_masks import Masks, bit, without
from forbear.conduct.planning_sql import LONG_AGO, WORD, Clause, Columns, clauses_of, fresh_until, known_day, text
from forbear.conduct.situation import LAST_YEAR
from forbear.conduct.stack import Packs

CODES = ("allowed", "deferred", "denied")


class Engine(Protocol):
    """What planning needs of an engine; `DuckEngine` and `SparkEngine` offer it.

    Attributes:
        number: SQL that numbers the rows of a query, each once, from any start.
        hash: its function that makes a whole number of any values.
    """

    number: str
    hash: str

    def keep(self, name: str, query: str) -> None:
        """Make a table of a query, replacing one of that name."""

    def put(self, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]]) -> None:
        """Make a table of rows."""

    def view(self, name: str, query: str) -> None:
        """Name a query, to be run when it is asked."""

    def repeats(self, table: str, column: str) -> bool:
        """Whether some value of a column stands in two rows."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""


def plan(
    engine: Engine, packs: Packs, *, acts: str = "acts", contacts: str = "contacts", facts: str = "facts"
) -> None:
    """Judge every act of a table.

    Args:
        engine: where the tables are.
        packs: the rules to ask, with the packs below them.
        acts: table with act_id (unique), borrower_id, channel, at (TIMESTAMP, UTC) and any columns of `docs/gate.md`.
        contacts: table with borrower_id, at, channel, result and any of direction, party, sender, loan_id, number.
        facts: table with borrower_id, fact, value, since, until, loan_id, number, sender, channel.

    Raises:
        WrongUse: an act without its required values, or of an unknown channel, party or actor.
    """
    span = acts_sql.span(engine, acts)
    if span is None:
        _nothing(engine, acts)
        return
    own = acts_sql.kinds(engine, acts, facts_sql.used(clauses_of(packs, frozenset(r.ACTS))))
    every = clauses_of(packs, _channels(engine, "gate_kinds"))
    acts_sql.people(engine, acts)
    known = facts_sql.profile(engine, facts, every, span[0])
    columns = Columns(frozenset(own), known, frozenset(own) & (known | facts_sql.with_places(every)))
    numbered = acts_sql.tasks(engine, acts, own, sorted(columns.both))
    facts_sql.rows(engine, facts, every)
    contacts_sql.recent(engine, contacts, every, facts, span[0])
    night = _Night(engine, packs, columns, numbered)
    masks = _judge_once(night, "gate_first")
    _tell(engine, masks)
    _prove(night)
    engine.keep("gate_verdicts", _verdicts(night, masks))
    engine.view("gate_against", _against(night, masks))


def _nothing(engine: Engine, acts: str) -> None:
    none = "CAST(NULL AS VARCHAR) AS answer, CAST(NULL AS TIMESTAMP) AS until"
    engine.keep("gate_verdicts", f"SELECT act_id, {none}, CAST(NULL AS VARCHAR) AS because FROM {acts} WHERE FALSE")
    engine.view("gate_against", f"SELECT act_id, CAST(NULL AS VARCHAR) AS rule, {none} FROM {acts} WHERE FALSE")


def _channels(engine: Engine, table: str) -> frozenset[str]:
    return frozenset(row[0] for row in engine.rows(f"SELECT DISTINCT channel FROM {table}"))


# --- one pass -----------------------------------------------------------------------------------------------------


@dataclass
class _Night:
    """What one plan keeps from pass to pass; `numbered`: the acts' own ids serve as their numbers."""

    engine: Engine
    packs: Packs
    columns: Columns
    numbered: bool
    calendar: clock_sql.Calendar | None = None
    clauses: tuple[Clause, ...] = ()

    @property
    def act_id(self) -> str:
        """The act's id in a row `q` of a step."""
        return "q.n" if self.numbered else "q.act_id"


def _judge_once(night: _Night, step: str) -> Masks:
    """One pass over `gate_tasks`: a table `step` (one row an act), `gate_waiting` and `gate_waits` of the deferred."""
    engine, packs, columns = night.engine, night.packs, night.columns
    first, last = engine.rows("SELECT MIN(moment), MAX(moment) FROM gate_tasks")[0]
    channels = "(SELECT k.channel FROM gate_kinds k JOIN (SELECT DISTINCT k FROM gate_tasks) t ON t.k = k.k) q"
    clauses = tuple(clauses_of(packs, _channels(engine, channels), first.date(), last.date()))
    masks = Masks(clauses, columns)
    if clauses != night.clauses:
        _kinds(engine, masks)
    night.clauses = clauses
    facts_sql.subjects(engine, columns, first, last)
    known_sql.facts(engine, masks)
    clock_sql.places(engine, clauses, columns)
    reach = contacts_sql.longest(clauses)
    oldest = min(_oldest(engine, first), first - reach)
    night.calendar = clock_sql.calendar(engine, clauses, oldest, last + reach, night.calendar)
    _subjects(engine, masks)
    _asked(night)
    clock_sql.clock(engine, clauses)
    engine.keep("gate_t", _level(masks, "t", "gate_times", ["p", "mk"]))
    contacts_sql.busy(engine, masks, first)
    contacts_sql.prepare(engine, masks)
    engine.keep("gate_c", _level(masks, "c", "gate_contacted", ["n", "jumped"]))
    engine.keep(step, _step(night, masks))
    engine.keep("gate_waiting", _waiting(night, masks, step))
    engine.keep("gate_waits", _waits(masks))
    return masks


def _oldest(engine: Engine, first: datetime) -> datetime:
    """The earliest instant that some day is counted from."""
    tables = [f"SELECT MIN(moment) AS moment FROM {name}" for name in ("gate_contact_rows", "gate_last")]
    tables += ["SELECT MIN(since) AS moment FROM gate_lifts"]
    tables.append("SELECT MIN(since) AS moment FROM gate_fact_rows")
    oldest = engine.rows(f"SELECT MIN(moment) FROM ({' UNION ALL '.join(tables)}) m")[0][0]
    return min(oldest, first) if oldest else first


def _level(masks: Masks, level: str, source: str, keys: Sequence[str]) -> str:
    """A level's table: its keys, its masks, and the instants that deferrals name."""
    wanted = [f"{level}.{key}" for key in keys]
    wanted += masks.columns_of(level)
    wanted += [f"{said.until} AS {c.key}_until" for c, said in _deferring(masks) if _level_of(said.until) == level]
    if level == "t":
        wanted += [f"t.{key}_legal" for key in sorted({c.pack_key for c in masks.clauses})]
    return f"SELECT {', '.join(wanted)} FROM {source} {level}"


def _level_of(until: str) -> str:
    return until[0]


def _deferring(masks: Masks) -> list[tuple[Clause, Any]]:
    return [(c, said) for c, said in zip(masks.clauses, masks.said, strict=True) if said.until]


def _kinds(engine: Engine, masks: Masks) -> None:
    fresh = [
        c for c in masks.clauses if c.rule.mechanism == "fresh" and masks.columns.level(c.parameters.fact) == "k"
    ]
    last = "".join(f", {fresh_until(c, masks.columns)} AS {c.key}_last" for c in fresh)
    bits = "".join(f", {column}" for column in masks.columns_of("k"))
    engine.keep("gate_kind_masks", f"SELECT k.k, k.sender, k.channel, k.party{bits}{last} FROM gate_kinds k")


def _subjects(engine: Engine, masks: Masks) -> None:
    """`gate_s`: subjects with their masks, places and the instants that their facts lead to."""
    clauses, columns = masks.clauses, masks.columns
    notices = [c for c in clauses if c.rule.mechanism == "notice" and c.parameters.fact in columns.known]
    facts_sql.notices(engine, notices, columns)
    joins = [(c, "given") for c in notices] + [(c, "over") for c in notices if c.parameters.days]
    for c in clauses:
        if isinstance(c.parameters, r.Wait) and not isinstance(c.parameters.after, str):
            if c.parameters.after.fact in columns.known:
                contacts_sql.after_fact(engine, c)
                joins.append((c, "over"))
        elif isinstance(c.parameters, r.Retain) and columns.level(c.parameters.from_event) == "s":
            day = known_day(columns, c.parameters.from_event, "e")
            contacts_sql.kept_from_fact(engine, c, day)
            joins.append((c, "over"))
    fresh = [c for c in clauses if c.rule.mechanism == "fresh" and columns.level(c.parameters.fact) == "s"]
    made = [f"{c.key}_{what}.{what} AS {c.key}_{what}" for c, what in joins]
    made += [f"{fresh_until(c, columns)} AS {c.key}_last" for c in fresh]
    tables = [f"LEFT JOIN gate_{c.key}_{what} {c.key}_{what} ON {c.key}_{what}.n = s.n" for c, what in joins]
    extra = "".join(f", {column}" for column in made)
    engine.keep(
        "gate_seen",
        f"""SELECT s.*, w.p, (w.zone IS NULL) AS no_zone{extra} FROM gate_facts s
        JOIN gate_whereabouts w ON w.n = s.n AND w.place = 0 {" ".join(tables)}""",
    )
    late = [f"{c.key}_over" for c, what in joins if what == "over"] + [f"{c.key}_last" for c in fresh]
    engine.keep("gate_s", _level(masks, "s", "gate_seen", ["n", "p", *late]))


def _asked(night: _Night) -> None:
    """`gate_asked`: each act by numbers alone: kind, subject, place and minute."""
    ids = "" if night.numbered else ", t.act_id"
    night.engine.keep(
        "gate_asked",
        f"""SELECT t.n{ids}, t.b, t.k, s.n AS s, s.p, {clock_sql.minute_key("t.moment")} AS mk, t.moment
        FROM gate_tasks t LEFT JOIN gate_own_of o ON o.n = t.n JOIN gate_s s ON s.n = COALESCE(o.s, t.rep)""",
    )


def _step(night: _Night, masks: Masks) -> str:
    """One row an act: masks of the rules that deny (d) and defer (w), code."""
    words = masks.words
    live = [
        without(without(f"CAST({masks.all_of(w)} AS BIGINT)", masks.any_of("u", w)), masks.any_of("l", w))
        for w in words
    ]
    asked = " | ".join(without(f"CAST({masks.all_of(w)} AS BIGINT)", masks.any_of("u", w)) for w in words)
    denied = ", ".join(f"{live[w]} & {masks.any_of('d', w)} AS d{w}" for w in words)
    waiting = ", ".join(f"{live[w]} & {masks.any_of('w', w)} AS x{w}" for w in words)
    rest = ", ".join(f"q.d{w}, q.x{w} & ~q.d{w} AS w{w}" for w in words)
    no = " OR ".join(["q.jumped", "q.idle", *(f"q.d{w} <> 0" for w in words)])
    wait = " OR ".join(f"q.x{w} <> 0" for w in words)
    ids = "" if night.numbered else ", {}.act_id"
    return f"""SELECT q.n{ids.format("q")}, q.s, q.p, q.mk, q.jumped, q.idle, {rest}, CASE WHEN {no} THEN 2 WHEN {wait} THEN 1 ELSE 0 END AS code
        FROM (SELECT a.n{ids.format("a")}, a.s, a.p, a.mk, COALESCE(c.jumped, FALSE) AS jumped, ({asked}) = 0 AS idle, {denied}, {waiting}
            FROM gate_asked a JOIN gate_kind_masks k ON k.k = a.k JOIN gate_s s ON s.n = a.s
            JOIN gate_t t ON t.p = a.p AND t.mk = a.mk LEFT JOIN gate_c c ON c.n = a.n) q"""


def _instants(masks: Masks) -> list[tuple[Clause, str]]:
    """For each clause that may defer, the column with the instant."""
    return [(c, f"{_level_of(said.until)}.{c.key}_until") for c, said in _deferring(masks)]


def _bit_of(letter: str, c: Clause) -> str:
    return f"(q.{letter}{c.number // WORD} & {bit(c.number)}) <> 0"


def _waiting(night: _Night, masks: Masks, step: str) -> str:
    """Acts that some rule defers, with the instant that each rule names."""
    waits = [f"CASE WHEN {_bit_of('w', c)} THEN {column} END AS {c.key}" for c, column in _instants(masks)]
    some = " OR ".join(f"q.w{word} <> 0" for word in masks.words)
    return f"""SELECT {", ".join(["q.n", f"{night.act_id} AS act_id", "q.code", *waits])} FROM {step} q JOIN gate_s s ON s.n = q.s
        JOIN gate_t t ON t.p = q.p AND t.mk = q.mk LEFT JOIN gate_c c ON c.n = q.n WHERE {some}"""


def _waits(masks: Masks) -> str:
    """Until when each deferred act waits: until the last of its deferrals."""
    last = [f"COALESCE(q.{c.key}, {LONG_AGO})" for c, _ in _instants(masks)]
    return f"SELECT q.n, GREATEST({', '.join([LONG_AGO, LONG_AGO, *last])}) AS until FROM gate_waiting q WHERE q.code = 1"


# --- what is told -------------------------------------------------------------------------------------------------


def _tell(engine: Engine, masks: Masks) -> None:
    """`gate_reasons` (the rules against, for each combination of masks there is), `gate_denials`, `gate_deferrals`."""
    bits = [f"{letter}{word}" for letter in "dw" for word in masks.words]
    reasons: list[tuple[Any, ...]] = []
    denials: list[tuple[Any, ...]] = []
    said = engine.rows(f"SELECT DISTINCT jumped, idle, {', '.join(bits)} FROM gate_first WHERE code > 0")
    for number, (jumped, idle, *folded) in enumerate(said):
        own = [name for name, yes in ((CLOCK, jumped), (UNGOVERNED, idle)) if yes]
        denied = [*own, *_named(masks, folded[: len(masks.words)])]
        deferred = _named(masks, folded[len(masks.words) :])
        reasons.append((number, int(jumped), int(idle), *folded, "|".join(dict.fromkeys([*denied, *deferred]))))
        denials += [(number, name) for name in dict.fromkeys(denied)]
    kinds = [("reason", "INTEGER"), ("jumped", "INTEGER"), ("idle", "INTEGER"), *((b, "BIGINT") for b in bits)]
    engine.put("gate_reasons", [*kinds, ("because", "VARCHAR")], reasons)
    engine.put("gate_denials", [("reason", "INTEGER"), ("rule", "VARCHAR")], denials)
    parts = [
        f"SELECT q.act_id, {text(c.rule.id)} AS rule, q.{c.key} AS until FROM gate_waiting q WHERE {c.key} IS NOT NULL"
        for c, _ in _instants(masks)
    ]
    none = "SELECT act_id, '' AS rule, CAST(NULL AS TIMESTAMP) AS until FROM gate_waiting WHERE FALSE"
    engine.keep("gate_deferrals", " UNION ALL ".join([none, *parts]))


def _named(masks: Masks, folded: Sequence[int]) -> list[str]:
    return [c.rule.id for c in masks.clauses if folded[c.number // WORD] >> c.number % WORD & 1]


def _same(masks: Masks) -> str:
    """An act beside its combination of masks."""
    same = " AND ".join(f"m.{letter}{word} = q.{letter}{word}" for letter in "dw" for word in masks.words)
    return f"m.jumped = CAST(q.jumped AS INTEGER) AND m.idle = CAST(q.idle AS INTEGER) AND {same}"


def _verdicts(night: _Night, masks: Masks) -> str:
    named = " ".join(f"WHEN {code} THEN {text(name)}" for code, name in enumerate(CODES))
    return f"""SELECT {night.act_id} AS act_id, {text(CODES[0])} AS answer, CAST(NULL AS TIMESTAMP) AS until, CAST(NULL AS VARCHAR) AS because
        FROM gate_first q WHERE q.code = 0
        UNION ALL SELECT {night.act_id} AS act_id, CASE COALESCE(v.code, q.code) {named} END AS answer,
            CASE WHEN v.code = 1 THEN v.until END AS until, m.because
        FROM gate_first q LEFT JOIN gate_proved v ON v.n = q.n LEFT JOIN gate_reasons m ON {_same(masks)} WHERE q.code > 0"""


def _against(night: _Night, masks: Masks) -> str:
    """One row an act and rule that does not allow it."""
    return f"""SELECT {night.act_id} AS act_id, d.rule, 'denied' AS answer, CAST(NULL AS TIMESTAMP) AS until
        FROM gate_first q JOIN gate_reasons m ON {_same(masks)} JOIN gate_denials d ON d.reason = m.reason
        UNION ALL SELECT act_id, rule, 'deferred' AS answer, until FROM gate_deferrals"""


# --- deferrals are proved -----------------------------------------------------------------------------------------


def _prove(night: _Night) -> None:
    """Ask deferred acts again at the instant they were deferred to, until the gate allows them then."""
    engine = night.engine
    engine.keep("gate_proved", "SELECT n, 1 AS code, until FROM gate_waits")
    near = f"until < TIMESTAMP '{LAST_YEAR + 1}-01-01'"  # a state without end in sight: no clock reaches so far
    for _ in range(MOST_STEPS):
        if not engine.rows(f"SELECT n FROM gate_waits WHERE {near} LIMIT 1"):
            return
        engine.keep(
            "gate_moved",
            f"""SELECT t.n, t.act_id, t.b, t.rep, t.k, w.until AS moment, t.number, t.loan_id
            FROM gate_tasks t JOIN gate_waits w ON w.n = t.n AND w.{near}""",
        )
        engine.keep("gate_tasks", "SELECT * FROM gate_moved")
        _judge_once(night, "gate_step")
        engine.keep(
            "gate_next",
            """SELECT v.n, CASE WHEN s.code = 2 THEN 2 ELSE v.code END AS code, COALESCE(w.until, v.until) AS until
            FROM gate_proved v LEFT JOIN gate_step s ON s.n = v.n LEFT JOIN gate_waits w ON w.n = v.n""",
        )
        engine.keep("gate_proved", "SELECT * FROM gate_next")
    engine.keep(
        "gate_next",
        """SELECT v.n, CASE WHEN s.code = 1 THEN 2 ELSE v.code END AS code, v.until
        FROM gate_proved v LEFT JOIN gate_step s ON s.n = v.n""",
    )
    engine.keep("gate_proved", "SELECT * FROM gate_next")
