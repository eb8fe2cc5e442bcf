"""Places and minutes for planning: what the clock says is asked once for each minute of each place, not for each act.

A place is a set of zones with the hours agreed there; most people share one. Acts of the same minute and place share a
row of the clock: whether each rule's hours are shut, when they open, which day it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from forbear.conduct.mechanisms import Clocks, is_holiday
from forbear.conduct.planning_sql import NOTHING, Clause, Columns, is_false, is_true, text
from forbear.conduct.planning_time import day_starts, offset_rows, split_zones
from forbear.conduct.rules import Hours

if TYPE_CHECKING:
    from forbear.conduct.planning import Engine

EPOCH = date(1970, 1, 1)
MINUTE = 60_000_000


def minute_key(moment: str) -> str:
    """A number for each minute's start and one for the rest of the minute: windows of hours may tell these apart."""
    micros = f"EPOCH_US({moment})"
    return f"CAST(({micros} // {MINUTE}) * 2 + CASE WHEN {micros} % {MINUTE} = 0 THEN 0 ELSE 1 END AS INTEGER)"


def _of(clauses: Sequence[Clause]) -> list[Clause]:
    return [c for c in clauses if c.rule.mechanism == "hours"]


def _agreed(c: Clause) -> str | None:
    """The fact that may say other hours."""
    return c.rule.except_.fact if c.rule.except_ else None


# --- places -------------------------------------------------------------------------------------------------------


def places(engine: Engine, clauses: Sequence[Clause], columns: Columns) -> None:
    """`gate_places` (p, zones, agreed hours), `gate_place_of` (subject n, p), `gate_whereabouts` (n, place, zone)."""
    said = sorted({name for c in _of(clauses) if (name := _agreed(c))})
    agreed = "".join(f", {columns.value(name)} AS {_column(name)}" for name in said)
    split = sorted(asked_hours(clauses))
    agreed += "".join(f", {_is_split(name, columns)} AS {_split(name)}" for name in split)
    engine.keep("gate_spots", f"SELECT s.n, s.zones{agreed} FROM gate_facts s")
    parts = ["zones", *(_column(name) for name in said), *(_split(name) for name in split)]
    engine.keep(
        "gate_places",
        f"SELECT {engine.number} AS p, q.* FROM (SELECT DISTINCT {', '.join(parts)} FROM gate_spots) q",
    )
    same = " AND ".join(f"s.{c} IS NOT DISTINCT FROM p.{c}" for c in parts)
    engine.keep("gate_place_of", f"SELECT s.n, p.p FROM gate_spots s JOIN gate_places p ON {same}")
    _zones(engine)


def asked_hours(clauses: Sequence[Clause]) -> frozenset[str]:
    """Facts that alone shut a rule of hours: what they say of a part of the act must not be lost."""
    return frozenset(name for c in _of(clauses) if c.parameters.all_day and (name := _agreed(c)))


def _column(name: str) -> str:
    return f"agreed_{name}"


def _split(name: str) -> str:
    return f"split_{name}"


def _is_split(name: str, columns: Columns) -> str:
    """Whether something is said of the hours, but not one thing for all that the act is about."""
    return f"COALESCE({columns.value(name)} IS NULL AND s.h_{name}, FALSE)" if name in columns.known else "FALSE"


def _zones(engine: Engine) -> None:
    said = [row[0] for row in engine.rows("SELECT DISTINCT zones FROM gate_places WHERE zones IS NOT NULL")]
    known = [(zones, name, number) for zones in said for number, name in enumerate(split_zones(zones))]
    engine.put("gate_zone_names", [("zones", "VARCHAR"), ("zone", "VARCHAR"), ("place", "INTEGER")], known)
    engine.keep(
        "gate_place_zones",
        """SELECT p.p, COALESCE(z.place, 0) AS place, z.zone FROM gate_places p
        LEFT JOIN gate_zone_names z ON z.zones = p.zones""",
    )
    engine.keep(
        "gate_whereabouts",
        "SELECT o.n, o.p, z.place, z.zone FROM gate_place_of o JOIN gate_place_zones z ON z.p = o.p",
    )


# --- the calendar -------------------------------------------------------------------------------------------------


Calendar = tuple[datetime, datetime, tuple[str, ...]]


def calendar(
    engine: Engine, clauses: Sequence[Clause], first: datetime, last: datetime, there: Calendar | None
) -> Calendar:
    """Offsets and midnights of every zone in use, from the oldest day counted from to long after the last act.

    The calendar that is `there` from an earlier pass is used again where it will do.
    """
    begin, end = _year(first, -1), _year(last, 3)
    names = {row[0] for row in engine.rows("SELECT DISTINCT zone FROM gate_place_zones WHERE zone IS NOT NULL")}
    names |= {c.pack.head.zone for c in clauses if c.pack.head.zone}
    names |= {c.parameters.zone for c in _of(clauses) if c.parameters.zone != "borrower"}
    zones = tuple(sorted(names | {"UTC"}))
    if there == (begin, end, zones):
        return there
    offsets = [("zone", "VARCHAR"), ("since", "TIMESTAMP"), ("until", "TIMESTAMP"), ("minutes", "INTEGER")]
    engine.put("gate_offsets", offsets, offset_rows(zones, begin, end))
    days = [("zone", "VARCHAR"), ("day", "INTEGER"), ("starts", "TIMESTAMP")]
    engine.put("gate_days", days, day_starts(zones, begin, end))
    _holidays(engine, clauses, begin, end)
    return begin, end, zones


