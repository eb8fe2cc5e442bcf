"""Codes of plans as people read them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, str | Promise]] = {
    "plan_state": {
        "asked": _("asked for, proof is wanted"),
        "offered": _("offered"),
        "agreed": _("agreed"),
        "granted": _("in force"),
        "kept": _("kept to its end"),
        "broken": _("broken"),
        "withdrawn": _("taken back"),
        "refused": _("refused"),
        "expired": _("run out"),
    },
    "plan_waits": {
        "evidence": _("proof"),
        "agreement": _("the borrower's agreement"),
        "grant": _("somebody who puts it forward"),
        "second_person": _("a second person"),
    },
    "plan_kept": {
        "running": _("on time"),
        "late": _("late, within the days of grace"),
        "broken": _("broken"),
        "kept": _("kept"),
    },
    "category": {
        "normal": _("normal"),
        "special_mention": _("special mention"),
        "substandard": _("substandard"),
        "doubtful": _("doubtful"),
        "loss": _("loss"),
        "performing": _("performing"),
        "default": _("default"),
    },
    "reported": {
        "paying_by_plan": _("paying by a plan"),
        "settled_for_less": _("settled for less than was owed"),
    },
}
