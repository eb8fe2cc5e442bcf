"""Reading what interrupted and suspended a debt's limitation time from a file (docs/litigation.md)."""

from __future__ import annotations

from pathlib import Path

from forbear.basics.errors import WrongUse
from forbear.recovery.letters.facts import read_table
from forbear.recovery.litigation.claim import day_in
from forbear.recovery.litigation.limitation import Clock, Event, Obstacle, limitation

KNOWN = ("last_due_on", "harmed_on", "as_of", "events", "obstacles")


def read_clock(file: Path) -> Clock:
    """The clock of the debt in a TOML or JSON file.

    Raises:
        UnreadableFile: no such file, or it is neither.
        WrongUse: something is missing, unknown or of the wrong kind.
    """
    given, where = read_table(file), str(file)
    if unknown := sorted(set(given) - set(KNOWN)):
        raise WrongUse(f"{where}: nothing is called {unknown[0]!r}", f"known: {', '.join(KNOWN)}")
    events = [
        Event(
            str(row.get("kind")),
            day_in(row, "on", f"{where}: events, row {number}"),
            str(row.get("proof", "")),
            day_in(row, "ended_on", f"{where}: events, row {number}") if row.get("ended_on") else None,
        )
        for number, row in enumerate(given.get("events", ()), start=1)
    ]
    obstacles = [
        Obstacle(
            day_in(row, "began_on", f"{where}: obstacles, row {number}"),
            day_in(row, "ended_on", f"{where}: obstacles, row {number}") if row.get("ended_on") else None,
            str(row.get("why", "")),
        )
        for number, row in enumerate(given.get("obstacles", ()), start=1)
    ]
    harmed = day_in(given, "harmed_on", where) if given.get("harmed_on") else None
    return limitation(
        day_in(given, "last_due_on", where),
        events,
        obstacles,
        as_of=day_in(given, "as_of", where),
        harmed_on=harmed,
    )
