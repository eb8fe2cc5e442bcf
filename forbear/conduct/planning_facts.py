"""What is known of people, for planning: one subject stands for all acts that see the same facts.

Most people have nothing on record but common facts that hold all the time: they share a profile, and one of them (the
representative) stands for all. Who has a fact narrowed to a number or a loan, one that begins or ends during the plan,
two of one name or a rare value is a subject of her own, apart for each number, loan, sender, channel or instant that
matters to her facts. The rules on facts are asked of subjects, not of acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from forbear.conduct import rules as r
from forbear.conduct.mechanisms import notice_over
from forbear.conduct.planning_sql import Clause, Columns, is_false, text, texts

if TYPE_CHECKING:
    from forbear.conduct.planning import Engine

EPOCH = date(1970, 1, 1)
NARROWING = ("loan_id", "number", "sender", "channel")
WORD = 60
MOST_TOKENS = 4 * WORD
"""Pairs of fact and value that profiles are made of; rarer ones make a subject of her own."""


# --- which facts matter -------------------------------------------------------------------------------------------


def used(clauses: Iterable[Clause]) -> frozenset[str]:
    """The facts that some clause may read, and the zone."""
    return frozenset(name for c in clauses for name in _names(c)) | {"time_zone"}


def _names(c: Clause) -> Iterable[str]:
    p, rule = c.parameters, c.rule
    yield from rule.unless
    yield from (x.fact for x in (rule.when, rule.except_) if x)
    yield from getattr(p, "facts", ())
    yield from getattr(p, "states", ())
    for bounds in ("at_least", "at_most", "one_of"):
        yield from getattr(p, bounds, {})
    yield from (name for names in getattr(p, "allow_when", {}).values() for name in names)
    yield from (x for x in (getattr(p, "fact", None), getattr(p, "from_event", None)) if x)
    if isinstance(getattr(p, "after", None), r.AfterFact):
        yield p.after.fact


def with_places(clauses: Iterable[Clause]) -> frozenset[str]:
    """Facts that an act's own value must join at the subject: the zone, hours agreed, dates to keep records from."""
    agreed = {c.rule.except_.fact for c in clauses if c.rule.mechanism == "hours" and c.rule.except_}
    kept = {c.parameters.from_event for c in clauses if c.rule.mechanism == "retain"}
    return frozenset(agreed | kept | {"time_zone"})


def _waits(clauses: Iterable[Clause]) -> frozenset[str]:
    """Facts that matter after they have ended."""
    return frozenset(
        c.parameters.after.fact
        for c in clauses
        if c.rule.mechanism == "wait" and isinstance(c.parameters.after, r.AfterFact)
    )


def _dated(clauses: Sequence[Clause]) -> frozenset[str]:
    """Facts of which the instant they began matters."""
    named = {c.parameters.fact for c in clauses if c.rule.mechanism == "notice" and c.parameters.days}
    named |= {c.parameters.fact for c in clauses if c.rule.mechanism == "fresh"}
    named |= {c.parameters.from_event for c in clauses if c.rule.mechanism == "retain"}
    return frozenset(named) | _waits(clauses)


# --- profiles -----------------------------------------------------------------------------------------------------


def profile(engine: Engine, facts: str, clauses: Sequence[Clause], first: datetime) -> frozenset[str]:
    """Make `gate_people` (b, borrower_id, rep; no rep: a subject of her own); the facts on record that matter."""
    there = engine.columns(facts)
    names = used(clauses)
    engine.keep(
        "gate_values",
        f"""SELECT f.fact, {_raw(there, "value")} AS value, COUNT(*) AS rows FROM {facts} f
        WHERE f.fact IN ({texts(names)}) GROUP BY f.fact, {_raw(there, "value")}""",
    )
    known = sorted(row[0] for row in engine.rows("SELECT DISTINCT fact FROM gate_values"))
    tokens = _tokens(engine, known, _dated(clauses))
    _marks(engine, facts, there, clauses, tokens, first)
    return frozenset(known)


def _raw(there: Sequence[str], name: str) -> str:
    return f"CAST(f.{name} AS VARCHAR)" if name in there else "CAST(NULL AS VARCHAR)"


