"""Every contact that was made to her or meant for her, and why: the record, with the gate's verdict in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from forbear.desk.audit.models import Entry
from forbear.desk.contact.models import Attempt, Planned
from forbear.desk.record.gate import packs
from forbear.desk.record.models import Contact

MOST = 300
PURPOSES: dict[str, str | Promise] = {
    "reminder": gettext_lazy("to remind you of an installment that falls due soon"),
    "overdue": gettext_lazy("because an installment was overdue"),
    "offer": gettext_lazy("to offer you a plan or another relief"),
    "notice": gettext_lazy("to tell you something that we must tell you"),
    "reply": gettext_lazy("to answer what you asked"),
}
NOT_MADE = ("cancelled", "lapsed", "refused", "not_wanted", "unsendable", "failed")


@dataclass(frozen=True)
class Made:
    """One contact, or one that was meant and not made.

    Args:
        at: when.
        channel: how.
        result: what came of it; empty where it was not made.
        why: the reason, in the reader's language.
        verdict: what the gate said, in the reader's language.
        laws: the rules that were asked or stood against it, by title.
        contact_id: names it, to complain about it; empty where it was not made.
        inward: she wrote or called.
    """

    at: datetime
    channel: str
    result: str
    why: str
    verdict: str
    laws: tuple[str, ...] = ()
    contact_id: str = ""
    inward: bool = False


def contacts_of(borrower_id: str) -> list[Made]:
    """All of them, the newest first."""
    rows = list(Contact.objects.filter(borrower_id=borrower_id).order_by("-at", "contact_id")[:MOST])
    ids = [row.pk for row in rows]
    attempts = {one.pk: one for one in Attempt.objects.filter(pk__in=ids).select_related("planned", "rules")}
    reserved = _reserved(borrower_id)
    made = [_made(row, attempts.get(row.pk), row.pk in reserved) for row in rows]
    meant = Planned.objects.filter(borrower_id=borrower_id, state__in=NOT_MADE).order_by("-planned_id")[:MOST]
    made += [_meant(row) for row in meant]
    return sorted(made, key=lambda one: one.at, reverse=True)


def _reserved(borrower_id: str) -> set[str]:
    """The contacts of which the audit log says that the gate allowed them."""
    entries = Entry.objects.filter(subject=f"borrower:{borrower_id}", action="contact.reserved")
    return {str(entry.facts.get("contact")) for entry in entries.order_by("-entry_id")[:MOST]}


def _made(row: Contact, attempt: Attempt | None, reserved: bool) -> Made:
    if row.direction == "in":
        return Made(row.at, row.channel, row.result or "", _("You wrote to us or called us."), "", inward=True)
    laws: tuple[str, ...] = ()
    why, verdict = _("No reason was kept."), _unknown()
    if attempt is not None:
        why = str(PURPOSES.get(attempt.planned.purpose, attempt.planned.purpose))
        asked = tuple(str(rule).split("/")[-1].split(":")[0] for rule in attempt.rules.rules)
        verdict = _("Allowed: %(count)s rules were asked at that minute, and none stood against it.") % {
            "count": len(asked)
        }
        laws = titles(asked)
    elif reserved:
        why = _("A colleague wanted to speak with you about what is overdue.")
        verdict = _("Allowed: the rules were asked just before the call, and none stood against it.")
    return Made(row.at, row.channel, row.result or "", why, verdict, laws, row.pk)


def _unknown() -> str:
    return _("This contact was made before this desk asked the rules: no verdict was kept.")


def _meant(row: Planned) -> Made:
    why = str(PURPOSES.get(row.purpose, row.purpose))
    if row.rules:
        verdict = _("Not made: these rules stood against it.")
    elif row.state == "cancelled":
        verdict = _("Not made: you asked us to pause, or something you told us came before it.")
    elif row.state == "not_wanted":
        verdict = _("Not made: there was no reason for it any more.")
    else:
        verdict = _("Not made.")
    return Made(row.ended_at or row.planned_at, row.channel, "", why, verdict, titles(row.rules))


def titles(rules: Sequence[str]) -> tuple[str, ...]:
    """The titles of rules in the reader's language, each once; one that is no longer in force by its number."""
    known = _titles("zh" if (get_language() or "").startswith("zh") else "en")
    return tuple(dict.fromkeys(known.get(one, one) for one in rules))


@cache
def _titles(language: str) -> dict[str, str]:
    return {rule.id: getattr(rule.title, language) for _pack, rule in packs().rules}
