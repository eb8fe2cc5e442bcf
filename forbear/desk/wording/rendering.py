"""The words of a planned message at the moment of sending: values from the ledger, checked once more.

The dispatcher calls `render` within the transaction that reserves the contact, with what the loans owe read at that
instant (`planned.owed`), and sends only if none of them moved since. What is checked here: the words are in force, the
step still has its reason, every variable has a value of its type, every sum in the made text is one of the ledger's,
and the check of words has nothing against the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from forbear.basics.errors import WrongUse
from forbear.desk.contact import words as plain
from forbear.desk.ledger.balances import Balance, items, owed_on
from forbear.desk.ledger.models import Entry
from forbear.desk.letters import archived
from forbear.desk.privacy.reaching import addresses_of
from forbear.desk.record.models import Loan, Promise
from forbear.desk.record.zones import zone_of
from forbear.desk.wording import checking
from forbear.desk.wording.choosing import in_force
from forbear.desk.wording.filling import filled, named, wrong_sums
from forbear.desk.wording.length import length
from forbear.desk.wording.links import link
from forbear.desk.wording.models import Version
from forbear.desk.wording.tables import parts_of, steps, variables
from forbear.desk.wording.words import NotSendable, NotWanted, Words

LANGUAGE = {"zh": "zh-hans", "en": "en"}
OURS = {"lender": "name", "agency": "for_whom", "phone": "phone"}
STOP_WORD = {"zh": "回T退订", "en": "Reply STOP to opt out"}


@dataclass(frozen=True)
class Asked:
    """What values are made from: who is written to, the day where she is, what her loans owe."""

    borrower_id: str
    today: date
    language: str
    owed: Sequence[Balance]


def render(planned: Any, borrower_id: str, at: datetime) -> Words:
    """The words of a planned message now.

    Args:
        planned: a row with `template_version`, `channel`, `loan_id` (A|B; empty: all of hers) and `owed`; without a
            version its plain `body` is said.
        borrower_id: whom it goes to.
        at: now.

    Raises:
        NotWanted: what it is about was paid or settled meanwhile.
        NotSendable: the words are not in force, a value is missing or wrong, or the words may not be said.
    """
    if str(getattr(planned, "cause", "")).startswith(archived.CAUSE):
        return archived.words_of(planned, at)
    if planned.template_version is None:
        return plain.render(planned, borrower_id, at)
    version = in_force(planned.template_version)
    if version is None or version.channel != planned.channel:
        raise NotSendable("these words are not in force", "approve a version, or plan with another")
    asked = Asked(borrower_id, today_of(borrower_id, at), version.language, _owed(planned, borrower_id, at))
    currency = _currency(asked.owed)
    values = values_of(asked, _needs(version), [*named(version.subject), *named(version.body)])
    try:
        subject = filled(version.subject, values, version.language, currency)
        body = filled(version.body, values, version.language, currency)
    except WrongUse as wrong:
        raise NotSendable(wrong.message, wrong.hint) from None
    _recheck(version, subject, body, values, currency)
    step = steps()[version.template.purpose]
    facts = {p.fact: "true" for p in parts_of(version.jurisdiction, version.channel, step) if p.fact}
    return Words(subject, body, LANGUAGE[version.language], tuple(body.split("\n\n")), facts)


def values_of(asked: Asked, needs: str, names: Sequence[str]) -> dict[str, Any]:
    """The values of the named variables, and the check that the step still has its reason.

    Raises:
        NotWanted: it has not.
    """
    reason = _REASONS[needs](asked)
    values: dict[str, Any] = {}
    for name in names:
        if variables()[name].type == "link" if name in variables() else False:
            values[name] = link(variables()[name].link, asked.borrower_id)
        elif name in OURS:
            values[name] = settings.LENDER.get(OURS[name]) or (settings.LENDER["name"] if name == "agency" else "")
        elif name in _VALUES:
            values[name] = _VALUES[name](asked)
        else:
            values[name] = reason.get(name)
    return values


def today_of(borrower_id: str, at: datetime) -> date:
    """The day where the borrower is; in UTC where that is not known."""
    return at.astimezone(zone_of(borrower_id)).date()


def _owed(planned: Any, borrower_id: str, at: datetime) -> Sequence[Balance]:
    held = list(getattr(planned, "owed", ()) or ())
    if held:
        return held
    loans = list(filter(None, (planned.loan_id or "").split("|")))
    own = Loan.objects.filter(borrower_id=borrower_id).values_list("loan_id", flat=True)
    return list(owed_on(own.filter(loan_id__in=loans) if loans else own, today_of(borrower_id, at)).values())


def _needs(version: Version) -> str:
    return steps()[version.template.purpose].needs


def _currency(owed: Sequence[Balance]) -> str:
    found = {one.currency for one in owed}
    if len(found) > 1:
        raise NotSendable("the loans are in several currencies", "plan one contact for each currency")
    return next(iter(found), "CNY")


def _recheck(version: Version, subject: str, body: str, values: Mapping[str, Any], currency: str) -> None:
    amounts = [value for name, value in values.items() if variables()[name].type == "money"]
    if wrong := wrong_sums(f"{subject}\n{body}", amounts, currency):
        raise NotSendable(f"a sum in the text is none of the ledger's: {wrong[0]}", "name a variable instead")
    if any(not amount for amount in amounts):
        raise NotWanted("a sum that it names has come to nothing")
    if _forbidden(version.pk, length(body, version.channel).parts, *_said(version, subject, body, values)):
        raise NotSendable("the check of words forbids this text", "see the template's page")


def _said(version: Version, subject: str, body: str, values: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """The text with plain words in the place of what differs from one borrower to the next, so that it is checked once.

    What comes from people (a name) stays as it is: it could hold anything.
    """
    for name, value in values.items():
        if variables()[name].type == "link":
            subject, body = subject.replace(value, "https://l.example"), body.replace(value, "https://l.example")
    return subject, body, version.language, version.channel


@lru_cache(maxsize=4_000)
def _forbidden(_version: int, _parts: int, subject: str, body: str, language: str, channel: str) -> bool:
    return any(one.severity == "forbidden" for one in checking.words(subject, body, language, channel))


def _next_unpaid(asked: Asked) -> dict[str, Any]:
    found = _installments(asked)
    coming = [(day, unpaid) for day, unpaid in sorted(found.items()) if day >= asked.today and unpaid]
    if not coming:
        raise NotWanted("the installment was paid meanwhile")
    return {"due_on": coming[0][0], "amount_due": coming[0][1]}


def _due_today(asked: Asked) -> dict[str, Any]:
    unpaid = _installments(asked).get(asked.today, 0)
    if not unpaid:
        raise NotWanted("nothing unpaid falls due today")
    return {"due_on": asked.today, "amount_due": unpaid}


def _installments(asked: Asked) -> dict[date, int]:
    found: dict[date, int] = {}
    for one in asked.owed:
        for item in items(one.loan_id, asked.today):
            found[item.due_on] = found.get(item.due_on, 0) + item.unpaid
    return found


def _arrears(asked: Asked) -> dict[str, Any]:
    late = [one for one in asked.owed if one.arrears_total > 0]
    if not late:
        raise NotWanted("nothing is overdue any more")
    return {"due_on": min(one.oldest_unpaid_due_on for one in late if one.oldest_unpaid_due_on)}


def _broken(asked: Asked) -> dict[str, Any]:
    reason = _arrears(asked)
    last = Promise.objects.filter(borrower_id=asked.borrower_id).order_by("-made_at", "-due_on").first()
    if last is None or last.state not in ("broken", "part_kept"):
        raise NotWanted("the promise is not broken")
    return {**reason, "promised": last.amount, "promised_on": last.due_on}


def _paid(asked: Asked) -> dict[str, Any]:
    loans = Loan.objects.filter(borrower_id=asked.borrower_id).values("loan_id")
    entries = Entry.objects.filter(
        loan_id__in=loans, kind="payment", of_entry__isnull=True, reversed_by__isnull=True
    )
    last = entries.order_by("-effective_on", "-entry_id").first()
    if last is None:
        raise NotWanted("there is no payment to confirm")
    return {"paid": last.amount, "paid_on": last.effective_on}


def _anything(asked: Asked) -> dict[str, Any]:
    if not any(one.outstanding > 0 for one in asked.owed):
        raise NotWanted("nothing is owed any more")
    return {}


_REASONS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "next_unpaid": _next_unpaid,
    "due_today": _due_today,
    "arrears": _arrears,
    "broken": _broken,
    "paid": _paid,
    "owed": _anything,
    "nothing": lambda _asked: {},
}


def _name(asked: Asked) -> str:
    found = addresses_of([asked.borrower_id], "name").get(asked.borrower_id)
    return found.value if found else ""


_VALUES: dict[str, Callable[[Asked], Any]] = {
    "name": _name,
    "stop_word": lambda asked: STOP_WORD[asked.language],
    "loan_end": lambda asked: ", ".join(sorted(one.loan_id[-4:] for one in asked.owed)),
    "arrears": lambda asked: sum(one.arrears_total for one in asked.owed),
    "outstanding": lambda asked: sum(one.outstanding for one in asked.owed),
    "days_late": lambda asked: max((one.dpd for one in asked.owed), default=0),
}
