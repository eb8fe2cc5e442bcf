"""Figures as people read them: money, days, instants in the reader's own language and the borrower's own zone."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_percent
from django import template
from django.utils.translation import get_language

from forbear.basics.errors import ForbearError
from forbear.basics.money import minor_digits
from forbear.desk.pages.words import word
from forbear.desk.people.rights import allowed

register = template.Library()
NOTHING = "–"


@cache
def _locale(language: str) -> str:
    return "zh_Hans_CN" if language.startswith("zh") else "en"


@cache
def _digits(currency: str) -> int:
    try:
        return minor_digits(currency)
    except ForbearError:
        return 2


@register.filter
def money(minor: int | None, currency: str = "CNY") -> str:
    """An amount in minor units with its currency sign: 123456 of CNY is ¥1,234.56."""
    if minor is None:
        return NOTHING
    amount = Decimal(minor).scaleb(-_digits(currency))
    shown = str(format_currency(amount, currency, locale=_locale(get_language() or "en")))
    return shown.replace("CN¥", "¥")  # the reader knows whose; a page has one currency, and says which


@register.filter
def major(amount: float | None, currency: str = "CNY") -> str:
    """An amount in major units, such as a mean of several, as `money` shows one."""
    return NOTHING if amount is None else money(round(amount * 10 ** _digits(currency)), currency)


@register.filter
def minor(text: str, currency: str = "CNY") -> str:
    """An amount that stands as a text of minor units, such as 123456."""
    return money(int(text), currency) if text.lstrip("-").isdecimal() else text


@register.filter
def local_time(at: datetime | None, zone: str | None) -> str:
    """An instant in a zone, named: `2026-06-30 12:00 (Asia/Shanghai)`; in UTC when the zone is not known."""
    if at is None:
        return NOTHING
    name = zone or "UTC"
    try:
        there = at.astimezone(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        name, there = "UTC", at.astimezone(ZoneInfo("UTC"))
    return f"{format_datetime(there, 'yyyy-MM-dd HH:mm')} ({name})"


@register.filter
def share(part: float | None) -> str:
    """A share as a percentage with one digit; a dash when there is none."""
    return NOTHING if part is None else str(format_percent(part, "0.0%", locale=_locale(get_language() or "en")))


@register.filter
def word_of(code: str | None, kind: str) -> str:
    """The word for a code of a kind (`words.WORDS`): `call` of `act` is Call."""
    return word(kind, code)


@register.simple_tag
def querystring_of(asked: dict[str, str], after: str) -> str:
    """The part of an address that asks for the next rows of the same list."""
    return urlencode({**{name: value for name, value in asked.items() if value}, "after": after})


@register.filter
def may(action: str, user: Any) -> bool:
    """Whether the user may do an action: `"receipts.see"|may:user`."""
    return allowed(user, action)


@register.filter
def task_word(kind: str) -> str:
    """What a task is, in the reader's language."""
    from forbear.desk.replies.words import TASK_WORDS

    return str(TASK_WORDS.get(kind, kind))
