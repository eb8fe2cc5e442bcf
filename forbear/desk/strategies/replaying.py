"""A version tried on what was: what it decides on the last night's book, what the log says it would have brought.

Asked for on a page, done in the background: each is a close or several of the desk's own book, on the day and as it was
known then. The log speaks where lots gave it chances (`peace_share`); how far is told beside it (overlap).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from forbear.basics.errors import ForbearError, WrongUse
from forbear.conduct import sending
from forbear.desk.applications.deciding import MODEL
from forbear.desk.audit.log import record
from forbear.desk.imports.from_desk import export_book
from forbear.desk.nights.models import Night as Loaded
from forbear.desk.people.models import User
from forbear.desk.strategies.comparing import Night, beside, logged_and_target
from forbear.desk.strategies.logged import DECISIONS, batches, chances
from forbear.desk.strategies.models import Decided, Replay
from forbear.desk.strategies.versions import in_force, version_of
from forbear.night import close
from forbear.treatment.offpolicy import cross_fitted, evaluate
from forbear.treatment.strategy import ReadStrategy

WINDOW = timedelta(days=30)
"""What came from a borrower so long after a night is what came of its decision."""
MOST_NIGHTS = 4
"""Past nights that are decided anew, at least a window apart, so that no payment counts twice."""
LEAST = 50
"""Logged decisions below which nothing is estimated."""
LOCK_SPACE = sending.LOCK_SPACE + 7
KEPT = ("action", "propensity", "runner_up", "expected_gain", "cost", "burden")


def ask(user: User, version_id: int, at: datetime) -> Replay:
    """Ask for a replay of a version; one that waits already is not asked for twice.

    Raises:
        WrongUse: there is no such version.
    """
    version = version_of(version_id)
    with transaction.atomic():
        waiting = Replay.objects.filter(version=version, state="waiting").first()
        if waiting is not None:
            return waiting
        made = Replay.objects.create(version=version, asked_at=at, asked_by=user)
        record(user, "strategy.replay_asked", f"strategy:{version.pk}", replay=made.pk)
    return made


def replay_now() -> int:
    """Do the replays that wait, by the clock, for the background; how many."""
    return sum(_done(pk) for pk in Replay.objects.filter(state="waiting").values_list("pk", flat=True)[:5])


def _done(replay_id: int) -> bool:
    with _alone(replay_id) as alone:
        if not alone:
            return False
        row = Replay.objects.select_related("version").filter(pk=replay_id, state="waiting").first()
        if row is None:
            return False
        try:
            row.told, row.state = replayed(row.version.read, timezone.now()), "done"
        except ForbearError as wrong:
            row.state, row.why = "failed", f"{wrong.message} {wrong.hint or ''}".strip()[:500]
        row.done_at = timezone.now()
        row.save(update_fields=["told", "state", "why", "done_at"])
    return True


@contextmanager
def _alone(replay_id: int) -> Iterator[bool]:
    """Whether no other process does this replay."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_SPACE, replay_id % 2**31))
        alone = bool(cursor.fetchone()[0])
        try:
            yield alone
        finally:
            if alone and connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCK_SPACE, replay_id % 2**31))


def replayed(read: ReadStrategy, at: datetime) -> dict[str, Any]:
    """A strategy on the last night's book beside the one in force, and on the log; plain data.

    Raises:
        WrongUse: no night was loaded yet. Whatever the close raises comes through.
    """
    last = Loaded.objects.order_by("-as_of").first()
    if last is None:
        raise WrongUse("no night was loaded yet", "forbear close --from-desk --as-of DAY --out DIR")
    told, held = last.portfolio, in_force()
    with tempfile.TemporaryDirectory(prefix="forbear-replay-") as folder:
        known = export_book(Path(folder) / "book", as_of=last.as_of, currency=told["currency"])
        now = _decide(known, last.as_of, held.version.read) if held else Night({})
        then = _decide(known, last.as_of, read)
    was = Decided.objects.filter(as_of=last.as_of).values_list("action", flat=True)
    return {
        "as_of": last.as_of.isoformat(),
        "currency": told["currency"],
        "in_force": str(held.version) if held else "",
        "with_model": bool(os.environ.get(MODEL)),
        "night": Night({str(n): {"action": one} for n, one in enumerate(was)}).counts(),
        **beside(now, then),
        "log": _on_the_log(read, at, told["currency"], int(told["minor_digits"])),
    }


