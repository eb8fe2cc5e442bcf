"""The daily look: what may be said of each challenger by the desk's own record, and guards that stop by themselves.

Intervals hold at all times at once, so looking daily is no cheating (`forbear.treatment.experiment`); the chance of
ever being wrong is shared among the arms that are compared. A stopped arm gets nobody more, its borrowers go back to
the strategy in force, and a person is told.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from importlib.resources import files
from math import isfinite
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from forbear.basics.money import minor_digits
from forbear.desk.audit.log import record
from forbear.desk.experiments.defining import CHAMPION, LEAST, subject
from forbear.desk.experiments.models import Arm, Experiment, Look
from forbear.desk.experiments.running import under_way
from forbear.desk.record.models import Loan
from forbear.desk.replies.models import Task
from forbear.treatment.experiment import Guard, judged

ALPHA = 0.05
GUARD = "complaints"
TASK = "experiment_stopped"
Floats = NDArray[np.float64]


def watch_now() -> int:
    """Look at the experiment under way, by the clock, for the background; whether it was looked at."""
    row, now = under_way(), timezone.now()
    return int(row is not None and look(row, now) is not None)


def look(row: Experiment, at: datetime) -> Look | None:
    """Keep what may be said today; None: today was looked at before, or it does not run."""
    with transaction.atomic():
        held = Experiment.objects.select_for_update(of=("self",)).filter(pk=row.pk, state="running").first()
        if held is None or Look.objects.filter(experiment=held, day=at.date()).exists():
            return None
        arms = list(held.arms.select_related("version").order_by("arm_id"))
        told = said(held, arms, at.date())
        made = Look.objects.create(experiment=held, day=at.date(), told=told)
        for arm in arms:
            stopped = told["arms"][arm.name].get("stopped_by", [])
            if stopped and arm.stopped_at is None:
                _stop(held, arm, stopped, at)
        if all(arm.stopped_at is not None for arm in arms if arm.name not in (CHAMPION, LEAST)):
            held.state, held.ended_at = "stopped", at
            held.save(update_fields=["state", "ended_at"])
    return made


def said(row: Experiment, arms: list[Arm], today: date) -> dict[str, Any]:
    """What the record says of each arm on a day, as plain data; stopped arms keep what was said when they were."""
    of = measured(row, today)
    others = [arm for arm in arms if arm.name != CHAMPION]
    alpha = ALPHA / len(others)
    found: dict[str, Any] = {}
    for arm in arms:
        mine = of.get(arm.name, {})
        found[arm.name] = {name: _summed(values) for name, values in mine.items()}
        if arm.name != CHAMPION and arm.stopped_at is None:
            verdict = judged(mine, of[CHAMPION], [Guard(GUARD, row.margin)], alpha)
            found[arm.name] |= {
                "gain": _plain(asdict(verdict.gain)),
                "harm": _plain(asdict(verdict.harms[GUARD])),
                "stopped_by": list(verdict.stopped_by),
            }
    return {"alpha": alpha, "arms": found}


def measured(row: Experiment, today: date) -> dict[str, dict[str, Floats]]:
    """By arm: result (major unit), complaints and contacts, one a borrower whose days are over."""
    names = [arm.name for arm in row.arms.all()]
    unit = 10.0 ** minor_digits(currency())
    came = _rows("results", row.pk, row.result_days, today)
    harm = _rows("harms", row.pk, row.guard_days, today)
    return {
        name: {
            "result": np.array([r[1] / unit for r in came if r[0] == name], dtype=np.float64),
            GUARD: np.array([r[1] for r in harm if r[0] == name], dtype=np.float64),
            "contacts": np.array([r[2] for r in harm if r[0] == name], dtype=np.float64),
        }
        for name in names
    }


def currency() -> str:
    """Of the desk's loans."""
    return Loan.objects.values_list("currency", flat=True).first() or "CNY"


def _rows(name: str, experiment: int, days: int, today: date) -> list[tuple[Any, ...]]:
    statement = files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
    with connection.cursor() as cursor:
        cursor.execute(statement, {"experiment": experiment, "days": days, "today": today})
        return list(cursor.fetchall())


def _stop(row: Experiment, arm: Arm, guards: list[str], at: datetime) -> None:
    arm.stopped_at, arm.stopped_by = at, guards
    arm.save(update_fields=["stopped_at", "stopped_by"])
    Task.objects.create(borrower=None, kind=TASK, opened_at=at, due_on=at.date() + timedelta(days=1))
    record("forbear desk", "experiment.arm_stopped", subject(row), arm=arm.name, guards=guards)


def _summed(values: Floats) -> dict[str, Any]:
    return {"n": len(values), "mean": round(float(values.mean()), 6) if len(values) else None}


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and not isfinite(value) else value for key, value in told.items()}
