"""Options as plain JSON and back, so that what was offered is kept word for word until it is granted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from forbear.relief.effects import BureauEffect, ClassEffect
from forbear.relief.ground import Moved, PlanRow, Waived
from forbear.relief.options import Option, Told
from forbear.relief.saying import evidence, refusal, title

DECIMALS = ("annual_cost", "annual_cost_before", "share_used", "chance")


def to_plain(option: Option) -> dict[str, Any]:
    """An option as JSON: dates and decimals as text, money as integers of the minor unit; with its sentences."""
    told: dict[str, Any] = {name: getattr(option, name) for name in option.__dataclass_fields__}
    told |= {name: str(told[name]) for name in DECIMALS}
    told |= {
        "on": str(option.on),
        "annual_rate": str(option.annual_rate),
        "rows": [[str(row.due_on), row.principal, row.interest, row.fees] for row in option.rows],
        "charges": [[one.number, str(one.due_on), one.amount] for one in option.charges],
        "waived": {
            "principal": option.waived.principal,
            "interest": option.waived.interest,
            "fees": option.waived.fees,
            "charged": [list(pair) for pair in option.waived.charged],
        },
        "terms": {name: _word(value) for name, value in option.terms.items()},
        "classification": {
            **vars(option.classification),
            "observed_until": str(option.classification.observed_until),
        },
        "bureau": {**vars(option.bureau), "adverse_until": _day(option.bureau.adverse_until)},
        "evidence": list(option.evidence),
        "facts": dict(option.facts),
        "payments": [[str(day), amount] for day, amount in option.payments],
        "given_up": option.given_up,
        "title": {language: title(option.kind, language) for language in ("en", "zh")},
        "say": {language: option.sentence(language) for language in ("en", "zh")},
    }
    return told


def from_plain(told: dict[str, Any]) -> Option:
    """The option that `to_plain` told."""
    own = {name: told[name] for name in Option.__dataclass_fields__}
    own |= {name: Decimal(own[name]) for name in DECIMALS}
    waived, category, bureau = told["waived"], told["classification"], told["bureau"]
    own |= {
        "on": date.fromisoformat(told["on"]),
        "annual_rate": Fraction(told["annual_rate"]),
        "rows": tuple(PlanRow(date.fromisoformat(day), *amounts) for day, *amounts in told["rows"]),
        "charges": tuple(Moved(number, date.fromisoformat(day), amount) for number, day, amount in told["charges"]),
        "waived": Waived(
            waived["principal"], waived["interest"], waived["fees"], tuple((n, a) for n, a in waived["charged"])
        ),
        "classification": ClassEffect(
            **{**category, "observed_until": date.fromisoformat(category["observed_until"])}
        ),
        "bureau": BureauEffect(
            **{**bureau, "adverse_until": bureau["adverse_until"] and date.fromisoformat(bureau["adverse_until"])}
        ),
        "evidence": tuple(told["evidence"]),
    }
    return Option(**own)


def told_plain(told: Told) -> dict[str, Any]:
    """A whole answer as JSON."""
    surplus = told.surplus
    return {
        "surplus": {**vars(surplus), "later_on": _day(surplus.later_on), "evidence": list(surplus.evidence)},
        "shown": [to_plain(one) for one in told.shown],
        "all": [one.option_id for one in told.all],
        "refused": [
            {"kind": kind, "reason": reason, "en": refusal(reason, "en"), "zh": refusal(reason, "zh")}
            for kind, reason in told.refused.items()
        ],
        "evidence": {
            name: {"en": evidence(name, "en"), "zh": evidence(name, "zh")}
            for name in dict.fromkeys(name for one in told.shown for name in one.evidence)
        },
    }


def _day(day: date | None) -> str | None:
    return None if day is None else str(day)


def _word(value: object) -> object:
    return value if isinstance(value, int | str | bool) or value is None else str(value)