def _decide(facts: Path, as_of: date, read: ReadStrategy) -> Night:
    """What a strategy decides on an exported book, beside which its facts lie."""
    book = facts.parent
    with tempfile.TemporaryDirectory(prefix="forbear-replay-") as out:
        close(book, as_of=as_of, out=out, strategy=read, model=os.environ.get(MODEL) or None, facts=facts)
        rows = (row for some in batches(Path(out) / DECISIONS) for row in some)
        return Night({str(row["borrower_id"]): {name: row[name] for name in KEPT} for row in rows})


def _on_the_log(read: ReadStrategy, at: datetime, currency: str, digits: int) -> dict[str, Any]:
    """What the log of past nights says: nights, decisions, estimates with intervals, overlap; or that it is short."""
    log, target, results, features = [], [], [], []
    nights = nights_of(at)
    for as_of in nights:
        rows = _again(read, as_of, currency)
        came = results_of(as_of)
        for one in Decided.objects.filter(as_of=as_of).order_by("decided_id").iterator(5_000):
            new = rows.get(one.borrower_id)
            log.append((one.action, one.chance, one.other))
            target.append(chances(dict(new)) if new else ("wait", 1.0, "wait"))
            results.append(came.get(one.borrower_id, 0) / 10**digits)
            features.append((one.dpd, one.at_stake / 10**digits, one.pays_alone))
    head: dict[str, Any] = {
        "nights": [day.isoformat() for day in nights],
        "days": WINDOW.days,
        "decisions": len(log),
    }
    if len(log) < LEAST:
        return {**head, "least": LEAST}
    logged, wanted, steps = logged_and_target(log, target, results)
    expected = cross_fitted(np.array(features, dtype=np.float64), logged)
    found = asdict(evaluate(logged, wanted, expected))
    return {**head, "steps": steps, **{name: _plain(one) for name, one in found.items()}}


def nights_of(at: datetime) -> list[date]:
    """Nights that the log speaks of: the latest whose window is over, and before it those at least a window apart."""
    found: list[date] = []
    past = Decided.objects.filter(as_of__lt=(at - WINDOW).date())
    for day in past.order_by("-as_of").values_list("as_of", flat=True).distinct():
        if not found or day <= found[-1] - WINDOW:
            found.append(day)
        if len(found) == MOST_NIGHTS:
            break
    return found


def _again(read: ReadStrategy, as_of: date, currency: str) -> Mapping[str, Mapping[str, Any]]:
    """What a strategy would have decided on a past night, on the book as it was known when that night was loaded."""
    loaded_at = Loaded.objects.filter(pk=as_of).values_list("loaded_at", flat=True).first()
    with tempfile.TemporaryDirectory(prefix="forbear-replay-") as folder:
        known = export_book(folder, as_of=as_of, known_at=loaded_at, currency=currency)
        return _decide(known, as_of, read).rows


def results_of(as_of: date, window: timedelta = WINDOW) -> dict[str, int]:
    """What came from each borrower who paid within a window after a day, in minor units."""
    with connection.cursor() as cursor:
        statement = files(__package__).joinpath("results.sql").read_text("utf-8")
        cursor.execute(statement, {"after": as_of, "until": as_of + window})
        return {row[0]: int(row[1]) for row in cursor.fetchall()}


def _plain(told: Any) -> Any:
    """Figures as JSON has them: what is not finite as null."""
    if isinstance(told, dict):
        return {key: _plain(value) for key, value in told.items()}
    return None if isinstance(told, float) and not isfinite(told) else told
