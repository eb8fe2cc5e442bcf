"""Defining an experiment and starting it by two people; ending it with a conclusion."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.experiments.models import Arm, Experiment, Member
from forbear.desk.people import approvals
from forbear.desk.people.models import Approval, User
from forbear.desk.strategies import versions
from forbear.treatment import experiment as engine

CHAMPION, LEAST = "champion", "least_contact"
PLAIN, LOOSER = "experiments.start", "experiments.start_loosening"
CHALLENGERS = 3
"""At most: with more, each has too few borrowers to say anything."""
LEAST_SHARE = Decimal("0.01")
"""Of the slice of least contact: without one nobody knows who pays unasked."""
DAYS = range(1, 181)


@dataclass(frozen=True)
class Wanted:
    """An experiment as a manager wants it.

    Attributes:
        name: no other's.
        challengers: version and share of each.
        least: share of the slice of least contact; the champion has the rest.
        result_days, guard_days: from joining.
        margin: complaints a borrower above the champion's that are borne.
    """

    name: str
    challengers: Sequence[tuple[int, Decimal]]
    least: Decimal
    result_days: int = 30
    guard_days: int = 7
    margin: float = 0.0


def define(user: User, wanted: Wanted, at: datetime) -> Experiment:
    """Keep an experiment as a draft; the champion is what is in force.

    Raises:
        WrongUse: it makes no experiment, a version is unknown, or nothing is in force.
    """
    held = versions.in_force()
    if held is None:
        raise WrongUse(_("no strategy is in force, so there is no champion"), _("put one in force first"))
    _refuse(wanted)
    chosen = [(versions.version_of(pk), share) for pk, share in wanted.challengers]
    if held.version_id in {version.pk for version, _share in chosen}:
        raise WrongUse(_("the champion cannot challenge itself"))
    rest = 1 - wanted.least - sum((share for _version, share in chosen), Decimal(0))
    arms = [(CHAMPION, held.version, rest)]
    arms += [(f"challenger_{n}", version, share) for n, (version, share) in enumerate(chosen, start=1)]
    arms.append((LEAST, None, wanted.least))
    key = secrets.token_hex(16)
    engine.Experiment(wanted.name, tuple(engine.Arm(name, share) for name, _version, share in arms), key)
    with transaction.atomic():
        made = Experiment.objects.create(
            name=wanted.name,
            key=key,
            result_days=wanted.result_days,
            guard_days=wanted.guard_days,
            margin=wanted.margin,
            made_at=at,
            made_by=user,
        )
        Arm.objects.bulk_create(Arm(experiment=made, name=n, version=v, share=s) for n, v, s in arms)
        shares = {name: str(share) for name, _version, share in arms}
        record(user, "experiment.defined", subject(made), name=made.name, arms=shares)
    return made


def _refuse(wanted: Wanted) -> None:
    if not wanted.name.strip() or len(wanted.name) > 80 or not wanted.name.isprintable():
        raise WrongUse(_("an experiment has a name of 1 to 80 characters"))
    if Experiment.objects.filter(name=wanted.name).exists():
        raise WrongUse(_("there is an experiment of that name"), _("lots hang on the name: take another"))
    if not 1 <= len(wanted.challengers) <= CHALLENGERS:
        raise WrongUse(_("choose at least one challenger"), _("and at most three"))
    if len({pk for pk, _share in wanted.challengers}) < len(wanted.challengers):
        raise WrongUse(_("each challenger is another version"))
    if wanted.least < LEAST_SHARE:
        raise WrongUse(
            _("the slice of least contact is at least 1 %"), _("without it nobody knows who pays unasked")
        )
    if wanted.result_days not in DAYS or wanted.guard_days not in DAYS:
        raise WrongUse(_("days are from 1 to 180"))
    if not 0 <= wanted.margin <= 1:
        raise WrongUse(_("the margin of complaints is a share from 0 to 1"))


def propose(user: User, experiment_id: int, at: datetime) -> Approval:
    """Propose that a draft starts; compliance approves where a challenger loosens a rule.

    Raises:
        WrongUse: there is no such draft.
        PermissionDenied: the user may not.
    """
    row = of(experiment_id, "draft")
    kind = LOOSER if loosens(row) else PLAIN
    return approvals.propose(user, kind, {"experiment_id": row.pk, "name": row.name}, subject(row), at)


def loosens(row: Experiment) -> list[str]:
    """Keys by which a challenger would loosen what is in force."""
    arms = row.arms.filter(version__isnull=False).exclude(name=CHAMPION).select_related("version")
    return sorted({key for arm in arms for key in versions.loosens(arm.version)})


def start(experiment_id: int, *, may_loosen: bool, by: tuple[User, User], at: datetime) -> Experiment:
    """What approval does: borrowers join from now on.

    Raises:
        AnswerIsNo: another runs, the champion is no longer in force, or compliance was not asked and must be.
    """
    row, held = of(experiment_id, "draft"), versions.in_force()
    if Experiment.objects.filter(state="running").exists():
        raise AnswerIsNo(_("another experiment is running"), _("end it first"))
    champion = row.arms.get(name=CHAMPION)
    if held is None or held.version_id != champion.version_id:
        raise AnswerIsNo(_("the champion is no longer in force"), _("define the experiment anew"))
    if loosens(row) and not may_loosen:
        raise AnswerIsNo(_("it loosens a rule"), _("propose it again: compliance approves it"))
    row.state, row.started_at, row.approved_by = "running", at, by[1]
    row.save(update_fields=["state", "started_at", "approved_by"])
    record(by[1], "experiment.started", subject(row), by=by[0].username)
    return row


def end(user: Any, experiment_id: int, winner: str, why: str, at: datetime) -> Approval | None:
    """End an experiment with its conclusion; a winner is proposed as the strategy in force, for another to approve.

    Args:
        user: who concludes.
        experiment_id: a running or stopped one.
        winner: name of the challenger; empty: the champion stays.
        why: what was concluded.
        at: now.

    Raises:
        WrongUse: there is none, no such challenger, or nothing was concluded.
    """
    if not why.strip():
        raise WrongUse(_("say what you conclude"))
    with transaction.atomic():
        row = of(experiment_id, "running", "stopped")
        arm = row.arms.filter(name=winner, version__isnull=False).exclude(name=CHAMPION).first() if winner else None
        if winner and (arm is None or arm.stopped_at is not None):
            raise WrongUse(_("there is no such challenger, or it was stopped"))
        close(row, why.strip()[:500], at, by=user, winner=winner)
        return versions.propose(user, arm.version_id, at) if arm else None


def close(row: Experiment, why: str, at: datetime, *, by: Any, winner: str = "") -> None:
    """Let nobody join any more, and everybody be decided for by what is in force."""
    row.state, row.ended_at, row.conclusion = "ended", at, why
    row.save(update_fields=["state", "ended_at", "conclusion"])
    record(by, "experiment.ended", subject(row), winner=winner)


def of(experiment_id: int, *states: str) -> Experiment:
    """The experiment, locked, if it is in one of the states.

    Raises:
        WrongUse: it is not.
    """
    rows = Experiment.objects.select_for_update(of=("self",))
    with transaction.atomic():
        found = rows.filter(pk=experiment_id, state__in=states).first()
    if found is None:
        raise WrongUse(_("there is no such experiment in this state"), _("look at the list of experiments"))
    return found


def joined(row: Experiment) -> dict[str, int]:
    """How many borrowers joined each arm."""
    return dict(Member.objects.filter(experiment=row).values_list("arm").annotate(n=Count("pk")).order_by("arm"))


def subject(row: Experiment) -> str:
    """What the audit log calls it."""
    return f"experiment:{row.pk}"
