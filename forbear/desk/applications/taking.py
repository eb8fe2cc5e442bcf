"""Taking an application: who asks for what, what she says of herself, what she agrees to; one transaction.

Whoever has an identity number that the desk knows is the borrower the desk knows. What was typed in is sealed with the
application, so that a provider is asked about what was said, not about what is on file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction

from forbear.basics.errors import WrongUse
from forbear.desk.applications.models import Application
from forbear.desk.audit.log import record
from forbear.desk.privacy import consent, put
from forbear.desk.privacy.checking import check
from forbear.desk.privacy.handing import hold_off_others, same_person
from forbear.desk.record.models import Borrower
from forbear.loans.terms import MAX_TERM, Method

PERSONAL = ("name", "identity_number", "phone")
IDENTITY, INQUIRY = "identity_check", "credit_inquiry"
"""Purposes of consent (`privacy/consents.toml`): without the one nothing is asked of her identity, nor of the bureau
without the other."""
LONGEST = 200


@dataclass(frozen=True)
class Wanted:
    """An application as it comes.

    Args:
        amount: minor units.
        said: what she says: income_declared, income_verified, obligations_declared, housing (minor units a month),
            dependants, employment_months, is_student, purpose, liveness (the token of the liveness check's own app),
            features (`x_*`).
        agrees: the purposes she agrees to.
        source: where she said so, one of `consent.SOURCES`.
        wording: name and version of the text she saw.
    """

    name: str
    identity_number: str
    phone: str
    amount: int
    term: int
    method: str
    currency: str = "CNY"
    said: dict[str, Any] = field(default_factory=dict)
    agrees: tuple[str, ...] = ()
    source: str = "portal"
    wording: str = ""


@transaction.atomic
def take(wanted: Wanted, *, by: Any, at: datetime) -> Application:
    """Write an application down.

    Raises:
        WrongUse: a value that cannot be; never repeats a personal one.
    """
    if not 1 <= wanted.term <= MAX_TERM or wanted.amount <= 0:
        raise WrongUse(f"{wanted.amount} over {wanted.term} installments", "an amount, and 1 installment or more")
    if wanted.method not in set(Method):
        raise WrongUse(f"no way of repaying {wanted.method!r}", f"one of: {', '.join(Method)}")
    personal = {name: check(name, getattr(wanted, name)).kept for name in ("name", "phone")}
    personal["identity_number"] = _number(wanted.identity_number)
    borrower = _borrower(personal, by)
    made = Application.objects.create(
        borrower=borrower,
        applied_at=at,
        amount=wanted.amount,
        currency=wanted.currency,
        term=wanted.term,
        method=wanted.method,
        taken_by=by,
        facts=json.dumps({**personal, **wanted.said}, ensure_ascii=False),
    )
    for purpose in (IDENTITY, INQUIRY):
        if purpose in wanted.agrees:
            consent.say(borrower.pk, purpose, True, at, source=wanted.source, by=by, wording=wanted.wording)
    record(by, "application.taken", f"application:{made.pk}", borrower=borrower.pk, agrees=sorted(wanted.agrees))
    return made


def _number(text: str) -> str:
    """The identity number as it was given, if it can be kept at all: whether it is right is a check, not a refusal."""
    return check("identity_number", text, "other").kept


def _borrower(personal: dict[str, str], by: Any) -> Borrower:
    """The borrower who has the number, or a new one with what was given."""
    number = personal["identity_number"]
    hold_off_others(number)
    known = same_person(number)
    if known is not None:
        return Borrower.objects.get(pk=known)
    made = Borrower.objects.create(borrower_id=f"P-{uuid4().hex}", time_zone="Asia/Shanghai", language="zh-CN")
    from forbear.risk.application_table import number_is_valid

    for name, value in personal.items():
        label = ("cn_ric" if number_is_valid(value) else "other") if name == "identity_number" else ""
        put(made, name, value, by, label=label)
    return made


def said_of(application: Application) -> dict[str, Any]:
    """What the applicant said, in the clear, for a check or a decision; empty when it was erased."""
    try:
        told = json.loads(application.facts)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
