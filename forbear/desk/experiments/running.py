"""The experiment under way at night: who joins, and by which strategy each borrower is decided for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from forbear.desk.audit.log import record
from forbear.desk.experiments.defining import CHAMPION, close, subject
from forbear.desk.experiments.models import Arm, Experiment, Member
from forbear.desk.record.models import Case
from forbear.desk.strategies import versions
from forbear.night import arms as night
from forbear.treatment import experiment as engine
from forbear.treatment.strategy import ReadStrategy

AT_ONCE = 5_000
NO_STRATUM = "none"


def under_way() -> Experiment | None:
    """The experiment that runs."""
    return Experiment.objects.filter(state="running").first()


def approved() -> Iterable[ReadStrategy]:
    """The strategies that two people let run beside the one in force."""
    row = under_way()
    if row is None:
        return []
    arms = row.arms.filter(version__isnull=False, stopped_at=None).select_related("version")
    return [arm.version.read for arm in arms if arm.version is not None]


def for_the_night(as_of: date, at: datetime) -> tuple[night.Arm, ...]:
    """The arms of a night from the desk, after newcomers have joined; none without an experiment.

    An experiment whose champion is no longer in force ends: its result would compare with nothing that is done.
    """
    row = under_way()
    if row is None:
        return ()
    held = versions.in_force()
    if held is None or held.version_id != row.arms.get(name=CHAMPION).version_id:
        close(row, "another strategy came in force", at, by="forbear desk")
        return ()
    join(row, as_of, at)
    return tuple(_arms(row))


def join(row: Experiment, as_of: date, at: datetime) -> int:
    """Give an arm to everybody with an open case who has none, within her bucket; how many.

    Who has an arm keeps it (also in the database). Arms that were stopped get nobody more.
    """
    running = [arm for arm in row.arms.order_by("arm_id") if arm.stopped_at is None]
    total = sum((arm.share for arm in running), Decimal(0))
    if len(running) < 2:
        return 0
    shares = [engine.Arm(arm.name, arm.share / total) for arm in running]
    shares[0] = engine.Arm(shares[0].name, 1 - sum((arm.share for arm in shares[1:]), Decimal(0)))
    plan = engine.Experiment(row.name, tuple(shares), row.key)
    open_cases = Case.objects.filter(closed_at__isnull=True)
    known = {m.borrower_id: m for m in Member.objects.filter(experiment=row)}
    before = {who: m.arm for who, m in known.items() if m.arm in {arm.name for arm in running}}
    strata = {who: bucket or NO_STRATUM for who, bucket in open_cases.values_list("borrower_id", "bucket")}
    strata = {who: bucket for who, bucket in strata.items() if who not in known or who in before}
    made = engine.assign(plan, strata, {who: arm for who, arm in before.items() if who in strata})
    new = [
        Member(experiment=row, borrower_id=who, arm=arm, stratum=strata[who], joined_on=as_of)
        for who, arm in made.items()
        if who not in known
    ]
    with transaction.atomic():
        Member.objects.bulk_create(new, batch_size=AT_ONCE, ignore_conflicts=True)
        if new:
            record("forbear desk", "experiment.joined", subject(row), count=len(new), on=as_of.isoformat())
    return len(new)


def _arms(row: Experiment) -> Iterable[night.Arm]:
    """Arms as the night takes them; who is in a stopped one is decided for by what is in force, as who is in none."""
    for arm in row.arms.filter(stopped_at=None).select_related("version").order_by("arm_id"):
        ids = Member.objects.filter(experiment=row, arm=arm.name).values_list("borrower_id", flat=True)
        yield night.Arm(arm.name, _read(arm), frozenset(ids))


def _read(arm: Arm) -> ReadStrategy | None:
    return arm.version.read if arm.version is not None else None
