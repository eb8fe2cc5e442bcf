"""Placing cases with agencies: whom, with which agency, for what commission; judged by results that chance handed out.

An agency that picks its cases looks good whatever it does. So a share of the placements goes to an agency drawn by lot,
and only from that share are results told; the rest goes where the expected net is highest. Draws follow from a seed and
the case alone, so that they can be made again. Money is in minor units, rates are Decimal or float shares.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse


@dataclass(frozen=True)
class Candidate:
    """A case that might be placed; money in minor units."""

    case_id: str
    outstanding: int
    dpd: int


@dataclass(frozen=True)
class Agency:
    """An agency that may be given cases: how many more, at which commission schedule."""

    agency_id: str
    capacity: int
    schedule: str


@dataclass(frozen=True)
class Result:
    """What came of the randomised placements of one agency in one segment."""

    agency_id: str
    segment: str
    cases: int
    owed: int
    recovered: int


@dataclass(frozen=True)
class Placing:
    """A case to be placed, and why there."""

    case_id: str
    agency_id: str
    randomised: bool
    expected_net: int
    segment: str


@cache
def settings() -> Mapping[str, Any]:
    """The whole of placement.toml."""
    return tomllib.loads(files(__package__).joinpath("placement.toml").read_text("utf-8"))


def schedules() -> tuple[str, ...]:
    """The commission schedules there are."""
    return tuple(settings()["commission"])


def segment_of(dpd: int) -> Mapping[str, Any]:
    """The segment of a case by its days late."""
    rows: list[Mapping[str, Any]] = settings()["segment"]
    return [one for one in rows if dpd >= one["from"]][-1]


def commission(schedule: str, recovered: int, dpd: int) -> int:
    """The commission on an amount that came in, by the days late at which the case was placed.

    Raises:
        WrongUse: no such schedule, or an amount below zero.
    """
    if recovered < 0:
        raise WrongUse(
            "commission is counted on what came in, which is not below zero", "reverse the payment first"
        )
    rate = rate_of(schedule, dpd)
    return int((Decimal(recovered) * rate).quantize(Decimal(1), ROUND_HALF_EVEN))


def rate_of(schedule: str, dpd: int) -> Decimal:
    """The share of what came in that a schedule gives the agency.

    Raises:
        WrongUse: no such schedule.
    """
    told = settings()["commission"].get(schedule)
    if told is None:
        raise WrongUse(f"no commission schedule {schedule!r}", f"one of: {', '.join(schedules())}")
    rate = [Decimal(one["rate"]) for one in told["steps"] if dpd >= one["from"]][-1]
    return min(rate, Decimal(told["most"]))


def proven(results: Iterable[Result]) -> dict[tuple[str, str], float]:
    """Each agency's recovery rate by segment: its randomised share, drawn to the segment's prior while it is small.

    rate = (recovered + k * prior * mean owed) / (owed + k * mean owed), with k = `prior_cases`: the prior counts as k
    cases of the agency's mean size (empirical Bayes in its simplest form; Efron and Morris 1977).
    """
    k, found = settings()["place"]["prior_cases"], {}
    for one in results:
        prior = next(row["agency"] for row in settings()["segment"] if row["name"] == one.segment)
        mean = one.owed / one.cases if one.cases else 1
        found[one.agency_id, one.segment] = (one.recovered + k * prior * mean) / (one.owed + k * mean)
    return found


def expected_net(one: Candidate, agency: Agency, rates: Mapping[tuple[str, str], float]) -> int:
    """What placing it there brings over keeping it: recovery less commission, less what the lender would recover."""
    row = segment_of(one.dpd)
    rate = rates.get((agency.agency_id, row["name"]), row["agency"])
    kept = 1 - float(rate_of(agency.schedule, one.dpd))
    net: int = round(one.outstanding * (rate * kept - row["lender"]))
    return net


def allocate(
    candidates: Sequence[Candidate], agencies: Sequence[Agency], results: Iterable[Result], seed: str
) -> list[Placing]:
    """Which cases go where.

    A case is placed when it is late and large enough and some agency's expected net is above zero. Of these a share
    drawn by lot goes to an agency drawn by lot, whatever is expected of it; the others, the most promising first, to
    the agency of the highest expected net that has room.

    Args:
        candidates: in any order.
        agencies: with room for `capacity` more.
        results: of the randomised share, so far.
        seed: of the draws; the same seed and cases draw the same.
    """
    told, rates = settings()["place"], proven(results)
    room = {one.agency_id: one.capacity for one in agencies if one.capacity > 0}
    by_id = {one.agency_id: one for one in agencies}
    worth = [
        one
        for one in candidates
        if one.dpd >= told["earliest_dpd"] and one.outstanding >= told["least_outstanding"]
    ]
    made: list[Placing] = []
    rest: list[tuple[int, Candidate]] = []
    for one in sorted(worth, key=lambda c: _draw(seed, "order", c.case_id)):
        nets = {name: expected_net(one, by_id[name], rates) for name in sorted(by_id)}
        best = max(nets.values(), default=0)
        if best <= 0:
            continue
        if _draw(seed, "explore", one.case_id) < told["explore"]:
            made += _by_lot(one, nets, room, seed)
        else:
            rest.append((best, one))
    for _, one in sorted(rest, key=lambda pair: (-pair[0], pair[1].case_id)):
        nets = {name: expected_net(one, by_id[name], rates) for name in sorted(room) if room[name] > 0}
        name = max(nets, key=lambda n: (nets[n], n), default="")
        if name and nets[name] > 0:
            room[name] -= 1
            made.append(Placing(one.case_id, name, False, nets[name], segment_of(one.dpd)["name"]))
    return made


def due_back(placed_on: date, last_contact_on: date | None, today: date, *, owed: int, stopped: bool) -> str:
    """Why a placement comes back: paid, stopped (hardship, dispute, her word), idle, term; empty: it does not."""
    told = settings()["place"]
    if owed <= 0:
        return "paid"
    if stopped:
        return "stopped"
    if today >= placed_on + timedelta(days=told["term_days"]):
        return "term"
    if today >= (last_contact_on or placed_on) + timedelta(days=told["idle_days"]):
        return "idle"
    return ""


def _by_lot(one: Candidate, nets: Mapping[str, int], room: dict[str, int], seed: str) -> list[Placing]:
    """The case with an agency drawn by lot among those with room."""
    open_ones = [name for name in sorted(room) if room[name] > 0]
    if not open_ones:
        return []
    name = open_ones[int(_draw(seed, "agency", one.case_id) * len(open_ones))]
    room[name] -= 1
    return [Placing(one.case_id, name, True, nets[name], segment_of(one.dpd)["name"])]


def _draw(seed: str, what: str, case_id: str) -> float:
    """A number in [0, 1) from the seed, what it is for and the case: the same each time."""
    digest = hashlib.sha256(f"{seed}|{what}|{case_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
