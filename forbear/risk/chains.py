"""What a model is asked: chains of conditional probabilities over days, and the labels that outcomes give them.

A discrete-time hazard: at step k those still as they were may end or stay; the chance of still being so after step
k is the product of the chances of staying so far (Singer and Willett 1993). Products of numbers below one can only
fall, so the horizons of one chain never cross. Labels that are not yet known at a step are censored, not guessed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.frame import Frame

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
NEVER = np.inf
DAYS_A_BUCKET = 30


@dataclass(frozen=True)
class Chain:
    """One question over several horizons.

    Attributes:
        steps: days, rising.
        outputs: column to (index of step, whether it tells of having ended).
        sign: 1 when staying is worse, -1 when ending is.
        has_card: whether its first step has a scorecard beside the trees.
    """

    name: str
    steps: tuple[int, ...]
    outputs: Mapping[str, tuple[int, bool]]
    sign: int
    stays: str
    has_card: bool = False


@cache
def chains(kind: str) -> tuple[Chain, ...]:
    """The chains of a kind of book: `events` or `statuses`."""
    told = tomllib.loads(files("forbear.risk").joinpath("chains.toml").read_text(encoding="utf-8"))
    return tuple(_chain(name, row, kind) for name, row in told.items() if row[kind])


def _chain(name: str, row: dict[str, Any], kind: str) -> Chain:
    steps = tuple(row.get("status_steps", row["steps"]) if kind == "statuses" else row["steps"])
    outputs = {c: (steps.index(s), way == "end") for c, (s, way) in row["outputs"].items() if s in steps}
    return Chain(name, steps, outputs, row["sign"], row["stays"], kind in row["card"])


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of one chain for the rows of a frame.

    Attributes:
        eligible: rows to which the question applies.
        ended: days until the end, infinite when it did not end as far as is known.
        known: days that are known.
        starts: days from the moment to the chain's day 0 (late: to the due date).
        asked: days until somebody contacted the borrower, after which the chain is not followed; infinite for never.
    """

    eligible: Bools
    ended: Doubles
    known: Doubles
    starts: Doubles
    asked: Doubles | None = None

    def at_risk(self, step: int, steps: tuple[int, ...]) -> Bools:
        """Rows that are asked at a step: still as they were before it, uncontacted, and known to its end.

        Known to its end whether or not they ended: to take those that ended early and leave out the others of the same
        age would make every end look likelier than it is.
        """
        before = steps[step - 1] if step else -NEVER
        lasted = (self.ended > before) & (self._asked > max(before, -1))
        return self.eligible & lasted & (self.known >= steps[step])

    @property
    def _asked(self) -> Doubles:
        return np.full(len(self.ended), NEVER) if self.asked is None else self.asked

    def exposure(self, step: int, steps: tuple[int, ...]) -> Doubles:
        """How much of a step each row was followed: half where a contact fell in it (life tables' actuarial rule)."""
        return np.where((self._asked <= steps[step]) & self.stays(step, steps), 0.5, 1.0)

    def stays(self, step: int, steps: tuple[int, ...]) -> Bools:
        """Whether each row is still as it was after a step."""
        made: Bools = (self.ended > steps[step]) | (self.ended > self._asked)
        return made

    def known_for(self, step: int, steps: tuple[int, ...]) -> Bools:
        """Rows whose state after a step is known and was reached without a contact."""
        untouched = (self._asked > steps[step]) | (self.ended <= np.minimum(steps[step], self._asked))
        return self.eligible & (self.known >= steps[step]) & untouched


def labels(chain: Chain, frame: Frame, *, untouched: bool = True) -> Labels:
    """The labels of a chain.

    Args:
        chain: the question.
        frame: with outcomes.
        untouched: cures count only until the first outgoing contact after the moment.
    """
    made: Labels = _MAKERS[chain.name, "record" if "kind_now" in frame.marks else "events"](frame, untouched)
    return made


def eligible(chain: Chain, frame: Frame) -> Bools:
    """Rows to which a chain's question applies, from what is known at the moment alone."""
    if "kind_now" in frame.marks:
        return _record_eligible(chain.name, frame)
    overdue = frame.marks["overdue"].astype(float) > 0
    is_open = ~frame.marks["is_closed"].astype(bool)
    dpd = frame.column("dpd")
    made: Bools = {
        "late": is_open & ~np.isnan(frame.column("days_to_due")),
        "cure": is_open & overdue,
        "roll": is_open,
        "sixty": is_open & (dpd < 60),
        "ninety": is_open & (dpd < 90),
    }[chain.name]
    return made


def _record_eligible(name: str, frame: Frame) -> Bools:
    kind, dpd = frame.marks["kind_now"].astype(str), frame.marks["dpd_now"].astype(float)
    worst = frame.marks["worst_ever"].astype(float)
    alive = (kind == "active") | (kind == "absent")
    made: Bools = {
        "cure": (kind == "active") & (dpd >= 30),
        "roll": alive,
        "sixty": alive & (worst < 60),
        "ninety": alive & (worst < 90),
    }[name]
    return made


def _never(days: Doubles) -> Doubles:
    return np.where(np.isnan(days), NEVER, days)


def _event_labels(name: str) -> Any:
    def made(frame: Frame, untouched: bool) -> Labels:
        o = frame.outcomes
        fit_for = ~(o["is_paused"] > 0)
        chain = next(c for c in chains("events") if c.name == name)
        on = eligible(chain, frame) & fit_for
        zero = np.zeros(len(frame))
        if name == "late":
            ahead = frame.column("days_to_due").astype(float)
            return Labels(
                on & (ahead >= 1), _never(o["next_late_days"]), np.nan_to_num(o["next_known"], nan=-1.0), ahead
            )
        if name == "cure":
            asked = _never(o["asked_in"]) if untouched else None
            return Labels(on, _never(o["cure_days"]), o["known_days"], zero, asked)
        if name == "roll":
            now, then = _bucket(frame.column("dpd")), _bucket(np.nan_to_num(o["dpd_in_30d"]))
            ended = np.where(then > now, float(DAYS_A_BUCKET), NEVER)
            known = np.where(o["known_days"] >= DAYS_A_BUCKET, float(DAYS_A_BUCKET), -1.0)
            return Labels(on, ended, known, zero)
        days = o["days_to_60" if name == "sixty" else "days_to_90"]
        ended = np.where(days <= o["known_days"], days, NEVER)
        return Labels(on, _never(ended), o["known_days"], zero)

    return made


def _bucket(dpd: npt.NDArray[Any]) -> Doubles:
    made: Doubles = np.ceil(np.maximum(dpd.astype(float), 0) / DAYS_A_BUCKET)
    return made


def _record_labels(name: str) -> Any:
    def made(frame: Frame, _untouched: bool) -> Labels:
        o = frame.outcomes
        on, zero = _record_eligible(name, frame), np.zeros(len(frame))
        if name in ("roll", "cure"):
            return Labels(on, _never(o[f"{name}_days"]), o["roll_known"], zero)
        days = o["days_to_60" if name == "sixty" else "days_to_90"]
        return Labels(on, _never(days), o["known_days"], zero)

    return made


_MAKERS = {
    **{(n, "events"): _event_labels(n) for n in ("late", "cure", "roll", "sixty", "ninety")},
    **{(n, "record"): _record_labels(n) for n in ("cure", "roll", "sixty", "ninety")},
}
