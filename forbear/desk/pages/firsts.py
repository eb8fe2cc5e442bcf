"""What a role does first today: a few sentences, each with the page where it is done; indexed queries alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forbear.desk.funding.visible import visible_packs
from forbear.desk.money.models import PARKED, Receipt
from forbear.desk.nights.models import Night
from forbear.desk.people.models import Approval, User
from forbear.desk.people.roles import Role
from forbear.desk.record.gate import CHANNELS
from forbear.desk.record.models import Borrower, Case, Complaint, Contact, Promise
from forbear.desk.record.visible import visible_cases
from forbear.desk.record.vouching import held, wanted

OLD_NIGHT = timedelta(days=2)
"""Figures older than this are told to be old."""
ENDS_SOON = timedelta(days=30)
"""What is vouched for until then is to be looked at."""
MOST = 20
"""So many are counted; more are told as more."""


@dataclass(frozen=True)
class First:
    """One thing to do: said in a sentence, done at an address; `post` is a form's address that does it at once."""

    said: str
    to: str = ""
    post: str = ""
    tone: str = ""


def firsts(user: Any, at: datetime) -> list[First]:
    """What the user does first, the most urgent at the top."""
    return [one for make in OF_ROLE.get(user.role, ()) for one in make(user, at)]


def _open_calls(user: Any, at: datetime) -> Iterator[First]:
    calls = Contact.objects.filter(at__gt=at - timedelta(days=2), by=user, channel="call", result__isnull=True)
    for call in calls.order_by("-at")[:3]:
        said = _("Record how your call to %(who)s went.") % {"who": call.borrower_id}
        yield First(said, reverse("pages:borrower", args=[call.borrower_id]), tone="urgent")


def _promises_due(user: Any, at: datetime) -> Iterator[First]:
    due = Promise.objects.filter(state="open", due_on__lte=at.date(), made_by=user).order_by("due_on")
    for promise in due[:3]:
        said = _("%(who)s promised to pay by %(day)s: see whether it came.")
        yield First(
            said % {"who": promise.borrower_id, "day": promise.due_on},
            reverse("pages:borrower", args=[promise.borrower_id]),
        )


def _mine(user: Any, at: datetime) -> Iterator[First]:
    mine = _few(visible_cases(user).filter(claimed_by=user, claimed_until__gt=at))
    if mine:
        said = ngettext(
            "You hold %(n)s case: finish it or let it go.",
            "You hold %(n)s cases: finish them or let them go.",
            mine,
        )
        yield First(said % {"n": _at_most(mine)}, reverse("pages:worklist") + "?held=mine")


def _next(user: Any, at: datetime) -> Iterator[First]:
    if visible_cases(user).exists():
        yield First(
            _("Take the next case: the most urgent one that nobody holds."), post=reverse("pages:take_next")
        )
    else:
        yield First(_("There is no case. When a night finds borrowers in arrears, their cases appear here."))


def _complaints(user: Any, at: datetime) -> Iterator[First]:
    due = Complaint.objects.filter(answered_at__isnull=True, answer_due_on__lte=(at + timedelta(days=3)).date())
    for one in due.order_by("answer_due_on")[:3]:
        said = _("Answer the complaint of %(who)s by %(day)s.") % {"who": one.borrower_id, "day": one.answer_due_on}
        yield First(said, reverse("pages:borrower", args=[one.borrower_id]), tone="urgent")


def _broken(user: Any, at: datetime) -> Iterator[First]:
    late = _few(Promise.objects.filter(state="open", due_on__lt=at.date()))
    if late:
        said = ngettext("The day of %(n)s promise has passed.", "The day of %(n)s promises has passed.", late)
        yield First(said % {"n": _at_most(late)}, reverse("pages:board") + "?period=30")


def _night(user: Any, at: datetime) -> Iterator[First]:
    last = Night.objects.order_by("-as_of").first()
    if last is None:
        yield First(_("No night has been loaded yet: see how."), reverse("pages:portfolio"), tone="urgent")
    elif at.date() - last.as_of > OLD_NIGHT:
        said = _("The latest figures are of %(day)s: load a newer night.") % {"day": last.as_of}
        yield First(said, reverse("pages:portfolio"), tone="urgent")
    else:
        yield First(_("Read the report of %(day)s.") % {"day": last.as_of}, reverse("pages:portfolio"))


