"""Past contacts counted for planning: caps, waits, retention and clocks that jumped.

Only contacts young enough to matter are read, once. A sum for each person tells whose contacts could fill a cap or
start a wait at all; only for the acts of these are contacts counted act by act, in the zones, units and windows of
each rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from forbear.conduct import planning_limited as limited
from forbear.conduct import rules as r
from forbear.conduct.mechanisms import DAY, midnight
from forbear.conduct.planning_clock import local_day
from forbear.conduct.planning_facts import EPOCH, cleaned, holds, instant, loan_count, touches
from forbear.conduct.planning_masks import NONE, Masks, any_bit, bit, mask, without
from forbear.conduct.planning_sql import WORD, Clause, among, is_false, text, texts
from forbear.conduct.situation import PORTAL, RESULTS
from forbear.conduct.situation import zone as zone_of

if TYPE_CHECKING:
    from forbear.conduct.planning import Engine

BY_LOAN = ("debt", "collector")
KIND = ("channel", "direction", "result", "party")
_DEFAULTS = {"channel": "NULL", "direction": "'out'", "result": "''", "party": "'borrower'"}


def _wanted(c: Clause) -> tuple[str, tuple[str, ...], str, tuple[str, ...]] | None:
    p = c.parameters
    if isinstance(p, r.Frequency) and p.cap:
        return p.count, p.channels, p.direction, p.parties
    if isinstance(p, r.Wait) and isinstance(p.after, str):
        return p.after, p.channels, p.direction, p.parties
    return None


def _days(c: Clause) -> int | None:
    p = c.parameters
    return p.window.days if isinstance(p, r.Frequency) else p.days


def _hours(c: Clause) -> int | None:
    p = c.parameters
    return p.window.hours if isinstance(p, r.Frequency) else p.hours


def _reach(c: Clause) -> timedelta:
    """How long before an act a contact may lie to matter, whatever the zone."""
    days, hours = _days(c), _hours(c)
    return timedelta(hours=hours) if hours else timedelta(days=days or 0, hours=3)


def longest(clauses: Sequence[Clause]) -> timedelta:
    """The furthest that some clause looks back."""
    waits = [c for c in clauses if isinstance(c.parameters, r.Wait)]
    limits = [c.rule.except_.days or 0 for c in clauses if c.rule.except_]
    spans = [_reach(c) for c in (*counting(clauses), *waits)]
    return max([*spans, timedelta(days=max(limits, default=0))], default=timedelta(0))


def counting(clauses: Sequence[Clause]) -> list[Clause]:
    """Clauses that count contacts or wait after one."""
    return [c for c in clauses if _wanted(c)]


# --- once a plan --------------------------------------------------------------------------------------------------


def recent(engine: Engine, contacts: str, clauses: Sequence[Clause], facts: str, first: datetime) -> None:
    """`gate_contact_kinds` and `gate_contact_rows`: contacts young enough for some clause; `gate_lifts`."""
    there = engine.columns(contacts)
    reach = max((_reach(c) for c in counting(clauses)), default=timedelta(0))
    raw = [c for c in KIND if c in there]
    since = f'c."at" >= {instant(first - reach)}'
    engine.keep(
        "gate_contact_raw",
        f"SELECT DISTINCT {', '.join(f'c.{name} AS r_{name}' for name in raw)} FROM {contacts} c WHERE {since}",
    )
    engine.keep(
        "gate_contact_kinds",
        f"SELECT {engine.number} AS ck, q.*, {', '.join(_word(name, there) for name in KIND)} FROM gate_contact_raw q",
    )
    same = " AND ".join(f"c.{name} IS NOT DISTINCT FROM k.r_{name}" for name in raw)
    rest = ", ".join(
        f"NULLIF(TRIM(c.{name}), '') AS {name}" if name in there else f"CAST(NULL AS VARCHAR) AS {name}"
        for name in ("sender", "loan_id", "number")
    )
    engine.keep(
        "gate_contact_rows",
        f"""SELECT p.b, c."at" AS moment, k.ck, {rest} FROM {contacts} c JOIN gate_contact_kinds k ON {same}
        JOIN gate_roll p ON p.borrower_id = c.borrower_id WHERE {since}""",
    )
    lifting = {c.rule.except_.fact for c in (*counting(clauses), *limited.of(clauses)) if c.rule.except_}
    lifting |= {c.parameters.not_to for c in counting(clauses) if c.parameters.not_to}
    engine.keep("gate_lifts", cleaned(engine, facts, lifting or ("",), "gate_roll"))
    if limited.of(clauses):
        engine.keep("gate_talked", limited.talked(contacts, [_word(name, there, "c.") for name in KIND], rest))
    kept_for = "TRUE" if _keeping(clauses) else "FALSE"
    engine.keep(
        "gate_last",
        f"""SELECT p.b, MAX(c."at") AS moment FROM {contacts} c JOIN gate_roll p ON p.borrower_id = c.borrower_id
        WHERE {kept_for} GROUP BY p.b""",
    )


def _word(name: str, there: Sequence[str], raw: str = "r_") -> str:
    if name not in there:
        return f"CAST({_DEFAULTS[name]} AS VARCHAR) AS {name}"
    if name == "party":
        return f"CASE WHEN LOWER(TRIM({raw}party)) IN ({texts(r.PARTIES)}) THEN LOWER(TRIM({raw}party)) ELSE 'borrower' END AS party"
    if name == "channel":
        return f"CASE WHEN LOWER(TRIM({raw}channel)) IN ({texts((*r.ACTS, PORTAL))}) THEN LOWER(TRIM({raw}channel)) END AS channel"
    return f"COALESCE(NULLIF(LOWER(TRIM({raw}{name})), ''), {_DEFAULTS[name]}) AS {name}"


def _keeping(clauses: Sequence[Clause]) -> list[Clause]:
    """Clauses that keep records for a time after the last contact of all."""
    return [c for c in clauses if isinstance(c.parameters, r.Retain) and c.parameters.from_event == "last_contact"]


# --- whose contacts matter ----------------------------------------------------------------------------------------


def _matches(c: Clause) -> str:
    """Whether a kind of contact is counted by a clause, whoever it was of."""
    wanted = _wanted(c)
    assert wanted is not None
    kind, channels, direction, parties = wanted
    others = [result for result, classes in RESULTS.items() if kind not in classes]
    tests = [f"NOT {among('c.result', others)}"]
    tests.append(f"(c.channel IS NULL OR {among('c.channel', channels)})")
    if direction != "any":
        tests.append(f"c.direction = {text(direction)}")
    if not {"any", "same"} & set(parties):
        tests.append(among("c.party", parties))
    return " AND ".join(tests)


def busy(engine: Engine, masks: Masks, first: datetime) -> None:
    """`gate_busy`: acts that some clause may refuse because of contacts, with bits `z` of these clauses."""
    counted = counting(masks.clauses)
    engine.keep(
        "gate_counted",
        f"""SELECT c.ck, c.party, {", ".join(f"{mask([(x.number, _matches(x)) for x in counted], w)} AS z{w}" for w in masks.words)}
        FROM gate_contact_kinds c""",
    )
    sums = "".join(f", {_sum(engine, c, first)} AS {c.key}" for c in counted)
    engine.keep(
        "gate_sums",
        f"""SELECT r.b, MAX(r.moment) AS last{sums} FROM gate_contact_rows r JOIN gate_counted k ON k.ck = r.ck
        GROUP BY r.b""",
    )
    full = [
        (c.number, f"l.{c.key} >= {c.parameters.cap if isinstance(c.parameters, r.Frequency) else 1}")
        for c in counted
    ]
    load = f"""SELECT l.b, CASE WHEN l.last > {instant(first)} THEN 1 ELSE 0 END AS late,
        {", ".join(f"{mask(full, w)} AS z{w}" for w in masks.words)} FROM gate_sums l"""
    folded = ", ".join(f"BIT_OR(q.z{w}) AS z{w}" for w in masks.words)
    engine.keep(
        "gate_load",
        f"""SELECT q.b, MAX(q.late) = 1 AS late, {folded} FROM ({" UNION ALL ".join([load, *_excepted(masks)])}) q
        WHERE q.late = 1 OR {any_bit([f"q.z{w}" for w in masks.words])} GROUP BY q.b""",
    )
    keeping = {channel for c in _keeping(masks.clauses) for channel in c.rule.acts}
    kept = f"k.channel IN ({texts(keeping)})" if keeping else "FALSE"
    bits = [without(f"COALESCE(l.z{w}, {NONE})", f"k.u{w}") for w in masks.words]
    engine.keep(
        "gate_busy",
        f"""SELECT a.n, a.b, a.moment, a.p, a.mk, t.k, NULLIF(TRIM(t.number), '') AS number, NULLIF(TRIM(t.loan_id), '') AS loan_id, k.sender, k.party, k.channel,
            COALESCE(l.late, FALSE) AS late,
            {", ".join(f"{b} AS z{w}" for w, b in enumerate(bits))}
        FROM gate_asked a JOIN gate_tasks t ON t.n = a.n JOIN gate_kind_masks k ON k.k = a.k
        {"LEFT " if keeping else ""}JOIN gate_load l ON l.b = a.b
        WHERE COALESCE(l.late, FALSE) OR {kept} OR {any_bit(bits)}""",
    )


def _excepted(masks: Masks) -> list[str]:
    """People with an exception on record that ends by itself: their acts are looked at one by one."""
    of = [(c.number, f"f.fact = {text(c.rule.except_.fact)}") for c in limited.of(masks.clauses) if c.rule.except_]
    bits = ", ".join(f"{mask(of, w)} AS z{w}" for w in masks.words)
    return [f"SELECT f.b, 0 AS late, {bits} FROM gate_lifts f"] if of else []


def _sum(engine: Engine, c: Clause, first: datetime) -> str:
    """At most how many contacts of a person a clause can count: in the widest window of any zone, of any unit."""
    days = _days(c)
    begun = instant(first - _reach(c))
    if days and isinstance(c.parameters, r.Frequency):
        starts = engine.rows(
            f"""SELECT MIN(d.starts) FROM gate_days d JOIN gate_offsets o ON o.zone = d.zone
            AND o.since <= {instant(first)} AND {instant(first)} < o.until
            WHERE d.day = {local_day(instant(first))} - {days} + 1"""
        )[0][0]
        begun = instant(max(starts, first - _reach(c))) if starts else begun
    return (
        f"SUM(CASE WHEN (k.z{c.number // WORD} & {bit(c.number)}) <> 0 AND r.moment >= {begun} THEN 1 ELSE 0 END)"
    )


# --- counted act by act -------------------------------------------------------------------------------------------


def prepare(engine: Engine, masks: Masks) -> None:
    """`gate_contacted`: for each busy act the counts, and the instants at which windows have room and waits are over."""
    engine.keep(
        "gate_future",
        """SELECT g.n, COUNT(*) AS future FROM gate_busy g JOIN gate_contact_rows c ON c.b = g.b AND c.moment > g.moment
        WHERE g.late GROUP BY g.n""",
    )
    engine.keep(
        "gate_busy_zoned",
        """SELECT g.n, z.zone, z.place FROM gate_busy g JOIN gate_place_zones z ON z.p = g.p""",
    )
    counted = counting(masks.clauses)
    if counted:
        _beside(engine, masks, counted)
    for c in limited.of(masks.clauses):
        limited.prepare(engine, c, masks.columns)
    if counted:
        _lifted(engine, counted)
        _counts(engine, counted)
    for c in counted:
        if isinstance(c.parameters, r.Frequency):
            _free(engine, c)
        else:
            _after(engine, c)
    for c in _keeping(masks.clauses):
        _kept(engine, c)
    engine.keep("gate_contacted", _contacted(masks.clauses))


def _contacted(clauses: Sequence[Clause]) -> str:
    joins, columns = (
        ["LEFT JOIN gate_future f ON f.n = g.n"],
        ["g.n", "g.moment", "COALESCE(f.future, 0) > 0 AS jumped"],
    )
    counted = counting(clauses)
    if counted:
        joins.append("LEFT JOIN gate_counts q ON q.n = g.n")
    for c in limited.of(clauses):
        joins.append(f"LEFT JOIN gate_{c.key}_now {c.key}n ON {c.key}n.n = g.n")
        columns.append(f"COALESCE({c.key}n.lifted, 0) = 1 AS {c.key}_excepted")
    for c in (*counted, *_keeping(clauses)):
        frequency = isinstance(c.parameters, r.Frequency)
        if frequency:
            columns.append(f"q.{c.key}_count")
        name = "free" if frequency else "over"
        joins.append(f"LEFT JOIN gate_{c.key}_{name} {c.key} ON {c.key}.n = g.n")
        columns.append(f"{c.key}.{name} AS {c.key}_{name}")
    return f"SELECT {', '.join(columns)} FROM gate_busy g {' '.join(joins)}"


def _home(c: Clause) -> str:
    return text(c.pack.head.zone) if c.pack.head.zone else "NULL"


def _beside(engine: Engine, masks: Masks, counted: Sequence[Clause]) -> None:
    """`gate_beside`: each busy act beside the contacts that some clause may count, with the bits of these clauses."""
    longest = max(_reach(c) for c in counted) + timedelta(days=1)
    bits = [f"(g.z{w} & m.z{w})" for w in masks.words]
    engine.keep(
        "gate_beside",
        f"""SELECT g.n, g.b, g.moment, g.number, g.sender, g.party, g.loan_id, g.channel, c.moment AS c_at,
            c.sender AS c_sender, m.party AS c_party, c.loan_id AS c_loan_id, c.number AS c_number, {", ".join(f"{b} AS z{w}" for w, b in enumerate(bits))}
        FROM gate_busy g JOIN gate_contact_rows c ON c.b = g.b AND c.moment <= g.moment
            AND c.moment >= g.moment - INTERVAL {longest // timedelta(hours=1)} HOUR
        JOIN gate_counted m ON m.ck = c.ck WHERE {any_bit(bits)}""",
    )
    if any(c.rule.unit in BY_LOAN for c in counted):
        engine.keep("gate_loans", _LOANS)


def _lifted(engine: Engine, counted: Sequence[Clause]) -> None:
    """`gate_<clause>_lift`: instants at which the clause's exception held, so that contacts then are not counted."""
    for c in counted:
        if c.rule.except_ and c.rule.except_.limited:
            engine.keep(f"gate_{c.key}_lift", limited.lift(c))
        elif c.rule.except_:
            engine.keep(
                f"gate_{c.key}_lift",
                f"""SELECT g.n, g.c_at, 1 AS lifted FROM gate_beside g
                JOIN gate_lifts f ON f.b = g.b AND f.fact = {text(c.rule.except_.fact)}
                WHERE NOT {is_false("f.value")} AND {holds("f", "g.c_at")} AND {touches("g", "f")}
                    AND (f.number IS NULL OR COALESCE(f.number = g.number, FALSE))
                GROUP BY g.n, g.c_at, g.loan_id
                HAVING MAX(CASE WHEN f.loan_id IS NULL THEN 1 ELSE 0 END) = 1
                    OR COUNT(DISTINCT f.loan_id) = {loan_count("g")}""",
            )


def _of_unit(c: Clause) -> str:
    tests = [f"(x.z{c.number // WORD} & {bit(c.number)}) <> 0"]
    parties = c.parameters.parties
    if "same" in parties and "any" not in parties:
        tests.append(f"(x.c_party IN ({texts(parties)}) OR x.c_party = x.party)")
    if c.rule.unit == "number":
        tests.append("(x.number IS NULL OR x.c_number IS NULL OR x.c_number = x.number)")
    if c.rule.unit == "collector":
        tests.append("(x.c_sender IS NULL OR x.c_sender = x.sender)")
    return " AND ".join(tests)


def _rows_of(c: Clause) -> str:
    """One row an act, zone (and loan) and contact that the clause counts, windows applied."""
    days, hours, by_loan = _days(c), _hours(c), c.rule.unit in BY_LOAN
    zone = f"COALESCE(z.zone, {_home(c)}, 'UTC')" if hours or isinstance(c.parameters, r.Wait) else "z.zone"
    lift = not_lifted = window = loans = of_loan = strange = known = ""
    if c.parameters.not_to:
        strange = f"LEFT JOIN gate_{c.key}_strange st ON st.n = x.n AND st.c_number = x.c_number"
        known = "AND st.n IS NULL"
    if c.rule.except_ and c.rule.except_.limited:
        lift, not_lifted = limited.not_lifted(c)
    elif c.rule.except_:
        lift = f"LEFT JOIN gate_{c.key}_lift l ON l.n = x.n AND l.c_at = x.c_at"
        not_lifted = "AND l.lifted IS NULL"
    inside = f"x.c_at > x.moment - INTERVAL {hours} HOUR"
    if days:
        window = f"JOIN gate_days d ON d.zone = {zone} AND d.day = {local_day('x.moment')} - {days} + 1"
        inside = "x.c_at >= d.starts"
    if by_loan:
        loans = "JOIN gate_loans m ON m.n = x.n"
        of_loan = "AND (m.loan IS NULL OR x.c_loan_id IS NULL OR STRPOS(CONCAT('|', x.c_loan_id, '|'), CONCAT('|', m.loan, '|')) > 0)"
    chosen = "m.loan" if by_loan else "CAST(NULL AS VARCHAR)"
    return f"""SELECT x.n, {zone} AS zone, {chosen} AS loan, x.c_at FROM gate_beside x JOIN gate_busy_zoned z ON z.n = x.n
        JOIN gate_offsets o ON o.zone = {zone} AND o.since <= x.moment AND x.moment < o.until {window} {loans} {lift} {strange}
        WHERE {_of_unit(c)} AND {inside} {not_lifted} {of_loan} {known}"""


def _strange(fact: str) -> str:
    """Numbers of past contacts of which a fact holds at the act, so that contacts with them are not counted."""
    return f"""SELECT DISTINCT x.n, x.c_number FROM gate_beside x
        JOIN gate_lifts f ON f.b = x.b AND f.fact = {text(fact)} AND f.number = x.c_number
        WHERE NOT {is_false("f.value")} AND {holds("f", "x.moment")}"""


def _counts(engine: Engine, counted: Sequence[Clause]) -> None:
    """`gate_counts`: how many contacts each cap has used, the most over zones and loans."""
    parts = []
    for c in counted:
        if c.parameters.not_to:
            engine.keep(f"gate_{c.key}_strange", _strange(c.parameters.not_to))
        engine.keep(f"gate_{c.key}_rows", _rows_of(c))
        if isinstance(c.parameters, r.Frequency):
            parts.append(
                f"""SELECT n, {text(c.key)} AS clause, MAX(used) AS used FROM (SELECT n, zone, loan, COUNT(*) AS used
                FROM gate_{c.key}_rows GROUP BY n, zone, loan) u GROUP BY n"""
            )
    caps = [c for c in counted if isinstance(c.parameters, r.Frequency)]
    pivot = "".join(f", MAX(CASE WHEN clause = {text(c.key)} THEN used END) AS {c.key}_count" for c in caps)
    source = " UNION ALL ".join(parts) or "SELECT n, '' AS clause, 0 AS used FROM gate_busy WHERE FALSE"
    engine.keep("gate_counts", f"SELECT n{pivot} FROM ({source}) p GROUP BY n")


_LOANS = """SELECT n, TRIM(loan) AS loan FROM (SELECT n, UNNEST(STRING_SPLIT(loan_id, '|')) AS loan FROM gate_busy
        WHERE loan_id IS NOT NULL) s
    UNION ALL
    SELECT DISTINCT g.n, TRIM(c.loan) AS loan FROM gate_busy g JOIN (
        SELECT b, UNNEST(STRING_SPLIT(loan_id, '|')) AS loan FROM gate_contact_rows WHERE loan_id IS NOT NULL
    ) c ON c.b = g.b WHERE g.loan_id IS NULL
    UNION ALL
    SELECT g.n, CAST(NULL AS VARCHAR) AS loan FROM gate_busy g LEFT JOIN (
        SELECT DISTINCT b FROM gate_contact_rows WHERE loan_id IS NOT NULL
    ) c ON c.b = g.b WHERE g.loan_id IS NULL AND c.b IS NULL"""


def leaves(c: Clause, rows: str) -> str:
    """The latest instant at which a chosen event leaves the window, one row an n."""
    days, hours = _days(c), _hours(c)
    if hours:
        return f"SELECT k.n, MAX(k.c_at + INTERVAL {hours} HOUR) AS leaves FROM ({rows}) k GROUP BY k.n"
    return f"""SELECT k.n, MAX(d.starts) AS leaves FROM ({rows}) k
        JOIN gate_offsets o ON o.zone = k.zone AND o.since <= k.c_at AND k.c_at < o.until
        JOIN gate_days d ON d.zone = k.zone AND d.day = {local_day("k.c_at")} + {days} GROUP BY k.n"""


def _free(engine: Engine, c: Clause) -> None:
    """When a full window has room: when the contact that fills it leaves."""
    cap = c.parameters.cap
    chosen = f"""SELECT n, zone, c_at FROM (SELECT w.n, w.zone, w.c_at,
            ROW_NUMBER() OVER (PARTITION BY w.n, w.zone, w.loan ORDER BY w.c_at DESC) AS place
        FROM gate_{c.key}_rows w JOIN (SELECT n FROM gate_counts WHERE {c.key}_count >= {cap}) f ON f.n = w.n) q
        WHERE place = {cap}"""
    engine.keep(f"gate_{c.key}_free", f"SELECT n, leaves AS free FROM ({leaves(c, chosen)}) e")


def _after(engine: Engine, c: Clause) -> None:
    last = f"SELECT n, zone, MAX(c_at) AS c_at FROM gate_{c.key}_rows GROUP BY n, zone"
    engine.keep(f"gate_{c.key}_over", f"SELECT n, leaves AS over FROM ({leaves(c, last)}) e")


def _kept(engine: Engine, c: Clause) -> None:
    zone = _zone_to_keep_in(c)
    last = f"""SELECT g.n, {zone} AS zone, CAST(l.moment + o.minutes * INTERVAL 1 MINUTE AS DATE) AS day
        FROM gate_busy g JOIN gate_last l ON l.b = g.b JOIN gate_busy_zoned z ON z.n = g.n AND z.place = 0
        JOIN gate_offsets o ON o.zone = {zone} AND o.since <= l.moment AND l.moment < o.until"""
    kept_until(engine, c, last)


# --- instants that facts lead to ----------------------------------------------------------------------------------


def after_fact(engine: Engine, c: Clause) -> None:
    """`gate_<clause>_over`: when the wait after a fact is over, one row a subject."""
    zone = f"COALESCE(z.zone, {_home(c)}, 'UTC')"
    events = f"""SELECT z.n, {zone} AS zone, MAX(f.since) AS c_at FROM gate_subjects g JOIN gate_whereabouts z ON z.n = g.n
        JOIN gate_fact_rows f ON f.b = g.b AND f.fact = {text(c.parameters.after.fact)}
        WHERE NOT {is_false("f.value")} AND (f.since <= g.moment OR f.until <= g.moment) AND {touches("g", "f")}
        GROUP BY z.n, {zone}"""
    engine.keep(f"gate_{c.key}_over", f"SELECT n, leaves AS over FROM ({leaves(c, events)}) e")


def kept_until(engine: Engine, c: Clause, last: str) -> None:
    """`gate_<clause>_over`: when the time to keep records is over, from rows (n, zone, day: a date)."""
    p = c.parameters
    span = f"INTERVAL {p.days} DAY" if p.days is not None else f"INTERVAL {p.years} YEAR"
    engine.keep(
        f"gate_{c.key}_last",
        f"""SELECT n, zone, DATE_DIFF('day', DATE '1970-01-01', CAST(day + {span} AS DATE)) + 1 AS ends FROM ({last}) l
        WHERE day IS NOT NULL""",
    )
    # Records last for years, longer than the table of days: each midnight there is, is asked for by itself.
    keys = engine.rows(f"SELECT DISTINCT zone, ends FROM gate_{c.key}_last")
    starts = [(name, day, midnight(EPOCH + day * DAY, zone_of(name)).replace(tzinfo=None)) for name, day in keys]
    engine.put(f"gate_{c.key}_ends", [("zone", "VARCHAR"), ("ends", "INTEGER"), ("over", "TIMESTAMP")], starts)
    engine.keep(
        f"gate_{c.key}_over",
        f"""SELECT l.n, MAX(e.over) AS over FROM gate_{c.key}_last l
        JOIN gate_{c.key}_ends e ON e.zone = l.zone AND e.ends = l.ends GROUP BY l.n""",
    )


def kept_from_fact(engine: Engine, c: Clause, day: str) -> None:
    """`gate_<clause>_over` for records kept from a date on record, one row a subject."""
    zone = _zone_to_keep_in(c)
    rows = f"""SELECT s.n, {zone} AS zone, {day} AS day FROM gate_facts s
        JOIN gate_whereabouts z ON z.n = s.n AND z.place = 0"""
    kept_until(engine, c, rows)


def _zone_to_keep_in(c: Clause) -> str:
    return _home(c) if c.pack.head.zone else "COALESCE(z.zone, 'UTC')"
