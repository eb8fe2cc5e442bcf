"""Codes of calls as people read them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

METHOD_WORDS = {
    "transfer": gettext_lazy("Bank transfer"),
    "card": gettext_lazy("Card"),
    "app": gettext_lazy("In the app"),
    "direct_debit": gettext_lazy("Direct debit"),
    "cash": gettext_lazy("Cash"),
    "other": gettext_lazy("Another way"),
}
SAID = {
    "accepted": gettext_lazy("The dialer rings you, then the borrower."),
    "refused": gettext_lazy("The dialer did not take the call. Record that it could not be made."),
    "unknown": gettext_lazy("The dialer did not answer: it may be dialing. Do not dial again."),
    "not_set": gettext_lazy("No dialer is set up: dial by hand from your telephone system."),
}
FOLLOWS = {
    "call": gettext_lazy("call again"),
    "wait": gettext_lazy("wait for the promised day"),
    "offer_plan": gettext_lazy("offer a plan"),
    "find_number": gettext_lazy("find the right number"),
}
