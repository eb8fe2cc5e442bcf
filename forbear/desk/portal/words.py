"""Codes of the page as a borrower reads them, and what happens next after each thing she does."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = dict[str, str | Promise]

KIND_WORDS: Words = {
    "hardship": _("You told us that times are hard"),
    "extension": _("You asked for more time"),
    "dispute": _("You disputed what is asked of you"),
    "complaint": _("You complained"),
    "stop": _("You asked us to stop contacting you"),
    "contact": _("You changed how we may reach you"),
    "again": _("You let us contact you again"),
    "promise": _("You said when you will pay"),
    "plan": _("You chose a plan"),
    "download": _("You took your data along"),
}
NEXT_WORDS: dict[str, tuple[str | Promise, ...]] = {
    "hardship": (
        _("From now on nobody calls or writes to ask for money. It is paused already."),
        _("A person who may grant relief looks at your loans and makes you a proposal that you can afford."),
        _("You need not do anything now. If you can say more, call us, or write here again."),
    ),
    "extension": (
        _("A person reads it and answers you by the day below."),
        _("Until then your due dates stay as they are; nothing else changes."),
        _("If it gets harder meanwhile, tell us that times are hard: contact is then paused at once."),
    ),
    "dispute": (
        _("From now on nobody asks you to pay until it is answered."),
        _("A person compares your files with our record; you are not asked for money meanwhile."),
        _("You get a written answer by the day below. It stands on this page, under your receipts."),
    ),
    "complaint": (
        _("From now on contact is paused until it is answered."),
        _("A manager or the compliance officer looks into it, not the person who contacted you."),
        _("You get a written answer by the day below. It stands on this page, under your receipts."),
    ),
    "stop": (
        _("From now on nobody calls you or sends you messages. What was planned is taken out."),
        _("Letters that the law makes us send may still come. What you owe stays as it is."),
        _("You can come back to this page at any time, pay, ask for a plan, or let us contact you again."),
    ),
    "contact": (
        _("Your choices hold from now on."),
        _("They come beside what the law forbids us anyway, such as calling at night."),
    ),
    "again": (_("We may contact you again, within your choices and the law."),),
    "promise": (
        _("Until that day nobody calls you about it."),
        _("Pay on this page or as you always do; we see it when it arrives."),
        _("If you cannot keep it, tell us before: nothing bad follows from saying so."),
    ),
    "plan": (),
    "download": (_("It was written down that you took a copy. Keep it where only you can open it."),),
}
CAUSE_WORDS: Words = {
    "work": _("I lost work or earn less"),
    "illness": _("I am ill, or somebody I care for is"),
    "family": _("Something changed in my family"),
    "disaster": _("A disaster or an accident"),
    "debts": _("Several debts at once"),
    "other": _("Something else"),
}
WAY_WORDS: Words = {
    "call": _("Calls"),
    "voice": _("Automated calls"),
    "sms": _("Text messages"),
    "email": _("E-mail"),
    "app_push": _("Messages in the app"),
    "chat": _("Chat"),
    "visit": _("Visits"),
}
OUTCOME_WORDS: Words = {
    "upheld": _("You were right."),
    "partly": _("You were partly right."),
    "not_upheld": _("We see it differently."),
}
PART_WORDS: Words = {
    "principal": _("what you borrowed"),
    "interest": _("the price of borrowing it"),
    "fees": _("charged by your contract or for a late installment"),
    "penalty": _("for the days that an installment was late"),
}


@cache
def help_of(jurisdiction: str) -> dict[str, str] | None:
    """Who listens when it is all too much, where the lender is; None: nobody is named in `help.toml`."""
    table = tomllib.loads(files(__package__).joinpath("help.toml").read_text("utf-8"))
    return table.get(jurisdiction)
