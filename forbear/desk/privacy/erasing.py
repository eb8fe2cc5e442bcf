"""Erasing who a borrower is: her data key is destroyed, and with it all that was written under it, in one transaction.

Ledger, contacts and audit log stay whole and speak of a borrower id that leads to nobody. Where a law keeps the data
the request is refused with its reasons, and once nothing is owed the data are only stored until the term is over
(`processing_restricted`, which the gate asks for).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.people.models import User
from forbear.desk.privacy.keys import forget
from forbear.desk.privacy.models import DataKey, PersonalValue
from forbear.desk.privacy.retention import Keep, keeps
from forbear.desk.record.models import Borrower, Fact

WHY = ("request", "retention", "unlawful")
"""Why data are erased: she asked, the term is over, or they should never have been had."""
RESTRICTED = "processing_restricted"


@dataclass(frozen=True)
class Erasure:
    """What became of an erasure: done, or the reasons why not and until when they hold (None: not known)."""

    borrower_id: str
    done: bool
    kept: tuple[Keep, ...] = ()

    @property
    def until(self) -> datetime | None:
        """When the last reason is over, as far as that can be said."""
        ends = [keep.until for keep in self.kept]
        return max((end for end in ends if end), default=None) if ends and all(ends) else None


def erase(borrower_id: str, by: Any, at: datetime, why: str) -> Erasure:
    """Erase a borrower's personal data, or say why they must stay.

    Args:
        borrower_id: whose.
        by: the user, or a program's name.
        at: now.
        why: one of `WHY`.

    Raises:
        WrongUse: no such borrower or reason.
    """
    if why not in WHY:
        raise WrongUse(f"no reason {why!r}", f"one of: {', '.join(WHY)}")
    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        if not Borrower.objects.filter(pk=borrower_id).exists():
            raise WrongUse(f"no borrower {borrower_id!r}", "look the id up in the book")
        kept = tuple(keeps(borrower_id, at))
        if kept:
            answer = Erasure(borrower_id, False, kept)
            _refuse(answer, by, at, why)
            return answer
        gone = _shred(borrower_id, at)
        record(by, "borrower.erased", f"borrower:{borrower_id}", why=why)
    forget(gone)
    return Erasure(borrower_id, True)


def _shred(borrower_id: str, at: datetime) -> list[int]:
    """Destroy the keys and what else tells who she is; the ids of the keys."""
    from forbear.desk.money.keeping import forget_payer
    from forbear.desk.strategies.models import Decided

    keys = DataKey.objects.select_for_update().filter(borrower_id=borrower_id, destroyed_at__isnull=True)
    gone = [key.pk for key in keys]
    DataKey.objects.filter(pk__in=gone).update(wrapped=None, destroyed_at=at)
    PersonalValue.objects.filter(borrower_id=borrower_id).delete()
    forget_payer(borrower_id, at)
    Decided.objects.filter(borrower_id=borrower_id).delete()
    Borrower.objects.filter(pk=borrower_id).update(region=None, birth_year=None, language=None, features={})
    Fact.objects.filter(_still(at), borrower_id=borrower_id, fact__in=[RESTRICTED, "erasure_due"]).update(until=at)
    for user in User.objects.select_for_update().filter(role="borrower", borrower_id=borrower_id):
        user.username, user.display_name, user.email, user.is_active = f"erased-{user.pk}", "", "", False
        user.oidc_subject, user.session_epoch = None, user.session_epoch + 1
        user.set_unusable_password()
        user.save()
    return gone


def _refuse(answer: Erasure, by: Any, at: datetime, why: str) -> None:
    codes = [keep.code for keep in answer.kept]
    record(by, "borrower.erasure_refused", f"borrower:{answer.borrower_id}", why=why, kept_by=codes)
    if answer.until is None:
        return
    restricted = Fact.objects.filter(_still(at), borrower_id=answer.borrower_id, fact=RESTRICTED)
    if not restricted.update(until=answer.until):
        Fact.objects.create(
            borrower_id=answer.borrower_id, fact=RESTRICTED, value="true", since=at, until=answer.until
        )


def _still(at: datetime) -> Q:
    return Q(until__isnull=True) | Q(until__gt=at)
