"""Zones as tables: offsets and midnights, so that no engine needs to know a time zone.

The rows come from the same `zoneinfo` that judges single acts, for the span of days that a run needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from forbear.conduct.mechanisms import DAY, MINUTE, midnight
from forbear.conduct.situation import known_zone, zone

Offsets = list[tuple[str, datetime, datetime, int]]
EPOCH = date(1970, 1, 1)


def split_zones(zones: str) -> tuple[str, ...]:
    """The zones of a text such as `America/New_York|America/Chicago`; none when one of them is no zone."""
    names = sorted({name.strip() for name in zones.split("|")})
    return tuple(names) if names and all(known_zone(name) for name in names) else ()


def offset_rows(names: Iterable[str], begin: datetime, end: datetime) -> Offsets:
    """(zone, since, until, minutes) rows that cover the span; instants UTC without a zone."""
    return [row for name in names for row in _offsets(name, begin, end)]


@lru_cache(maxsize=4096)
def _offsets(name: str, begin: datetime, end: datetime) -> tuple[tuple[str, datetime, datetime, int], ...]:
    return tuple(_walk(name, begin, end))


def _walk(name: str, begin: datetime, end: datetime) -> Iterator[tuple[str, datetime, datetime, int]]:
    since, at = begin, begin
    while at < end:
        step = min(at + DAY, end)
        if _minutes(name, step) != _minutes(name, since):
            change = _change(name, at, step)
            yield name, _bare(since), _bare(change), _minutes(name, since)
            since = change
        at = step
    yield name, _bare(since), _bare(end), _minutes(name, since)


def _change(name: str, low: datetime, high: datetime) -> datetime:
    """The minute at which the offset changes between two instants of different offsets."""
    before = _minutes(name, low)
    while high - low > MINUTE:
        middle = low + timedelta(minutes=(high - low) // MINUTE // 2)
        low, high = (middle, high) if _minutes(name, middle) == before else (low, middle)
    return high


def _minutes(name: str, at: datetime) -> int:
    offset = at.astimezone(zone(name)).utcoffset() if name != "UTC" else timedelta(0)
    return int((offset or timedelta(0)).total_seconds() // 60)


def _bare(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def day_starts(names: Iterable[str], begin: datetime, end: datetime) -> list[tuple[str, int, datetime]]:
    """(zone, day since 1970, first instant of that date in the zone) rows that cover the span."""
    return [row for name in names for row in _starts(name, begin.date(), end.date())]


@lru_cache(maxsize=4096)
def _starts(name: str, begin: date, end: date) -> tuple[tuple[str, int, datetime], ...]:
    place = UTC if name == "UTC" else zone(name)
    days = (begin + n * DAY for n in range((end - begin).days + 1))
    return tuple((name, (day - EPOCH).days, _bare(midnight(day, place))) for day in days)
