"""Plans in plain words, Chinese and English: what a kind is called, its sentence, why another is not offered."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from forbear.basics.money import shown

if TYPE_CHECKING:
    from forbear.relief.options import Option

LANGUAGES = ("en", "zh")


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))


def language_of(code: str | None) -> str:
    """Zh for any Chinese, else en."""
    return "zh" if (code or "").lower().startswith("zh") else "en"


def title(kind: str, language: str) -> str:
    """What a kind is called."""
    return str(_words()["kind"][kind][language_of(language)])


def evidence(name: str, language: str) -> str:
    """What is asked for, in words."""
    return str(_words()["evidence"][name][language_of(language)])


def refusal(reason: str, language: str) -> str:
    """Why a kind is not offered."""
    code, _, rules = reason.partition(":")
    return str(_words()["refused"][code][language_of(language)]).format(rules=rules.replace(",", ", "))


def said(option: Option, language: str) -> str:
    """An option's sentence for the borrower."""
    language = language_of(language)
    words, values = _words(), _values(option, language)
    text = str(words["kind"][option.kind]["say"][language]).format(**values)
    if option.waived.total and option.kind not in ("penalty_waiver", "settlement"):
        text += str(words["also"]["waived"][language]).format(**values)
    if option.terms.get("lowered") and option.kind != "rate_waiver":
        text += str(words["also"]["lower"][language]).format(**values)
    return text


def _values(option: Option, language: str) -> dict[str, str]:
    def money(amount: Any) -> str:
        return shown(int(amount), option.currency, language)

    payments = option.payments
    values = {name: str(value) for name, value in option.terms.items()}
    for name in ("parked", "pays"):
        if name in option.terms:
            values[name] = money(option.terms[name])
    return values | {
        "monthly": money(option.monthly),
        "peak": money(option.peak),
        "total": money(option.total),
        "waived": money(option.waived.total),
        "first": str(payments[0][0]),
        "last": str(payments[-1][0]),
        "count": str(len(payments)),
        "rate": f"{float(option.annual_rate) * 100:g}",
    }
