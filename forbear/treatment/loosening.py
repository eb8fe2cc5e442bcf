"""What differs between two strategies, key by key, and which of it loosens a rule: reaches more people, guards less.

What counts as loosening is said here once: packs left out, fewer people left in peace, a lower bar for a contact,
earlier reminders, a kind of step that had no capacity, more that is vouched for or assumed, other own actions, and
messages that go out by themselves. More capacity of a step that there was already is no loosening.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from forbear.treatment.strategy import Strategy

NAMES = frozenset(["name", "version", "title"])
"""What a strategy is called, which decides nothing."""


def differences(before: Strategy | None, after: Strategy) -> list[tuple[str, Any, Any]]:
    """What decides and differs: key, value before, value after; None where it is not said.

    Args:
        before: None: there was none, and every key differs.
        after: the later one.
    """
    old = dict(_flat(before.model_dump(mode="json"))) if before is not None else {}
    new = dict(_flat(after.model_dump(mode="json")))
    keys = [*new, *(key for key in old if key not in new)]
    return [(k, old.get(k), new.get(k)) for k in keys if old.get(k) != new.get(k)]


def _flat(told: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in told.items():
        if not above and key in NAMES:
            continue
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def loosened(before: Strategy | None, after: Strategy) -> list[str]:
    """Keys by which `after` loosens a rule of `before`, in the order of a strategy; `first` when there was none."""
    if before is None:
        return ["first"]
    fewer_packs = set(before.packs) - set(after.packs)
    found = ["packs"] if fewer_packs else []
    for key in ("peace_share", "burden_price", "ahead_least"):
        found += [key] if getattr(after, key) < getattr(before, key) else []
    for key in ("peace_above", "ahead_days"):
        found += [key] if getattr(after, key) > getattr(before, key) else []
    found += [f"capacities.{k}" for k, v in after.capacities.items() if v > 0 and not before.capacities.get(k)]
    found += [f"assume.{k}" for k, v in after.assume.items() if before.assume.get(k) != v]
    found += [
        f"vouched.{channel}.{fact}"
        for channel, facts in after.vouched.items()
        for fact, value in facts.items()
        if before.vouched.get(channel, {}).get(fact) != value
    ]
    found += ["own_actions"] if after.own_actions != before.own_actions else []
    found += ["dispatch"] if after.dispatch and not before.dispatch else []
    return found