def _tokens(engine: Engine, known: Sequence[str], dated: Iterable[str]) -> int:
    """`gate_tokens`: the commonest pairs of fact and value, a bit each, and a bit for each name; how many words."""
    date_like = "REGEXP_MATCHES(COALESCE(value, ''), '^ *[0-9]{4}-[0-9]{2}-[0-9]{2}')"
    apart = f"WHERE fact NOT IN ({texts(dated)}) OR {date_like}" if dated else ""
    found = engine.rows(
        f"SELECT fact, value FROM gate_values {apart} ORDER BY rows DESC, fact, value LIMIT {MOST_TOKENS}"
    )
    words = max(1, -(-len(found) // WORD), -(-len(known) // WORD))
    rows = [
        (fact, value, *_bits(number, words), *_bits(known.index(fact), words))
        for number, (fact, value) in enumerate(found)
    ]
    columns = [("fact", "VARCHAR"), ("value", "VARCHAR")]
    columns += [(f"{letter}{word}", "BIGINT") for letter in "mn" for word in range(words)]
    engine.put("gate_tokens", columns, rows)
    return words


def _bits(number: int, words: int) -> list[int]:
    return [1 << number % WORD if number // WORD == word else 0 for word in range(words)]


def _marks(
    engine: Engine, facts: str, there: Sequence[str], clauses: Sequence[Clause], words: int, first: datetime
) -> None:
    """`gate_people`, by way of each person's set of tokens."""
    begun = instant(first)
    lasting, waits = used(clauses), _waits(clauses)
    ended = f"(f.until IS NULL OR f.until > {begun}{f' OR f.fact IN ({texts(waits)})' if waits else ''})"
    notices = {c.parameters.fact for c in clauses if c.rule.mechanism == "notice"}
    odd = ["t.fact IS NULL", *(f"NULLIF(TRIM(f.{c}), '') IS NOT NULL" for c in NARROWING if c in there)]
    odd += ["f.until IS NOT NULL"] if "until" in there else []
    odd += [f"COALESCE(f.since > {begun}, FALSE)"] if "since" in there else []
    undated = "f.since IS NULL" if "since" in there else "TRUE"
    odd += [f"({undated} AND f.fact IN ({texts(notices)}))"] if notices else []
    sets = [f"{letter}{word}" for letter in "mn" for word in range(words)]
    engine.keep(
        "gate_marks",
        f"""SELECT f.borrower_id, COUNT(*) AS facts, MAX(CASE WHEN {" OR ".join(odd)} THEN 1 ELSE 0 END) AS odd,
            {", ".join(f"BIT_OR(t.{c}) AS {c}" for c in sets)}
        FROM {facts} f LEFT JOIN gate_tokens t ON t.fact = f.fact AND t.value IS NOT DISTINCT FROM {_raw(there, "value")}
        WHERE f.fact IN ({texts(lasting)}) AND {ended if "until" in there else "TRUE"} GROUP BY f.borrower_id""",
    )
    tokens = [f"m{word}" for word in range(words)]
    apart = " + ".join(f"BIT_COUNT(m.n{word})" for word in range(words))
    engine.keep(
        "gate_marked",
        f"""SELECT p.b, p.borrower_id, CASE WHEN m.borrower_id IS NULL THEN 0 WHEN m.odd = 1 OR m.facts <> {apart}
            THEN 1 ELSE 0 END AS odd, {", ".join(f"COALESCE(m.{c}, 0) AS {c}" for c in tokens)}
        FROM gate_roll p LEFT JOIN gate_marks m ON m.borrower_id = p.borrower_id""",
    )
    same = " AND ".join(f"q.{c} = m.{c}" for c in tokens)
    engine.keep(
        "gate_people",
        f"""SELECT m.b, m.borrower_id, q.rep FROM gate_marked m LEFT JOIN (
            SELECT {", ".join(tokens)}, MIN(b) AS rep FROM gate_marked WHERE odd = 0 GROUP BY {", ".join(tokens)}
        ) q ON m.odd = 0 AND {same}""",
    )


def instant(at: datetime) -> str:
    """An instant in SQL."""
    return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f}'"


def rows(engine: Engine, facts: str, clauses: Sequence[Clause]) -> None:
    """`gate_fact_rows`: the facts of subjects of their own and of representatives, cleaned."""
    engine.keep(
        "gate_whose",
        """SELECT b, borrower_id FROM gate_people WHERE rep IS NULL OR rep = b OR b IN (
            SELECT b FROM gate_tasks WHERE rep IS NULL)""",
    )
    engine.keep("gate_fact_rows", cleaned(engine, facts, used(clauses), "gate_whose"))


def cleaned(engine: Engine, facts: str, names: Iterable[str], people: str) -> str:
    """Facts of some names and people with all their columns; an empty value says yes."""
    there = engine.columns(facts)

    def words(name: str) -> str:
        return f"NULLIF(TRIM(f.{name}), '') AS {name}" if name in there else f"CAST(NULL AS VARCHAR) AS {name}"

    dates = ", ".join(f"f.{c}" if c in there else f"CAST(NULL AS TIMESTAMP) AS {c}" for c in ("since", "until"))
    value = f"COALESCE(NULLIF(TRIM({_raw(there, 'value')}), ''), 'true') AS value"
    return f"""SELECT p.b, f.fact, {value}, {dates}, {", ".join(words(c) for c in NARROWING)}
        FROM {facts} f JOIN {people} p ON p.borrower_id = f.borrower_id WHERE f.fact IN ({texts(names)})"""


# --- subjects -----------------------------------------------------------------------------------------------------

_KEYS = ("b", "moment", "sender", "number", "loan_id", "channel", "own")


def subjects(engine: Engine, columns: Columns, first: datetime, last: datetime) -> None:
    """`gate_subjects` (n negative: of her own) and `gate_own_of` (act, subject) for the acts of those."""
    low, high = instant(first), instant(last)
    changes = " OR ".join(f"({c} > {low} AND {c} <= {high})" for c in ("since", "until"))
    flags = ", ".join(f"MAX(CASE WHEN {c} IS NULL THEN 0 ELSE 1 END) AS by_{c}" for c in NARROWING)
    engine.keep(
        "gate_flags",
        f"SELECT b, {flags}, MAX(CASE WHEN {changes} THEN 1 ELSE 0 END) AS by_moment FROM gate_fact_rows GROUP BY b",
    )
    own = " OR ".join(f"k.f_{name} IS NOT NULL" for name in sorted(columns.both)) or "FALSE"
    sources = {
        "sender": "k.sender",
        "number": "NULLIF(TRIM(t.number), '')",
        "loan_id": "NULLIF(TRIM(t.loan_id), '')",
        "channel": "k.channel",
    }
    narrowed = ", ".join(f"CASE WHEN f.by_{c} = 1 THEN {source} END AS {c}" for c, source in sources.items())
    engine.keep(
        "gate_own_tasks",
        f"""SELECT t.n, t.b, CASE WHEN f.by_moment = 1 THEN t.moment ELSE {low} END AS moment, {narrowed},
            CASE WHEN {own} THEN k.k END AS own
        FROM gate_tasks t JOIN gate_kinds k ON k.k = t.k LEFT JOIN gate_flags f ON f.b = t.b WHERE t.rep IS NULL""",
    )
    keys = ", ".join(_KEYS)
    engine.keep("gate_own_subjects", f"SELECT -1 - MIN(n) AS n, {keys} FROM gate_own_tasks GROUP BY {keys}")
    same = " AND ".join(f"s.{c} IS NOT DISTINCT FROM t.{c}" for c in _KEYS)
    engine.keep("gate_own_of", f"SELECT t.n, s.n AS s FROM gate_own_tasks t JOIN gate_own_subjects s ON {same}")
    nothing = ", ".join(f"CAST(NULL AS VARCHAR) AS {c}" for c in ("sender", "number", "loan_id", "channel"))
    mixed = "".join(f", k.f_{name}" for name in sorted(columns.both))
    engine.keep(
        "gate_subjects",
        f"""SELECT q.*{mixed} FROM (SELECT rep AS n, rep AS b, {low} AS moment, {nothing}, CAST(NULL AS BIGINT) AS own
            FROM gate_people WHERE rep = b UNION ALL SELECT * FROM gate_own_subjects) q
        LEFT JOIN gate_kinds k ON k.k = q.own""",
    )


def touches(act: str, fact: str) -> str:
    """Whether a fact's narrowing columns let it concern an act."""
    listed = f"STRPOS(CONCAT('|', {act}.loan_id, '|'), CONCAT('|', {fact}.loan_id, '|')) > 0"
    return (
        f"({fact}.loan_id IS NULL OR {act}.loan_id IS NULL OR {listed}) "
        f"AND ({fact}.number IS NULL OR {act}.number IS NULL OR {fact}.number = {act}.number) "
        f"AND ({fact}.sender IS NULL OR {fact}.sender = {act}.sender) "
        f"AND ({fact}.channel IS NULL OR {fact}.channel = {act}.channel)"
    )


def holds(fact: str, at: str) -> str:
    """Whether a fact holds at an instant."""
    return f"({fact}.since IS NULL OR {fact}.since <= {at}) AND ({fact}.until IS NULL OR {at} < {fact}.until)"


def loan_count(act: str) -> str:
    """How many loans an act names; NULL when it names none."""
    return f"LENGTH({act}.loan_id) - LENGTH(REPLACE({act}.loan_id, '|', '')) + 1"


# --- instants that facts lead to ----------------------------------------------------------------------------------


def notices(engine: Engine, clauses: Sequence[Clause], columns: Columns) -> None:
    """`gate_<clause>_given` (n, given) and `gate_<clause>_over` (n, over) for each clause of notice."""
    for c in clauses:
        if c.parameters.fact in columns.known:
            engine.keep(f"gate_{c.key}_given", _given(c.parameters.fact))
            if c.parameters.days:
                _notice_ends(engine, c)


def _given(fact: str) -> str:
    """By when notice was given for the whole act: once for all, or for each of its loans."""
    mine = f"fact = {text(fact)} AND fits AND NOT {is_false('value')}"
    return f"""SELECT n, CASE WHEN MAX(alone) > 0 THEN CASE WHEN MAX(alone_undated) = 0 THEN MIN(alone_since) END
            WHEN COUNT(DISTINCT loan_id) = MAX(loans) AND MAX(undated) = 0 THEN MAX(loan_since) END AS given
        FROM (SELECT n, loan_id, MAX(loans) AS loans,
            MAX(CASE WHEN loan_id IS NULL THEN 1 ELSE 0 END) AS alone,
            MAX(CASE WHEN loan_id IS NULL AND since IS NULL THEN 1 ELSE 0 END) AS alone_undated,
            MIN(CASE WHEN loan_id IS NULL THEN since END) AS alone_since,
            MAX(CASE WHEN since IS NULL THEN 1 ELSE 0 END) AS undated,
            MIN(CASE WHEN loan_id IS NOT NULL THEN since END) AS loan_since
            FROM gate_held WHERE {mine} GROUP BY n, loan_id) l
        GROUP BY n"""


def _notice_ends(engine: Engine, c: Clause) -> None:
    """When the days of a notice are over: asked of `notice_over` once for each zone and day there is."""
    home = text(c.pack.head.zone) if c.pack.head.zone else "NULL"
    engine.keep(
        f"gate_{c.key}_days",
        f"""SELECT k.n, o.zone, DATE_DIFF('day', DATE '1970-01-01',
                CAST(k.given + o.minutes * INTERVAL 1 MINUTE AS DATE)) AS day
        FROM gate_{c.key}_given k JOIN gate_whereabouts z ON z.n = k.n
        JOIN gate_offsets o ON o.zone = COALESCE(z.zone, {home}) AND o.since <= k.given AND k.given < o.until""",
    )
    keys = engine.rows(f"SELECT DISTINCT zone, day FROM gate_{c.key}_days")
    p, country = c.parameters, c.pack.head.holidays
    ends: list[tuple[Any, ...]] = [
        (name, day, notice_over(EPOCH + timedelta(days=day), p, name, country).replace(tzinfo=None))
        for name, day in keys
    ]
    engine.put(f"gate_{c.key}_ends", [("zone", "VARCHAR"), ("day", "INTEGER"), ("over", "TIMESTAMP")], ends)
    engine.keep(
        f"gate_{c.key}_over",
        f"""SELECT d.n, MAX(e.over) AS over FROM gate_{c.key}_days d
        JOIN gate_{c.key}_ends e ON e.zone = d.zone AND e.day = d.day GROUP BY d.n""",
    )
