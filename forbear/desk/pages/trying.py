"""Doing what a form asks, or settling what waits; what was wrong with it is told on the next page."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from forbear.basics.errors import ForbearError, WrongUse
from forbear.basics.money import minor_digits
from forbear.desk.people import approvals
from forbear.desk.people.models import Approval


def tried(request: HttpRequest, act: Callable[[], object]) -> bool:
    """Do it; whether it was done."""
    try:
        act()
    except ForbearError as error:
        messages.error(request, f"{error.message} {error.hint or ''}".strip())
        return False
    return True


def settled(request: HttpRequest, approval_id: UUID, kinds: Container[str]) -> Approval | None:
    """Approve, refuse or take back what waits, as the form's `answer` says; its kind says who may. None: not done.

    An answer that is none of these does nothing.

    Args:
        request: with the form.
        approval_id: what waits.
        kinds: of approval, that the page is for.
    """
    given, now, row = request.POST, timezone.now(), Approval.objects.filter(pk=approval_id).first()
    answers = {
        "approve": lambda: approvals.approve(request.user, approval_id, now),
        "refuse": lambda: approvals.refuse(request.user, approval_id, given.get("reason", ""), now),
        "withdraw": lambda: approvals.withdraw(request.user, approval_id, now),
    }

    def settle() -> None:
        if row is None or row.kind not in kinds:
            raise WrongUse(_("nothing of that name waits"))
        answers[given["answer"]]()

    return row if given.get("answer") in answers and tried(request, settle) else None


def amount_of(text: str, currency: str) -> int:
    """An amount as people write it, in minor units.

    Raises:
        WrongUse: it is none, or finer than the currency.
    """
    try:
        minor = Decimal(text.replace(",", "").strip()).scaleb(minor_digits(currency))
        if minor != minor.to_integral_value():
            raise WrongUse(_("%(amount)s has more decimals than the currency") % {"amount": text})
    except InvalidOperation as bad:
        raise WrongUse(_("%(amount)s is not an amount") % {"amount": text or "–"}) from bad
    return int(minor)


def day_of(text: str) -> date:
    """A day as the browser's field sends it.

    Raises:
        WrongUse: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as bad:
        raise WrongUse(_("%(day)s is not a day") % {"day": text or "–"}) from bad


def instant_of(text: str) -> datetime | None:
    """The end of a day in UTC; None when no day is given.

    Raises:
        WrongUse: it is none.
    """
    return datetime.combine(day_of(text), time.max, UTC) if text else None
