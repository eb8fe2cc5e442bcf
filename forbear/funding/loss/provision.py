"""Provisions by the five categories, NPL ratio and coverage, by the ratios of `provision.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.funding.figures import share
from forbear.funding.loss.parameters import provision_sets

NPL = ("substandard", "doubtful", "loss")
CATEGORIES = ("normal", "special_mention", *NPL)


@dataclass(frozen=True)
class Provision:
    """What a set of ratios asks; money in minor units.

    Attributes:
        name: of the set.
        title: of the set, by language.
        citation: instrument, article, in_force_from, verified.
        special: by category.
        general: over all loans.
        required: in all.
    """

    name: str
    title: dict[str, str]
    citation: dict[str, Any]
    special: dict[str, int]
    general: int
    required: int


@dataclass(frozen=True)
class Quality:
    """Non-performing loans and what is set aside for them: money in minor units, ratios as decimal strings or None.

    Attributes:
        principal: all open loans.
        npl: substandard, doubtful and loss.
        npl_ratio: of them in all.
        coverage: the allowance over them (拨备覆盖率).
        loan_provision: the allowance over all loans (贷款拨备率).
    """

    principal: int
    npl: int
    npl_ratio: str | None
    coverage: str | None
    loan_provision: str | None


def provision(by_category: Mapping[str, int], name: str = "cn_2002") -> Provision:
    """What a set of ratios asks for loans of these categories; each category is rounded up to the minor unit.

    Raises:
        WrongUse: there is no such set, or a category that it does not know.
    """
    sets = {k: v for k, v in provision_sets().items() if k != "ratios"}
    if name not in sets:
        raise WrongUse(f"there is no set of provision ratios {name!r}", f"known: {', '.join(sets)}")
    found = sets[name]
    if strange := sorted(by_category.keys() - found["special"].keys()):
        raise WrongUse(f"{name} has no ratio for {', '.join(strange)}", "classify with cn_five")
    special = {c: _up(by_category.get(c, 0) * Decimal(r)) for c, r in found["special"].items()}
    general = _up(sum(by_category.values()) * Decimal(found["general"]))
    citation = {
        "instrument": found["instrument"],
        "article": found["article"],
        "in_force_from": found["in_force_from"].isoformat(),
        "verified": found["verified"],
    }
    return Provision(name, dict(found["title"]), citation, special, general, general + sum(special.values()))


def quality(by_category: Mapping[str, int], allowance: int) -> Quality:
    """NPL ratio and coverage."""
    whole = sum(by_category.values())
    npl = sum(by_category.get(c, 0) for c in NPL)
    return Quality(whole, npl, share(npl, whole), share(allowance, npl), share(allowance, whole))


def _up(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))
