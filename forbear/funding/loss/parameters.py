"""The parameters of expected loss and provisions: those of this folder, or a lender's own file over them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.funding.loss.formula import Scenario, checked

TABLES = frozenset(["stages", "pd", "lgd", "ead", "scenarios"])


@dataclass(frozen=True)
class LossParameters:
    """What the expected loss is reckoned with; see `ecl.toml` for each with its source."""

    sicr_over: int
    default_days: int
    pd_months: int
    pd_least_loans: int
    pd_fallback: tuple[Decimal, ...]
    pd_floor: Decimal
    workout_months: int
    lgd_least_loans: int
    lgd_fallback: Decimal
    lgd_floor: Decimal
    missed_months: int
    scenarios: tuple[Scenario, ...]
    sources: tuple[dict[str, Any], ...]

    def range_ends(self) -> list[int]:
        """Last days past due of the ranges whose moves give the PDs; default is beyond them."""
        middle = (self.sicr_over + self.default_days) // 2
        return [0, self.sicr_over, middle, self.default_days - 1]


def loss_parameters(path: str | Path | None = None) -> LossParameters:
    """The shipped parameters, changed by a lender's file where it names one.

    Raises:
        UnreadableFile: the file cannot be read as TOML.
        WrongUse: it names what does not exist, or a value cannot be.
    """
    told = tomllib.loads(files(__package__).joinpath("ecl.toml").read_text(encoding="utf-8"))
    if path is not None:
        told = _over(told, _read(Path(path)), str(path))
    try:
        return _made(told)
    except (InvalidOperation, TypeError, ValueError, KeyError) as bad:
        raise WrongUse(
            f"{path}: a parameter of the expected loss cannot be read: {bad}", "see docs/funding.md"
        ) from bad


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as bad:
        raise UnreadableFile(f"{path} cannot be read: {bad}", "a TOML file as in docs/funding.md") from bad


def _over(shipped: dict[str, Any], own: dict[str, Any], path: str) -> dict[str, Any]:
    strange = sorted(own.keys() - TABLES)
    strange += [
        f"{t}.{k}" for t, v in own.items() if t in TABLES and isinstance(v, dict) for k in v if k not in shipped[t]
    ]
    if strange:
        raise WrongUse(f"{path}: {', '.join(strange)} is no parameter of the expected loss", "see docs/funding.md")
    return {t: {**v, **own.get(t, {})} if isinstance(v, dict) else own.get(t, v) for t, v in shipped.items()}


def _made(told: dict[str, Any]) -> LossParameters:
    stages, pd, lgd, ead = told["stages"], told["pd"], told["lgd"], told["ead"]
    scenarios = tuple(
        Scenario(s["name"], Decimal(s["weight"]), Decimal(s["pd_odds"]), Decimal(s["lgd"]), s.get("title"))
        for s in told["scenarios"]
    )
    checked(scenarios)
    made = LossParameters(
        stages["sicr_over"],
        stages["default_days"],
        pd["months"],
        pd["least_loans"],
        tuple(Decimal(p) for p in pd["fallback"]),
        Decimal(pd["floor"]),
        lgd["workout_months"],
        lgd["least_loans"],
        Decimal(lgd["fallback"]),
        Decimal(lgd["floor"]),
        ead["missed_months"],
        scenarios,
        tuple(s for table in (stages, pd, lgd, ead) for s in table["sources"]),
    )
    if not 1 <= made.sicr_over < made.default_days - 2 or len(made.pd_fallback) != len(made.range_ends()):
        raise WrongUse(
            f"sicr_over {made.sicr_over} and default_days {made.default_days} do not leave room for their ranges",
            "sicr_over is less than default_days, and pd.fallback has four chances",
        )
    return made


def provision_sets() -> dict[str, Any]:
    """The sets of provision ratios, by name, and the ratios that supervisors ask."""
    return tomllib.loads(files(__package__).joinpath("provision.toml").read_text(encoding="utf-8"))
