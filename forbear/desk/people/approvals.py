"""What two people do: one proposes, another with the right approves, and it is done once, in the approving transaction.

An app registers what can be proposed in its module `approval_kinds`:

    @kind("payments.reverse", payload=Reversal, propose="payments.reverse")
    def reverse(payload: Reversal, decision: Decision) -> dict[str, object]:
        ...   # books, and returns what it did: ids and amounts, no personal data

Whoever proposed cannot approve, which the database holds too. A proposal cannot be changed, only refused, withdrawn or
left to expire. When doing it fails, nothing of it stands and the proposal is open still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.people.models import Approval, User
from forbear.desk.people.rights import actions, allowed

LASTS = timedelta(days=7)
"""How long a proposal stands unless its kind says otherwise."""
REASON_LENGTH = 500


class NotOpen(AnswerIsNo):
    """The proposal was decided, withdrawn or has expired."""


class OwnProposal(AnswerIsNo):
    """Whoever proposed something does not decide on it."""


@dataclass(frozen=True)
class Decision:
    """Who proposed and who approved what is being done, and when."""

    approval_id: UUID
    proposed_by: User
    approved_by: User
    at: datetime


@dataclass(frozen=True)
class Kind:
    """Something that can be proposed: what it needs, who may propose and approve it, what does it."""

    name: str
    payload: type[BaseModel]
    propose: str
    approve: str
    lasts: timedelta
    execute: Callable[[Any, Decision], dict[str, Any] | None]


_kinds: dict[str, Kind] = {}


def kind(
    name: str,
    *,
    payload: type[BaseModel],
    propose: str,
    approve: str = "approvals.decide",
    lasts: timedelta = LASTS,
) -> Callable[[Callable[[Any, Decision], dict[str, Any] | None]], Callable[[Any, Decision], dict[str, Any] | None]]:
    """Register the decorated function as what is done when a proposal of this kind is approved.

    Raises:
        KeyError: no such action.
        ValueError: the name is taken.
    """
    actions()[propose], actions()[approve]
    if name in _kinds:
        raise ValueError(f"two kinds of approval are called {name}")

    def registered(
        execute: Callable[[Any, Decision], dict[str, Any] | None],
    ) -> Callable[[Any, Decision], dict[str, Any] | None]:
        _kinds[name] = Kind(name, payload, propose, approve, lasts, execute)
        return execute

    return registered


def kinds() -> dict[str, Kind]:
    """The kinds there are."""
    return dict(_kinds)


def propose(user: User, name: str, payload: BaseModel | dict[str, Any], subject: str, at: datetime) -> Approval:
    """Propose something of a kind.

    Args:
        user: who proposes.
        name: of the kind.
        payload: what is to be done; checked against the kind's type. No personal data.
        subject: what it is about, such as `loan:L1`.
        at: now.

    Raises:
        PermissionDenied: the user may not propose it.
        WrongUse: no such kind, or the payload does not fit it.
    """
    known = _kind(name)
    if not allowed(user, known.propose):
        raise PermissionDenied(known.propose)
    fitting = _fitting(known, payload if isinstance(payload, dict) else payload.model_dump(mode="json"))
    with transaction.atomic():
        made = Approval.objects.create(
            kind=name,
            payload=fitting.model_dump(mode="json"),
            subject=subject,
            proposed_by=user,
            proposed_at=at,
            expires_at=at + known.lasts,
        )
        record(user, "approval.proposed", subject, approval=str(made.pk), kind=name)
    return made


def approve(user: User, approval_id: UUID | str, at: datetime) -> Approval:
    """Approve a proposal of another and do it, both or neither.

    Raises:
        PermissionDenied: the user may not approve its kind, or its proposer no longer may propose it.
        OwnProposal: it is the user's own.
        NotOpen: it was decided on before, or has expired.
        WrongUse: there is none of that id. Whatever doing it raises comes through; it stays open then.
    """
    with transaction.atomic():
        row = _open(approval_id, at)
        known = _may_decide(user, row)
        proposer = User.objects.get(pk=row.proposed_by_id)
        if not allowed(proposer, known.propose):
            raise PermissionDenied(f"{known.propose}: whoever proposed it no longer may")
        decision = Decision(row.pk, proposer, user, at)
        row.result = known.execute(_fitting(known, row.payload), decision) or {}
        _decided(row, user, "executed", at)
        record(user, "approval.executed", row.subject, approval=str(row.pk), kind=row.kind, by=proposer.username)
    return row


def refuse(user: User, approval_id: UUID | str, reason: str, at: datetime) -> Approval:
    """Refuse a proposal of another, with a reason.

    Raises:
        PermissionDenied, OwnProposal, NotOpen: as `approve`.
        WrongUse: there is none of that id, or no reason was given.
    """
    if not reason.strip() or len(reason) > REASON_LENGTH:
        hint = _("1 to %(most)d characters, without personal data") % {"most": REASON_LENGTH}
        raise WrongUse(_("a refusal has a reason"), hint)
    with transaction.atomic():
        row = _open(approval_id, at)
        _may_decide(user, row)
        row.reason = reason.strip()
        _decided(row, user, "refused", at)
        record(user, "approval.refused", row.subject, approval=str(row.pk), kind=row.kind)
    return row


def withdraw(user: User, approval_id: UUID | str, at: datetime) -> Approval:
    """Take one's own proposal back.

    Raises:
        PermissionDenied: it is another's.
        NotOpen, WrongUse: as `approve`.
    """
    with transaction.atomic():
        row = _open(approval_id, at)
        if row.proposed_by_id != user.pk:
            raise PermissionDenied("withdraw")
        _decided(row, user, "withdrawn", at)
        record(user, "approval.withdrawn", row.subject, approval=str(row.pk), kind=row.kind)
    return row


def expire(at: datetime) -> int:
    """Close the proposals whose time is over; how many."""
    count = 0
    for pk in Approval.objects.filter(state="proposed", expires_at__lte=at).values_list("pk", flat=True):
        with transaction.atomic():
            row = Approval.objects.select_for_update().filter(pk=pk, state="proposed").first()
            if row is not None:
                _decided(row, None, "expired", at)
                record("forbear desk", "approval.expired", row.subject, approval=str(pk), kind=row.kind)
                count += 1
    return count


def expire_now() -> int:
    """`expire` by the clock, for the background."""
    return expire(timezone.now())


def _kind(name: str) -> Kind:
    if name not in _kinds:
        raise WrongUse(f"nothing called {name!r} is done by two people", f"one of: {', '.join(sorted(_kinds))}")
    return _kinds[name]


def _fitting(known: Kind, payload: dict[str, Any]) -> Any:
    try:
        return known.payload.model_validate(payload)
    except ValidationError as wrong:
        places = ", ".join(".".join(map(str, error["loc"])) or "it" for error in wrong.errors())
        raise WrongUse(f"{known.name}: {places} is not as it must be", "see the kind's fields") from None


def _open(approval_id: UUID | str, at: datetime) -> Approval:
    try:
        found = Approval.objects.select_for_update().filter(pk=UUID(str(approval_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise WrongUse(_("there is no such proposal"), _("look at the list of those that are open"))
    if found.state != "proposed":
        raise NotOpen(_("this proposal does not wait any more"), _("it was decided on, or taken back"))
    if at >= found.expires_at:
        raise NotOpen(_("this proposal has expired"), _("propose it again"))
    return found


def _may_decide(user: User, row: Approval) -> Kind:
    known = _kind(row.kind)
    if not allowed(user, known.approve):
        raise PermissionDenied(known.approve)
    if row.proposed_by_id == user.pk:
        raise OwnProposal(_("another person decides on what you proposed"))
    return known


def _decided(row: Approval, user: User | None, state: str, at: datetime) -> None:
    row.state, row.decided_by, row.decided_at = state, user, at
    row.save(update_fields=["state", "decided_by", "decided_at", "reason", "result"])
