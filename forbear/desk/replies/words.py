"""Codes of replies as people read them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from forbear.desk.replies.reading import ENDS

INTENT_WORDS = {
    "stop": _("stop contacting me"),
    "wrong_person": _("wrong person or number"),
    "dispute": _("disputes the debt or the sum"),
    "already_paid": _("says it is paid"),
    "hardship": _("hardship or illness"),
    "bereavement": _("a death"),
    "lawyer": _("has a lawyer or adviser"),
    "promise": _("promises to pay"),
    "asks_plan": _("asks for a plan"),
    "asks_proof": _("asks for proof"),
    "abuse": _("insult or threat"),
    "other": _("something else"),
}
TASK_WORDS = {
    "confirm_stop": _("Confirm that contact has stopped; agree how else to reach them"),
    "find_number": _("Find the right number or person"),
    "look_into_dispute": _("Look into the dispute and answer it"),
    "check_payment": _("Check the payment they speak of"),
    "offer_relief": _("Offer relief; contact is paused"),
    "handle_bereavement": _("A death: hand over to a specialist, contact is stopped"),
    "write_to_lawyer": _("Write to the lawyer or adviser, to nobody else"),
    "note_promise": _("Write down the promise, ask for day and sum"),
    "offer_plan": _("Offer a plan"),
    "take_plan_further": _("A plan was asked for or agreed to on the borrower's own page: take it further"),
    "send_proof": _("Send contract and breakdown"),
    "supervisor_reads": _("A supervisor reads it"),
    "answer": _("Answer the message"),
    "experiment_stopped": _("An experiment was stopped by its guard on complaints: look into it, and conclude"),
}
MISREADABLE = frozenset(ENDS)
"""Tasks with which a fact can be ended."""
