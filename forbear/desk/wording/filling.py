"""Filling a template: which variables it names, their values as text, and the sums that the made text names.

Pure: text and values in, text out. A template is plain text with names in single braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from string import Formatter
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency

from forbear.basics.errors import WrongUse
from forbear.basics.money import minor_digits
from forbear.desk.wording.tables import Variable, variables

LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB"}
_SUM = re.compile(
    r"(?:[¥￥$£€₹]|\b(?:CNY|USD|GBP|INR|EUR|RMB)\s?)\s?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?\s?(?:元|块|美元)"
)
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")


def named(text: str) -> list[str]:
    """The variables that a text names, in order, each once.

    Raises:
        WrongUse: a brace is open, or a name has a form of its own ({a.b}, {a!r}, {a:5}).
    """
    try:
        fields = list(Formatter().parse(text))
    except ValueError as bad:
        raise WrongUse(f"the braces do not fit: {bad}", "write {name}; a brace itself is written twice") from None
    names = []
    for _, name, form, turned in fields:
        if name is None:
            continue
        if form or turned or not re.fullmatch(r"[a-z_]+", name):
            raise WrongUse(f"{{{name}}} is no plain name", "write {name} alone")
        names.append(name)
    return list(dict.fromkeys(names))


def filled(text: str, values: Mapping[str, Any], language: str, currency: str) -> str:
    """A text with its variables filled in.

    Args:
        text: the template.
        values: by name: text, minor units, a day, a count, a link, as the variable's type says.
        language: zh or en.
        currency: of the sums.

    Raises:
        WrongUse: a variable is not known, has no value, or one of another type.
    """
    told = {}
    for name in named(text):
        known = variables().get(name)
        if known is None:
            raise WrongUse(f"no variable {name!r}", f"one of: {', '.join(variables())}")
        told[name] = shown(known, values.get(name), language, currency)
    return text.format(**told)


def shown(variable: Variable, value: Any, language: str, currency: str) -> str:
    """A value as the reader sees it.

    Raises:
        WrongUse: there is none, or it is of another type.
    """
    if not _fits(variable.type, value):
        raise WrongUse(
            f"{variable.name}: {value!r} is no {variable.type}", "the value is missing or of another kind"
        )
    match variable.type:
        case "money":
            return money(value, currency, language)
        case "day":
            return str(format_date(value, "M月d日" if language == "zh" else "d MMMM", locale=LOCALES[language]))
    return str(value)


def money(minor: int, currency: str, language: str) -> str:
    """Minor units with the currency's sign: ¥620.50."""
    amount = Decimal(minor).scaleb(-minor_digits(currency))
    return str(format_currency(amount, currency, locale=LOCALES[language])).replace("CN¥", "¥")


def _fits(kind: str, value: Any) -> bool:
    if kind in ("money", "count"):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind == "day":
        return isinstance(value, date)
    return isinstance(value, str) and bool(value.strip())


def sums_in(text: str) -> list[Decimal]:
    """The sums that a text names with a currency's sign or word, in the major unit, in order."""
    return [Decimal(_DIGITS.findall(found)[0].replace(",", "")) for found in _SUM.findall(text)]


def wrong_sums(text: str, amounts: Iterable[int], currency: str) -> list[Decimal]:
    """The sums that a text names and that are none of the amounts (minor units): there must be none."""
    known = {Decimal(minor).scaleb(-minor_digits(currency)) for minor in amounts}
    return [one for one in sums_in(text) if one not in known]


def example(name: str, language: str) -> Any:
    """What stands for a variable in a preview."""
    known = variables()[name]
    if known.type == "link":
        return f"https://desk.example/l/{known.link}/Ab3dEf6hIj"
    return known.example[language] if isinstance(known.example, Mapping) else known.example
