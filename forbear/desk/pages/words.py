"""Codes as people read them: channels, acts, reasons, actions of the audit log; a code without a word is shown."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, str | Promise]] = {
    "act": {
        "call": _("Call"),
        "voice": _("Automated call"),
        "sms": _("Text message"),
        "email": _("E-mail"),
        "app_push": _("App"),
        "chat": _("Chat"),
        "letter": _("Letter"),
        "visit": _("Visit"),
        "suit": _("Suit"),
        "placement": _("Placement with an agency"),
        "data_export": _("Data passed on"),
        "fee": _("Fee"),
        "interest": _("Interest"),
        "assignment": _("Assignment of the debt"),
        "plan": _("Plan"),
        "bureau_report": _("Credit report"),
        "letter_before_action": _("Letter before action"),
        "erasure": _("Erasure"),
    },
    "fact": {
        "identified": _("who calls or writes is named at the beginning"),
        "recorded": _("the call is recorded"),
        "ai_reviewed": _("the automated voice and its script were reviewed"),
        "collectors": _("so many people go together"),
        "id_shown": _("the visitors show their identity cards"),
        "visit_task": _("what the visit is for"),
    },
    "component": {
        "principal": _("Principal"),
        "interest": _("Interest"),
        "fees": _("Fees"),
        "penalty": _("Penalty"),
        "unapplied": _("Not applied yet"),
    },
    "entry": {
        "disbursal": _("Disbursal"),
        "due": _("Schedule agreed"),
        "payment": _("Payment"),
        "fee": _("Fee"),
        "penalty": _("Penalty"),
        "waiver": _("Waiver"),
        "refund": _("Refund"),
        "reversal": _("Reversal"),
        "write-off": _("Write-off"),
        "recovery": _("Recovery"),
        "transfer": _("Transfer"),
        "pause": _("Pause"),
        "re-age": _("Re-aged"),
        "re-amortize": _("Re-amortized"),
    },
    "closed": {"cured": _("cured")},
    "action": {
        "approval.proposed": _("proposed for approval"),
        "book.import": _("book or night loaded"),
        "call.outcome": _("outcome of a call"),
        "case.claim": _("case taken"),
        "case.release": _("case let go"),
        "contact.refused": _("contact refused by the gate"),
        "contact.reserved": _("contact allowed by the gate"),
        "gate.vouched": _("vouched for a channel"),
        "gate.vouched_end": _("vouching ended"),
        "note.written": _("note written"),
        "payment.booked": _("payment booked"),
        "promise.made": _("promise written down"),
        "user.made": _("user made"),
        "user.off": _("user switched off"),
        "user.on": _("user switched on"),
        "user.password": _("new password given"),
    },
}


def word(kind: str, code: str | None) -> str:
    """The word for a code in the reader's language, or the code itself."""
    return str(WORDS[kind].get(code or "", code or "–"))
