"""The strategy in force, the ones before it, and the way a text gets there: written, proposed, approved by another.

What loosens a rule (`forbear.treatment.loosening`) is approved by compliance. A proposal holds only against the version
that was in force when it was made: where another has come meanwhile, it is made again. Going back is the same way.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, ForbearError, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.people import approvals
from forbear.desk.people.models import Approval, User
from forbear.desk.strategies.models import Use, Version
from forbear.desk.strategies.texts import read_text
from forbear.treatment.loosening import loosened
from forbear.treatment.strategy import ReadStrategy, Strategy

PLAIN, LOOSER = "strategies.use", "strategies.loosen"
"""Kinds of approval: any other person's, and compliance's."""


def in_force() -> Use | None:
    """What holds now; None: nothing was ever put in force, and a night from the desk decides nothing."""
    return Use.objects.select_related("version", "proposed_by", "approved_by").order_by("-use_id").first()


def for_the_night() -> ReadStrategy | None:
    """What a night started from the desk decides by.

    Raises:
        UnreadableFile, WrongUse: what is in force can no longer be read, such as after an update of the program.
    """
    held = in_force()
    return held.version.read if held else None


def write(user: User, text: str, why: str, at: datetime) -> Version:
    """Keep a text as a new version; the same text kept before is not kept twice.

    Raises:
        UnreadableFile, WrongUse: it is no strategy; says line and key.
    """
    clean = text.replace("\r\n", "\n").strip() + "\n"
    read = read_text(clean)
    with transaction.atomic():
        known = Version.objects.filter(text=clean).order_by("version_id").first()
        if known is not None:
            return known
        made = Version.objects.create(
            name=read.strategy.name,
            label=read.strategy.version,
            text=clean,
            sha256=read.sha256,
            why=why.strip()[:500],
            made_at=at,
            made_by=user,
        )
        record(user, "strategy.written", _subject(made), name=str(made), sha256=made.sha256)
    return made


def loosens(version: Version) -> list[str]:
    """Keys by which a version would loosen what is in force; all of it where that can no longer be read."""
    return loosened(_held_strategy(), version.read.strategy)


def _held_strategy() -> Strategy | None:
    held = in_force()
    with suppress(ForbearError):
        return held.version.read.strategy if held else None
    return None


def propose(user: User, version_id: int, at: datetime) -> Approval:
    """Propose that a version, new or former, comes in force.

    Raises:
        WrongUse: there is none, or it is in force.
        PermissionDenied: the user may not propose it.
    """
    version, held = version_of(version_id), in_force()
    if held is not None and held.version_id == version.pk:
        raise WrongUse(_("this version is in force already"))
    kind = LOOSER if loosens(version) else PLAIN
    payload = {"version_id": version.pk, "strategy": str(version), "against": held.version_id if held else 0}
    return approvals.propose(user, kind, payload, _subject(version), at)


def put_in_force(version_id: int, against: int, *, may_loosen: bool, by: tuple[User, User], at: datetime) -> Use:
    """What approval does: the version holds from now on.

    Args:
        version_id: which.
        against: the version that was in force when it was proposed; 0: none.
        may_loosen: whether compliance approved.
        by: who proposed and who approved.
        at: now.

    Raises:
        AnswerIsNo: another came in force meanwhile, or it loosens a rule and compliance was not asked.
    """
    with transaction.atomic(), connection.cursor() as cursor:  # two that are approved at once: one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('strategy in force'))")
        version, held = version_of(version_id), in_force()
        if (held.version_id if held else 0) != against:
            raise AnswerIsNo(_("another version came in force meanwhile"), _("compare anew and propose it again"))
        looser = loosens(version)
        if looser and not may_loosen:
            raise AnswerIsNo(_("it loosens a rule"), _("propose it again: compliance approves it"))
        made = Use.objects.create(version=version, from_at=at, loosens=looser, proposed_by=by[0], approved_by=by[1])
        record(
            by[1], "strategy.in_force", _subject(version), sha256=version.sha256, loosens=looser, by=by[0].username
        )
    return made


def waiting(at: datetime) -> Any:
    """Proposals that wait, newest first."""
    rows = Approval.objects.filter(kind__in=(PLAIN, LOOSER), state="proposed", expires_at__gt=at)
    return rows.select_related("proposed_by").order_by("-proposed_at")


def version_of(version_id: int) -> Version:
    """The version of that id.

    Raises:
        WrongUse: there is none.
    """
    found = Version.objects.filter(pk=version_id).first()
    if found is None:
        raise WrongUse(_("there is no such version of a strategy"), _("look at the list of strategies"))
    return found


def _subject(version: Version) -> str:
    return f"strategy:{version.pk}"