def _year(at: datetime, ahead: int) -> datetime:
    """The start of a year some years off: whole years, so that the calendar of one run serves the next."""
    return datetime(min(max(at.year + ahead, 1970), 2100), 1, 1, tzinfo=UTC)


def _holidays(engine: Engine, clauses: Sequence[Clause], begin: datetime, end: datetime) -> None:
    countries = {c.pack.head.holidays for c in _of(clauses) if c.parameters.not_on_holidays}
    days = [begin.date() + timedelta(days=n) for n in range((end - begin).days + 1)] if any(countries) else []
    rows = [
        (name, (day - EPOCH).days)
        for name in sorted(filter(None, countries))
        for day in days
        if is_holiday(day, name)
    ]
    engine.put("gate_holidays", [("country", "VARCHAR"), ("day", "INTEGER")], rows)


# --- the clock ----------------------------------------------------------------------------------------------------


def _local(at: str, offsets: str = "o") -> str:
    return f"({at} + {offsets}.minutes * INTERVAL 1 MINUTE)"


def local_day(at: str, offsets: str = "o") -> str:
    """The local date, as days since 1970."""
    return f"DATE_DIFF('day', DATE '1970-01-01', CAST({_local(at, offsets)} AS DATE))"


def clock(engine: Engine, clauses: Sequence[Clause]) -> None:
    """`gate_clock` (t, p, mk, moment), `gate_zoned` (it in each zone), `gate_times` (it with each rule's hours)."""
    engine.keep("gate_minutes", "SELECT p, mk, MIN(moment) AS moment FROM gate_asked GROUP BY p, mk")
    engine.keep("gate_clock", f"SELECT {engine.number} AS t, q.* FROM gate_minutes q")
    engine.keep(
        "gate_zoned",
        f"""SELECT g.t, g.p, g.moment, z.place, z.zone, {_local("g.moment")} AS local, {local_day("g.moment")} AS day
        FROM gate_clock g JOIN gate_place_zones z ON z.p = g.p
        JOIN gate_offsets o ON o.zone = COALESCE(z.zone, 'UTC') AND o.since <= g.moment AND g.moment < o.until""",
    )
    for c in _of(clauses):
        engine.keep(f"gate_{c.key}", _hours_open(c))
        _openings(engine, c)
    engine.keep("gate_times", _times(clauses))


def _hours_open(c: Clause) -> str:
    """One row a row of the clock: the window in minutes, whether it is shut in some zone or not known, the zones asked."""
    p: Hours = c.parameters
    fact = _agreed(c)
    agreed = f"g.{_column(fact)}" if fact else NOTHING
    shape = "'^ *(([01][0-9]|2[0-3]):[0-5][0-9]|24:00) *- *(([01][0-9]|2[0-3]):[0-5][0-9]|24:00) *$'"
    apart = f"TRIM(SPLIT_PART({agreed}, '-', 1)) <> TRIM(SPLIT_PART({agreed}, '-', 2))"
    said = f"COALESCE(REGEXP_MATCHES({agreed}, {shape}) AND {apart}, FALSE)"
    words = f"LOWER(TRIM({agreed}))"
    unread = f"({agreed} IS NOT NULL AND NOT {said} AND NOT {is_true(words)} AND NOT {is_false(words)})"
    if fact and p.all_day:
        unread += f" OR g.{_split(fact)}"
    opens, closes = (f"CASE WHEN {said} THEN {_minute_of(agreed, part)} END" for part in (1, 2))
    own = ", ".join(str(d) for d in p.days)
    holiday = ""
    if p.not_on_holidays and c.pack.head.holidays:
        holiday = "AND x.holiday IS NULL"
    edge = ">" if p.edges == "open" else ">="
    return f"""SELECT x.t, MAX(x.zones) AS zones, MAX(x.opens) AS opens, MAX(x.closes) AS closes,
        MAX(CASE WHEN x.said THEN 1 ELSE 0 END) AS agreed,
        MAX(CASE WHEN x.zone IS NULL OR x.unread THEN 1 ELSE 0 END) AS unknown,
        MAX(CASE WHEN (MOD(x.day + 3, 7) + 1) IN ({own}) {holiday} AND (CASE WHEN x.opens < x.closes
            THEN x.after_open AND x.seconds < x.closes * 60 ELSE x.after_open OR x.seconds < x.closes * 60 END)
            THEN 0 ELSE 1 END) AS shut
        FROM (SELECT w.*, CASE WHEN w.said THEN w.seconds >= w.opens * 60 ELSE w.seconds {edge} w.opens * 60 END AS after_open
            FROM (SELECT s.t, s.zone, s.zones, s.day, h.day AS holiday, {said} AS said, {unread} AS unread,
                COALESCE({opens}, {_minutes(p.open)}) AS opens, COALESCE({closes}, {_minutes(p.close)}) AS closes,
                HOUR(s.local) * 3600 + MINUTE(s.local) * 60 + FLOOR(EXTRACT(SECOND FROM s.local)) + {_bit_over("s.local")} AS seconds
                FROM ({_zones_asked(p)}) s JOIN gate_places g ON g.p = s.p
                LEFT JOIN gate_holidays h ON h.day = s.day AND h.country = {text(c.pack.head.holidays or "")}) w) x
        GROUP BY x.t"""


