"""The words of a planned contact, made at the instant of sending from what is owed then.

The dispatcher calls the function that `settings.CONTACT_WORDS` names, within the transaction that reserves the contact,
on the borrower's lock:

    render(planned, borrower_id, at) -> Words       raises NotWanted or NotSendable

`planned.owed` then holds the ledger's balances of the loans it is about, read at `at`; the dispatcher sends the words
only if none of these loans moved in between. The function here says the plain text that stands in `Planned.body`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from string import Formatter
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.basics.money import minor_digits
from forbear.conduct.language import check_words
from forbear.desk.ledger.balances import Balance

NAMES = ("arrears", "outstanding", "dpd", "currency")
"""What a plain body may name in braces."""


class NotWanted(AnswerIsNo):
    """The contact is no longer wanted: the debt was paid, or changed meanwhile."""


class NotSendable(AnswerIsNo):
    """The contact cannot be made: its words do not fit, or may not be said."""


@dataclass(frozen=True)
class Words:
    """What is said.

    Args:
        subject: of an e-mail, a letter, a push; empty where the channel has none.
        body: the text, whole.
        language: zh-hans or en.
        lines: the text in paragraphs, where the renderer knows them (letters).
        facts: what these words make true of the act, told to the gate (such as `identified`: "true").
        document: a PDF that is sent as it is, in the place of the text (an archived letter).
    """

    subject: str
    body: str
    language: str
    lines: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    document: bytes = field(default=b"", repr=False)


Render = Callable[[Any, str, datetime], Words]


def renderer() -> Render:
    """The function that the settings name."""
    found: Render = import_string(settings.CONTACT_WORDS)
    return found


def render(planned: Any, borrower_id: str, at: datetime) -> Words:
    """The plain text of a planned contact, with the sums the ledger has now.

    Raises:
        NotSendable: it names what there is not, or the check of words forbids it.
    """
    return Words("", filled(planned.body, planned.owed), language_of(planned.body))


def filled(body: str, owed: Sequence[Balance]) -> str:
    """A plain body with its names filled in; its words are checked with other sums in their place, once a body.

    Raises:
        NotSendable: sums of several currencies cannot be one sum, or the words are forbidden.
    """
    if _forbidden(check_body(body)):
        raise NotSendable("the check of words forbids this text", "see `forbear words check`")
    return body.format(**_sums(owed)) if "{" in body else body


def check_body(body: str) -> str:
    """A plain body that says something and names nothing but `NAMES`.

    Raises:
        NotSendable: it does.
    """
    try:
        names = {name for _, name, spec, turned in Formatter().parse(body) if name is not None or spec or turned}
    except ValueError:
        names = {"{"}
    if not body.strip() or not names <= set(NAMES):
        raise NotSendable(
            f"a plain text names {', '.join(sorted(map(str, names - set(NAMES)))) or 'nothing'}",
            f"it may name {', '.join(NAMES)} in braces",
        )
    return body


def language_of(text: str) -> str:
    """zh-hans for a text with Chinese characters, else en."""
    return "zh-hans" if any("一" <= one <= "鿿" for one in text) else "en"


def money(minor: int, currency: str) -> str:
    """An amount of minor units as people write it: 1,234.50."""
    digits = minor_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f}"


def _sums(owed: Sequence[Balance]) -> dict[str, str]:
    currencies = {one.currency for one in owed}
    if len(currencies) > 1:
        raise NotSendable("the loans are in several currencies", "plan one contact for each currency")
    currency = next(iter(currencies), "CNY")
    return {
        "arrears": money(sum(one.arrears_total for one in owed), currency),
        "outstanding": money(sum(one.outstanding for one in owed), currency),
        "dpd": str(max((one.dpd for one in owed), default=0)),
        "currency": currency,
    }


@lru_cache(maxsize=1_000)
def _forbidden(body: str) -> bool:
    return check_words(body.format(**dict.fromkeys(NAMES, "100"))).forbidden


def refuse_bad_body(body: str) -> None:
    """Refuse a plain body already when it is planned.

    Raises:
        WrongUse: it names what there is not.
    """
    try:
        check_body(body)
    except NotSendable as no:
        raise WrongUse(no.message, no.hint) from None
