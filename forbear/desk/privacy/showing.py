"""Showing personal values: masked to whoever sees the borrower, in the clear one by one with a reason, and logged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.audit.models import Entry
from forbear.desk.people.models import User
from forbear.desk.people.rights import allowed
from forbear.desk.privacy.fields import FIELDS, REASONS, REVEALS_AN_HOUR
from forbear.desk.privacy.keys import open_many, open_sealed
from forbear.desk.privacy.masking import mask
from forbear.desk.privacy.models import PersonalValue

REVEAL = "borrower.reveal"


class TooMany(AnswerIsNo):
    """Someone has seen as many values within the hour as one person may."""


@dataclass(frozen=True)
class Masked:
    """A personal value as it is shown by default.

    Args:
        value_id: names the value, for reveals.
        field: its field; `title` is what people read, in their language.
        label: such as mobile or parent.
        position: which of several.
        shown: the masked value.
    """

    value_id: int
    field: str
    title: str
    label: str
    position: int
    shown: str


def masked(borrower: Any) -> list[Masked]:
    """All personal values of a borrower (or borrower id), masked, in the order of `FIELDS`.

    Whether the viewer may see the borrower at all was decided where she was looked up (`visible_borrowers`).
    """
    rows = list(PersonalValue.objects.filter(borrower_id=getattr(borrower, "pk", borrower)))
    order = list(FIELDS)
    rows.sort(key=lambda row: (order.index(row.field), row.position))
    return [
        Masked(
            row.pk,
            row.field,
            str(FIELDS[row.field].title),
            row.label,
            row.position,
            mask(row.field, open_sealed(bytes(row.sealed), f"personal.{row.field}")),
        )
        for row in rows
    ]


def masked_names(borrower_ids: Iterable[str]) -> dict[str, str]:
    """The masked names of many borrowers, for lists; who has none is not in it."""
    rows = list(
        PersonalValue.objects.filter(borrower_id__in=list(borrower_ids), field="name").values_list(
            "borrower_id", "sealed"
        )
    )
    names = open_many([sealed for _, sealed in rows], "personal.name")
    return {borrower: mask("name", name) for (borrower, _), name in zip(rows, names, strict=True)}


def reveal(
    user: Any, borrower: Any, field: str, reason: str, *, position: int = 0, at: datetime | None = None
) -> str:
    """One value in the clear, after the right, the row, the reason and the hour's count are checked; logged first.

    Args:
        user: who looks.
        borrower: a `Borrower` or its id.
        field: one of `FIELDS`.
        reason: a code of `REASONS`.
        position: which of several.
        at: now, unless told otherwise.

    Raises:
        PermissionDenied: the user may not see values in the clear, or not this borrower's.
        WrongUse: no such field, reason or value.
        TooMany: the user has seen `REVEALS_AN_HOUR` values within the hour.
    """
    from forbear.desk.record.visible import visible_borrowers

    if not allowed(user, REVEAL):
        raise PermissionDenied(REVEAL)
    borrower_id = str(getattr(borrower, "pk", borrower))
    if not visible_borrowers(user).filter(pk=borrower_id).exists():
        raise PermissionDenied(f"borrower:{borrower_id}")
    if reason not in REASONS:
        raise WrongUse(f"no reason {reason!r}", f"one of: {', '.join(REASONS)}")
    row = PersonalValue.objects.filter(borrower_id=borrower_id, field=field, position=position).first()
    if row is None:
        raise WrongUse(f"borrower {borrower_id} has no {field} at position {position}", "see what is masked")
    facts = {"field": row.field, "position": row.position, "value_id": row.pk, "reason": reason}
    told_of_reveal(user, f"borrower:{row.borrower_id}", facts, at or timezone.now())
    return open_sealed(bytes(row.sealed), f"personal.{field}")


def told_of_reveal(user: Any, subject: str, facts: dict[str, Any], at: datetime) -> None:
    """Write a reveal down before the value is opened, and commit it: what was seen stays logged whatever follows.

    The user's row is locked meanwhile, so that requests at once are counted one after the other.

    Raises:
        TooMany: the user has seen `REVEALS_AN_HOUR` values within the hour; that is written down too.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        since = at - timedelta(hours=1)
        seen = Entry.objects.filter(actor=user.get_username(), action=REVEAL, at__gt=since).count()
        if seen < REVEALS_AN_HOUR:
            record(user, REVEAL, subject, **facts)
            return
        record(user, "borrower.reveal_refused", subject, field=facts["field"], reason=facts["reason"])
    raise TooMany(f"{seen} values seen within the hour: no more", "go on later, or ask compliance")
