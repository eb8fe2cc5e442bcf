"""An archived letter on its way: planned on the letter channel, sent as it is, only while its sums still hold.

The dispatcher asks `words_of` at the moment of sending, within the transaction that reserves the contact; the gate is
asked there once more with what the letter's kind says of itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo
from forbear.desk.contact.models import Planned
from forbear.desk.contact.planning import plan
from forbear.desk.contact.words import NotSendable, NotWanted, Words
from forbear.desk.ledger.balances import owed_on
from forbear.desk.letters.models import Letter
from forbear.desk.people.models import User
from forbear.desk.people.rights import allowed
from forbear.desk.record.zones import zone_of
from forbear.recovery.letters import kind

CAUSE = "letter:"
SEND = "letters.send"
WANTED_FOR = timedelta(days=14)
"""A letter that could not leave within this time is written anew: its sums are old."""
COMPARED = ("outstanding", "arrears")
"""Sums that must still be the ledger's when the letter leaves."""


def send(user: User, letter: Letter, at: datetime) -> Planned:
    """Plan an archived letter on the letter channel; planned twice it is one.

    Raises:
        PermissionDenied: the user may not send letters.
        AnswerIsNo: its sums are no longer the ledger's.
    """
    if not allowed(user, SEND):
        raise PermissionDenied(SEND)
    if why := stale(letter, at):
        raise AnswerIsNo(why, _("write it anew"))
    made = kind(letter.kind)
    return plan(
        letter.borrower_id,
        "letter",
        at=at,
        by=user,
        purpose=made.purpose,
        key=f"{CAUSE}{letter.pk}",
        cause=f"{CAUSE}{letter.pk}",
        body=made.title[letter.language],
        loan_id=letter.loan_id,
        wanted_until=at + WANTED_FOR,
        facts=dict(made.gate),
    )


def words_of(planned: Any, at: datetime) -> Words:
    """The archived document of a planned letter.

    Raises:
        NotWanted: its sums are no longer the ledger's.
        NotSendable: it was erased, or is not in the archive.
    """
    letter = Letter.objects.filter(pk=planned.cause.removeprefix(CAUSE)).first()
    if letter is None:
        raise NotSendable("there is no such letter in the archive")
    if why := stale(letter, at):
        raise NotWanted(why)
    try:
        document = letter.document()
    except AnswerIsNo as gone:
        raise NotSendable(gone.message, gone.hint) from None
    title = kind(letter.kind).title[letter.language]
    language = "zh-hans" if letter.language == "zh" else letter.language
    return Words(title, title, language, facts={"identified": "true"}, document=document)


def stale(letter: Letter, at: datetime) -> str:
    """Why a letter no longer says what is so; empty: it does."""
    today = at.astimezone(zone_of(letter.borrower_id)).date()
    balance = owed_on([letter.loan_id], today).get(letter.loan_id)
    if balance is None:
        return _("the ledger has no such loan on this day")
    now = {"outstanding": balance.outstanding, "arrears": balance.arrears_total}
    if any(letter.sums.get(name, now[name]) != now[name] for name in COMPARED):
        return _("what is owed has changed since this letter was written")
    return ""


def planned_of(letters: list[Letter]) -> dict[str, Planned]:
    """What became of letters that were planned, by letter."""
    keys = [f"{CAUSE}{letter.pk}" for letter in letters]
    return {one.key.removeprefix(CAUSE): one for one in Planned.objects.filter(key__in=keys)}