def _bit_over(local: str) -> str:
    """Half a second where the instant has a fraction: only that it is over the second counts."""
    return f"CASE WHEN EPOCH_US({local}) % 1000000 = 0 THEN 0 ELSE 0.5 END"


def _zones_asked(p: Hours) -> str:
    if p.zone == "borrower":
        return "SELECT z.t, z.p, z.zone, q.zones, z.local, z.day FROM gate_zoned z JOIN gate_places q ON q.p = z.p"
    zone = text(p.zone)
    return f"""SELECT c.t, c.p, {zone} AS zone, {zone} AS zones, {_local("c.moment")} AS local, {local_day("c.moment")} AS day
        FROM gate_clock c JOIN gate_offsets o ON o.zone = {zone} AND o.since <= c.moment AND c.moment < o.until"""


def _minute_of(value: str, part: int) -> str:
    clock_time = f"TRIM(SPLIT_PART({value}, '-', {part}))"
    return f"(CAST(SUBSTR({clock_time}, 1, 2) AS INTEGER) * 60 + CAST(SUBSTR({clock_time}, 4, 2) AS INTEGER))"


def _minutes(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def _openings(engine: Engine, c: Clause) -> None:
    """When shut windows open: asked of `Clocks` once for each zone, window and minute there is."""
    p: Hours = c.parameters
    keys = engine.rows(
        f"""SELECT DISTINCT k.zones, k.opens, k.closes, k.agreed, DATE_TRUNC('minute', g.moment)
        FROM gate_{c.key} k JOIN gate_clock g ON g.t = k.t WHERE k.shut = 1 AND k.unknown = 0"""
    )
    country = c.pack.head.holidays if p.not_on_holidays else None
    found = []
    for zones, opens, closes, agreed, at in keys:
        asked = split_zones(zones) if p.zone == "borrower" else (p.zone,)
        window = Clocks(asked, opens, closes, p.edges == "open" and not agreed, p.days, country)
        until = window.next_open(_utc(at))
        found.append((zones, opens, closes, agreed, at, until.replace(tzinfo=None) if until else None))
    numbers = [(name, "INTEGER") for name in ("opens", "closes", "agreed")]
    columns = [("zones", "VARCHAR"), *numbers, ("moment", "TIMESTAMP"), ("until", "TIMESTAMP")]
    engine.put(f"gate_{c.key}_opens", columns, found)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _times(clauses: Sequence[Clause]) -> str:
    """The clock with the legal days of each pack and the hours of each rule."""
    joins, columns = [], ["g.*"]
    for n, (key, zone) in enumerate(sorted({(c.pack_key, c.pack.head.zone) for c in clauses}, key=str)):
        if zone:
            joins.append(
                f"LEFT JOIN gate_offsets o{n} ON o{n}.zone = {text(zone)} AND o{n}.since <= g.moment AND g.moment < o{n}.until"
            )
            columns.append(f"{local_day('g.moment', f'o{n}')} AS {key}_legal")
        else:
            joins.append(f"LEFT JOIN gate_zoned z{n} ON z{n}.t = g.t AND z{n}.place = 0")
            columns.append(f"z{n}.day AS {key}_legal")
    for c in _of(clauses):
        k = c.key
        joins.append(
            f"""LEFT JOIN gate_{k} {k} ON {k}.t = g.t LEFT JOIN gate_{k}_opens {k}o ON {k}o.zones = {k}.zones
            AND {k}o.opens = {k}.opens AND {k}o.closes = {k}.closes AND {k}o.agreed = {k}.agreed
            AND {k}o.moment = DATE_TRUNC('minute', g.moment)"""
        )
        columns.append(f"COALESCE({k}.unknown = 1 OR ({k}.shut = 1 AND {k}o.until IS NULL), TRUE) AS {k}_unknown")
        columns.append(f"COALESCE({k}.shut = 1, FALSE) AS {k}_shut, {k}o.until AS {k}_opens")
    return f"SELECT {', '.join(columns)} FROM gate_clock g {' '.join(joins)}"
