"""One call of an agent, from the gate's leave to its outcome: what the screen shows, in which order things are ticked.

The sums stay hidden until the agent has ticked that she said who calls, and then that the right person is on the line.
A call that did not connect is recorded with its outcome and counts as the rules count such attempts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.calls.models import Sheet
from forbear.desk.complaints.taking import jurisdiction
from forbear.desk.contact.preferences import declined
from forbear.desk.ledger.balances import owed_on
from forbear.desk.record.models import Contact, Loan
from forbear.desk.wording.choosing import version_for
from forbear.desk.wording.filling import filled, named
from forbear.desk.wording.rendering import Asked, today_of, values_of
from forbear.desk.wording.scripts import Script, ScriptStep, read_script
from forbear.desk.wording.words import NotWanted

POINTS = ("identified", "verified")
OUTCOMES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "s": (gettext_lazy("Spoke with the borrower"), ("conversation", "promise", "refused")),
    "o": (gettext_lazy("Someone else answered"), ("third_party",)),
    "n": (gettext_lazy("Did not connect"), ("no_answer", "busy", "voicemail", "not_in_service")),
}
"""The first key says who was reached, the second what came of it; together they are the outcome."""
SPOKE = frozenset(["conversation", "promise", "refused"])
"""Outcomes of a talk with the borrower: they need both points ticked."""
NEXT: dict[str, tuple[str, int]] = {
    "conversation": ("call", 3),
    "promise": ("wait", 0),
    "refused": ("offer_plan", 2),
    "third_party": ("find_number", 3),
    "no_answer": ("call", 1),
    "busy": ("call", 1),
    "voicemail": ("call", 2),
    "not_in_service": ("find_number", 1),
}
"""What follows an outcome as a proposal: what to do, and in how many days."""


@dataclass(frozen=True)
class Talk:
    """What the screen shows of an open call."""

    contact: Contact
    sheet: Sheet
    script: Script | None
    step: ScriptStep | None
    say: str
    sums: bool

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What may be said to the step, and where it leads."""
        return list(self.step.go.items()) if self.step else []


def declined_calls(borrower_id: str, at: datetime) -> bool:
    """Whether the borrower declined calls, which the outbox asks beside the gate as well."""
    return declined(sending.known_of(connection, borrower_id)[1], "call", at)


def begin(user: Any, contact_id: str, language: str) -> Sheet:
    """Open the sheet of a call that was just reserved, with the script in force in the reader's language."""
    version = version_for("call", "call", language, jurisdiction())
    with transaction.atomic():
        sheet, made = Sheet.objects.get_or_create(contact_id=contact_id, defaults={"script": version})
        if made and version is not None:
            sheet.step = read_script(version.body).start
            sheet.save(update_fields=["step"])
    return sheet


def tick(user: Any, contact_id: str, point: str, at: datetime) -> None:
    """Tick a point of the checklist: first that she said who calls, then that the right person is on the line.

    Raises:
        WrongUse: no such open call of hers or point, or its time has not come.
    """
    with transaction.atomic():
        sheet = _open(user, contact_id)
        if point not in POINTS:
            raise WrongUse(_("no such point"), ", ".join(POINTS))
        if point == "verified" and sheet.identified_at is None:
            raise WrongUse(_("say who calls first"), _("tick it, then make sure of the person"))
        if getattr(sheet, f"{point}_at") is None:
            setattr(sheet, f"{point}_at", at)
            sheet.save(update_fields=[f"{point}_at"])
            record(user, f"call.{point}", f"borrower:{sheet.contact.borrower_id}", contact=contact_id)


def go(user: Any, contact_id: str, to: str) -> None:
    """Follow an answer of the script.

    Raises:
        WrongUse: the step does not lead there, or what comes before it is not ticked.
    """
    with transaction.atomic():
        sheet = _open(user, contact_id)
        script = read_script(sheet.script.body) if sheet.script else None
        if script is None or to not in script.steps[sheet.step].go.values():
            raise WrongUse(_("the script does not lead there"), _("choose one of the answers"))
        after = script.steps[to].after
        if after and getattr(sheet, f"{after}_at") is None:
            raise WrongUse(_("tick the checklist first"), _("no debt is named before the person is verified"))
        sheet.step = to
        sheet.save(update_fields=["step"])


def may_end(sheet: Sheet | None, outcome: str) -> None:
    """Refuse an outcome that says more than the checklist.

    Raises:
        WrongUse: the borrower was spoken with, and the checklist is not ticked.
    """
    if outcome in SPOKE and (sheet is None or sheet.verified_at is None):
        raise WrongUse(_("tick the checklist first"), _("a talk with the borrower has both points ticked"))


def talk(sheet: Sheet, at: datetime) -> Talk:
    """What the screen shows now."""
    verified = sheet.verified_at is not None
    script = read_script(sheet.script.body) if sheet.script else None
    step = script.steps.get(sheet.step) if script else None
    return Talk(sheet.contact, sheet, script, step, _say(sheet, step, at) if step else "", verified)


def follow_up(outcome: str, today: date) -> tuple[str, date | None]:
    """What is proposed after an outcome: what to do, on which day."""
    what, days = NEXT.get(outcome, ("call", 1))
    return what, today + timedelta(days=days) if days else None


def _say(sheet: Sheet, step: ScriptStep, at: datetime) -> str:
    """The step's words with the ledger's figures; without them where nothing is overdue any more."""
    borrower_id, language = sheet.contact.borrower_id, sheet.script.language
    today = today_of(borrower_id, at)
    loans = Loan.objects.filter(borrower_id=borrower_id).values_list("loan_id", flat=True)
    owed = list(owed_on(loans, today).values())
    names = named(step.say)
    try:
        values = values_of(Asked(borrower_id, today, language, owed), "arrears" if names else "nothing", names)
    except NotWanted:
        return _("Nothing is overdue any more: thank the borrower and end the call.")
    values["name"] = values.get("name") or "…"
    values = {name: value or settings.LENDER["name"] or "…" for name, value in values.items()}
    return filled(step.say, values, language, owed[0].currency if owed else "CNY")


def _open(user: Any, contact_id: str) -> Sheet:
    rows = Sheet.objects.select_for_update(of=("self",)).select_related("contact", "script")
    sheet = rows.filter(pk=contact_id, contact__by=user, contact__result__isnull=True).first()
    if sheet is None:
        raise WrongUse(_("there is no such open call of yours"), _("ask leave first"))
    return sheet
