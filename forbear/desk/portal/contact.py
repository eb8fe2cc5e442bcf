"""How she wishes to be reached: ways she declines, the one she prefers, her hours, her language.

These narrow what the rules allow and never widen it (`contact.preferences`). Each choice is a fact with its time, so
that a later question why something was sent can be answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.desk.portal.asking import asking, running
from forbear.desk.portal.models import Asked
from forbear.desk.record.models import Borrower, Fact

WAYS = ("call", "voice", "sms", "email", "app_push", "chat", "visit")
"""Ways that may be declined; a letter may not, for what the law makes the lender tell comes by it."""
LANGUAGES = {"zh-hans": "zh", "en": "en"}


@dataclass(frozen=True)
class Wishes:
    """What she has chosen; hours are `HH:MM`, both or neither."""

    declined: tuple[str, ...] = ()
    preferred: str = ""
    opens: str = ""
    closes: str = ""
    language: str = ""


def wishes_of(borrower: Borrower, at: datetime) -> Wishes:
    """What she has chosen until now."""
    facts = list(
        running(borrower.pk, at).filter(fact__in=["channel_declined", "preferred_channel", "contact_window"])
    )
    value = {one.fact: one.value or "" for one in facts}
    opens, _dash, closes = value.get("contact_window", "").partition("-")
    spoken = (borrower.language or "").lower()
    return Wishes(
        tuple(one.channel for one in facts if one.fact == "channel_declined" and one.channel in WAYS),
        value.get("preferred_channel", ""),
        opens,
        closes,
        "zh-hans" if spoken.startswith("zh") else "en" if spoken.startswith("en") else "",
    )


def wish(borrower: Borrower, wanted: Wishes, at: datetime) -> Asked:
    """Put her choices in the place of those before.

    Raises:
        WrongUse: a way, language or hour that is none, or hours that leave less than an hour.
    """
    _refuse(wanted)
    with asking(
        borrower.pk, "contact", "", at, declined=list(wanted.declined), preferred=wanted.preferred
    ) as asked:
        old = running(borrower.pk, at).filter(fact__in=["channel_declined", "preferred_channel", "contact_window"])
        old.exclude(fact="channel_declined", channel=None).update(until=at)
        Fact.objects.bulk_create(Fact(borrower=borrower, since=at, **row) for row in _rows(wanted))
        if wanted.language:
            Borrower.objects.filter(pk=borrower.pk).update(language=LANGUAGES[wanted.language])
    return asked


def _rows(wanted: Wishes) -> Iterable[dict[str, Any]]:
    for channel in wanted.declined:
        yield {"fact": "channel_declined", "value": "true", "channel": channel}
    if wanted.preferred:
        yield {"fact": "preferred_channel", "value": wanted.preferred}
    if wanted.opens:
        yield {"fact": "contact_window", "value": f"{wanted.opens}-{wanted.closes}"}


def _refuse(wanted: Wishes) -> None:
    if set(wanted.declined) - set(WAYS) or (wanted.preferred and wanted.preferred not in WAYS):
        raise WrongUse(_("there is no such way of contact"), _("choose from the list"))
    if wanted.preferred in wanted.declined:
        raise WrongUse(_("the way you prefer is one that you do not want"), _("choose another"))
    if wanted.language and wanted.language not in LANGUAGES:
        raise WrongUse(_("there is no such language"), _("choose from the list"))
    if bool(wanted.opens) != bool(wanted.closes):
        raise WrongUse(_("hours have a beginning and an end"), _("fill in both, or neither"))
    if wanted.opens and _minutes(wanted.closes) - _minutes(wanted.opens) < 60:
        raise WrongUse(_("these hours leave less than an hour"), _("let them end later"))


def _minutes(text: str) -> int:
    hours, _colon, minutes = text.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and len(text) == 5 and int(hours) < 24 and int(minutes) < 60):
        raise WrongUse(_("%(text)s is no time of the day") % {"text": text[:10]}, _("such as 09:00"))
    return int(hours) * 60 + int(minutes)
