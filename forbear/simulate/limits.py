"""A lender's limits: what may be done to whom on a day, before any strategy is asked.

Quiet states and frequency caps are masks, never penalties: a strategy is not given the choice. They come from the
defaults here (`limits.yaml`) and, where packs are named, from the gate's own parameters (`limits_of_packs`): the
strictest of all holds. What the simulator does not model (wordings, hours, parties, notices) is not checked here;
the gate does that where people are real.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from forbear.conduct import load_packs
from forbear.conduct.parameters import Bar, Frequency
from forbear.simulate.acts import Act, Menu, menu
from forbear.simulate.seen import Seen

LIMITS_FILE = Path(__file__).with_name("limits.yaml")
VOICE = ("call", "voice")
FACTS = {
    "dispute_open": "disputed",
    "cease_request": "stopped",
    "opted_out": "stopped",
    "vulnerable": "vulnerable",
    "wrong_number": "bad_number",
}
"""The gate's words for states, and the columns that know them here."""


@dataclass(frozen=True)
class Limits:
    """Caps and quiet states.

    Attributes:
        contacts_a_week: attempts in 7 days.
        calls_a_week: attempts by voice in 7 days.
        gap: least days between two attempts; 1 allows every day.
        quiet: columns of the seen table that end all contact while true.
        no_pressure: columns that leave offers and messages, and end pressure.
        told: where the limits come from.
    """

    contacts_a_week: int
    calls_a_week: int
    gap: int
    quiet: tuple[str, ...]
    no_pressure: tuple[str, ...]
    told: str = "limits.yaml"


@cache
def shipped_limits() -> Limits:
    """The limits of limits.yaml."""
    raw = yaml.safe_load(LIMITS_FILE.read_text(encoding="utf-8"))
    return Limits(
        raw["contacts_a_week"], raw["calls_a_week"], raw["gap"], tuple(raw["quiet"]), tuple(raw["no_pressure"])
    )


def no_limits() -> Limits:
    """Only preconditions: for pilots, and for books whose logged propensities must be exact."""
    return Limits(7, 7, 1, (), (), "none")


def limits_of_packs(names: Iterable[str], on: date, base: Limits | None = None) -> Limits:
    """`base`, tightened by the frequency caps and bars of these packs.

    A cap on attempts, dials or conversations over N days, N at most 7, becomes a cap on attempts in 7 days of the same
    number for longer windows than a day, or of 7 times the number for a day; every attempt counts, which is the
    strictest reading.

    Raises:
        WrongUse: a pack is unknown or malformed.
    """
    limits = base or shipped_limits()
    packs = load_packs(names)
    for _, rule in packs.rules:
        dated = rule.at(on)
        if isinstance(dated, Frequency) and dated.window.days and dated.direction != "in":
            limits = _capped(limits, dated)
        if isinstance(dated, Bar):
            states = {FACTS[s] for s in dated.states if s in FACTS}
            limits = replace(limits, quiet=tuple(sorted({*limits.quiet, *states})))
    return replace(limits, told=f"{limits.told}; packs {', '.join(p.name for p in packs.packs)}")


def _capped(limits: Limits, rule: Frequency) -> Limits:
    days = rule.window.days or 7
    weekly = rule.cap * 7 if days == 1 else rule.cap if days <= 7 else limits.contacts_a_week
    if set(rule.channels) <= set(VOICE):
        return replace(limits, calls_a_week=min(limits.calls_a_week, weekly))
    if set(VOICE) <= set(rule.channels):
        return replace(limits, contacts_a_week=min(limits.contacts_a_week, weekly))
    return limits


def allowed(limits: Limits, seen: Seen) -> NDArray[np.bool_]:
    """Borrowers x acts that may be done today; waiting always may."""
    acts = menu()
    may = np.empty((len(seen), len(acts.acts)), dtype=bool)
    silent = _silent(limits, seen)
    calm = np.logical_or.reduce([np.asarray(seen[c], dtype=bool) for c in limits.no_pressure] or [silent])
    no_calls = np.asarray(seen["calls_7"]) >= limits.calls_a_week
    lateness = np.where(np.asarray(seen["dpd"]) > 0, np.asarray(seen["dpd"]), -np.asarray(seen["days_to_due"]))
    for number, act in enumerate(acts.acts):
        may[:, number] = number == 0 or (
            _suits(acts, act, seen, lateness)
            & ~silent
            & ~(calm & act.presses)
            & ~(no_calls & (act.channel in VOICE))
        )
    return may


def _silent(limits: Limits, seen: Seen) -> NDArray[np.bool_]:
    """Those nobody may contact today."""
    quiet = [np.asarray(seen[c], dtype=bool) for c in limits.quiet]
    often = np.asarray(seen["contacts_7"]) >= limits.contacts_a_week
    recent = np.asarray(seen["days_since_contact"]) < limits.gap
    silent: NDArray[np.bool_] = np.logical_or.reduce([*quiet, often, recent, ~np.asarray(seen["open"], dtype=bool)])
    return silent


def _suits(acts: Menu, act: Act, seen: Seen, lateness: NDArray[Any]) -> NDArray[np.bool_]:
    """The act's own preconditions: days past due, a number that is right, not done before where once is enough."""
    first, last = act.dpd
    suits = (lateness >= first) & (lateness <= last)
    if act.reach in ("phone", "text"):
        suits &= ~np.asarray(seen["bad_number"], dtype=bool)
    if act.once:
        suits &= np.asarray(seen[f"tried_{act.name}"]) == 0
    if act.relief:
        suits &= ~(np.asarray(seen["on_plan"]) | np.asarray(seen["extended"]) | np.asarray(seen["settling"]))
    suits &= ~np.asarray(seen["extended"], dtype=bool)
    result: NDArray[np.bool_] = suits
    return result