def _day_so_far(user: Any, at: datetime) -> Iterator[First]:
    yield First(_("See what was done today, by agent and by strategy."), reverse("pages:board"))


def _shut(user: Any, at: datetime) -> Iterator[First]:
    known = {(row.channel, row.fact) for row in held(at)}
    shut = [name for name in CHANNELS if any((name, one.fact) not in known for one in wanted(name))]
    if shut:
        said = ngettext(
            "%(n)s channel is shut until you vouch for it.",
            "%(n)s channels are shut until you vouch for them.",
            len(shut),
        )
        yield First(said % {"n": len(shut)}, reverse("pages:vouched"), tone="urgent" if "call" in shut else "")
    ends = held(at).filter(until__lte=at + ENDS_SOON).order_by("until").first()
    if ends:
        said = _("What is vouched for on a channel ends on %(day)s.") % {"day": ends.until.date()}
        yield First(said, reverse("pages:vouched"))


def _setting_up(user: Any, at: datetime) -> Iterator[First]:
    if not Borrower.objects.exists():
        yield First(_("Bring in the loan book: forbear desk import BOOK, on the desk's machine."), tone="urgent")
    elif not Case.objects.exists():
        yield First(_("Load a night: forbear close, then forbear desk worklist."), tone="urgent")
    needed: tuple[Any, ...] = (Role.AGENT, Role.MANAGER, Role.COMPLIANCE)
    for role in needed:
        if not User.objects.filter(role=role, is_active=True).exists():
            yield First(_("Make a user of the role %(role)s.") % {"role": role.label}, reverse("pages:users"))


def _rules(user: Any, at: datetime) -> Iterator[First]:
    yield First(_("Look up what the gate enforces, and where it is written."), reverse("pages:rules"))


def _own(user: Any, at: datetime) -> Iterator[First]:
    yield First(_("Questions about your loan? Call the number in your contract; a person will answer."))


def _of_funder(user: Any, at: datetime) -> Iterator[First]:
    if visible_packs(user).exists():
        yield First(_("Read the latest pack over the loans that you fund."), reverse("funding:overview"))
    else:
        yield First(_("The lender sends you the report over the loans that you fund."))


def _parked(user: Any, at: datetime) -> Iterator[First]:
    parked = _few(Receipt.objects.filter(state=PARKED))
    if parked:
        said = ngettext("%(n)s receipt waits to be matched.", "%(n)s receipts wait to be matched.", parked)
        yield First(said % {"n": _at_most(parked)}, reverse("pages:receipts"))


def _proposed(user: Any, at: datetime) -> Iterator[First]:
    rows = Approval.objects.filter(state="proposed", expires_at__gt=at).exclude(proposed_by=user)
    waiting = _few(rows)
    if waiting:
        said = ngettext(
            "%(n)s proposal waits for another person's approval.",
            "%(n)s proposals wait for another person's approval.",
            waiting,
        )
        yield First(said % {"n": _at_most(waiting)}, reverse("pages:approvals"))


OF_ROLE: dict[Any, tuple[Callable[[Any, datetime], Iterator[First]], ...]] = {
    Role.ADMINISTRATOR: (_setting_up, _proposed, _night),
    Role.MANAGER: (_complaints, _proposed, _parked, _night, _broken, _day_so_far),
    Role.AGENT: (_open_calls, _promises_due, _mine, _next),
    Role.AGENCY: (_open_calls, _promises_due, _mine, _next),
    Role.COMPLIANCE: (_complaints, _proposed, _shut, _rules),
    Role.RISK: (_night, _rules),
    Role.FUNDER: (_of_funder,),
    Role.BORROWER: (_own,),
}


def _few(rows: Any) -> int:
    """How many there are, up to one more than `MOST`, so that a long list is never counted whole."""
    return len(rows.order_by().values_list("pk")[: MOST + 1])


def _at_most(number: int) -> str:
    return f"{MOST}+" if number > MOST else str(number)
