"""What an act does to a person: found or not, reminded, moved, tired, offended; and what the lender hears of it.

The same in every world that has effects. Gains saturate (the nearer to the cap, the smaller), fade with a half-life,
shrink with fatigue and turn to harm beyond it; pressure costs will for good. Each number is a parameter with a source.
Draws come by purpose and not by act: whoever would have answered a message today would have answered another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.acts import REACHES, Menu, menu
from forbear.simulate.evidence import Parameters
from forbear.simulate.record import WEEK, Record
from forbear.simulate.streams import Purpose, Streams
from forbear.simulate.worlds.people import Mind, short_for_long

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
BY_VOICE = ("call", "voice")
LUCK = (Purpose.outcome, Purpose.promise, Purpose.complaint, Purpose.stop, Purpose.accept, Purpose.trouble)
"""What else is drawn for those acted on, beside being found."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects of acts, by act; and how persons take them. Units: log-odds of paying on a day, unless said."""

    menu: Menu
    cue: Floats
    push: Floats
    grudge: Floats
    promise: Floats
    binding: Floats
    fades: float
    tires: float
    cap: float
    bite: float
    sour: float
    weary: float
    first_time: float
    p: Parameters


def effects(parameters: Parameters) -> Effects:
    """The effects that the parameters give each act."""

    def column(name: str) -> Floats:
        keys = [f"{a.name}.{name}" for a in menu().acts]
        return np.array([parameters.get(k, 0.0) for k in keys], dtype=np.float32)

    return Effects(
        menu(),
        column("cue"),
        column("push"),
        column("grudge"),
        column("promise"),
        column("binding"),
        0.5 ** (1 / parameters["contact.push_half_life"]),
        0.5 ** (1 / parameters["contact.fatigue_half_life"]),
        parameters["contact.push_cap"],
        parameters["contact.fatigue_bite"],
        parameters["contact.sour_beyond"],
        parameters["contact.weary_grudge"],
        parameters["contact.first_time_text"],
        parameters,
    )


@dataclass(frozen=True, eq=False)
class Heard:
    """What came of a day's acts in a block: rows acted on, whether found, and complaints made."""

    rows: Ints
    act: NDArray[np.int64]
    reached: Bools
    complaint: Bools


def fade(effect: Effects, mind: Mind, record: Record, day: int) -> None:
    """A day passes: pushes and fatigue fade, the week's ring moves on, promises run out."""
    mind.push *= effect.fades
    mind.fatigue *= effect.tires
    record.recent[:, day % WEEK] = 0
    record.recent_calls[:, day % WEEK] = 0
    ran_out = record.promise_until == day - 1
    broken = ran_out & (record.last_payment < day - int(effect.p["contact.promise_days"]))
    record.broken += broken
    record.kept += ran_out & ~broken
    mind.grudge += np.where(broken, np.float32(effect.p["contact.broken_grudge"]), np.float32(0))
    mind.binding[record.promise_until < day] = 0


def act_on(
    effect: Effects,
    mind: Mind,
    record: Record,
    act: NDArray[np.int8],
    hour: NDArray[np.int8],
    day: int,
    draws: Streams,
) -> Heard:
    """Carry out a day's acts in a block; changes mind and record."""
    rows = np.flatnonzero(act)
    what = act[rows].astype(np.int64)
    if not len(rows):
        return Heard(rows, what, np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))
    reached = _found(effect, mind, record, rows, what, hour[rows], day, draws)
    _log(effect, record, rows, what, reached, day)
    mind.fatigue[rows] += effect.menu.burden[what]
    got, did = rows[reached], what[reached]
    luck = {purpose: draws.uniform(day, purpose) for purpose in LUCK}
    _move(effect, mind, record, got, did, luck[Purpose.outcome][got])
    _promise(effect, mind, record, got, did, day, luck[Purpose.promise][got])
    _hear(effect, mind, record, got, did, luck[Purpose.trouble][got])
    _offer(effect, mind, record, got, did, day, luck[Purpose.accept][got])
    complaint = luck[Purpose.complaint][rows] < _annoyance(effect, mind, rows, what, reached)
    record.complained[rows[complaint]] = True
    stops = reached & (luck[Purpose.stop][rows] < effect.p["contact.stop"] * (1 + mind.fatigue[rows]))
    record.stopped[rows[stops]] = True
    return Heard(rows, what, reached, complaint)


def _found(
    effect: Effects,
    mind: Mind,
    record: Record,
    rows: Ints,
    what: NDArray[np.int64],
    hour: NDArray[np.int8],
    day: int,
    draws: Streams,
) -> Bools:
    way = effect.menu.reach[what].astype(np.int64)
    chance = mind.reach[rows, way]
    by_phone = way == REACHES.index("phone")
    by_number = by_phone | (way == REACHES.index("text"))
    off_hour = by_phone & (hour != mind.best_hour[rows])
    chance = chance * np.where(off_hour, effect.p["contact.off_hour"], 1.0)
    chance = chance * np.exp(-effect.p["contact.avoids"] * mind.fatigue[rows] * by_phone)
    lost = by_number & ~mind.number_ok[rows]
    told = lost & by_phone & (draws.uniform(day, Purpose.trouble)[rows] < effect.p["contact.tells_wrong_number"])
    record.bad_number[rows[told]] = True
    found: Bools = ~lost & (draws.uniform(day, Purpose.reach)[rows] < chance)
    sure: Bools = way == 0
    return found | sure


def _log(effect: Effects, record: Record, rows: Ints, what: NDArray[np.int64], reached: Bools, day: int) -> None:
    record.attempts[rows, what] += 1
    record.reached[rows[reached], what[reached]] += 1
    record.recent[rows, day % WEEK] += 1
    voice = np.isin(what, [i for i, a in enumerate(effect.menu.acts) if a.channel in BY_VOICE])
    record.recent_calls[rows[voice], day % WEEK] += 1
    record.last_contact[rows] = day
    record.last_reached[rows[reached]] = day


def _move(effect: Effects, mind: Mind, record: Record, got: Ints, did: NDArray[np.int64], luck: Floats) -> None:
    """Reminded, and moved: for the better while rested, for the worse when tired."""
    newcomer = record.first_time[got] & (record.payments[got] == 0)
    by_text = np.isin(effect.menu.reach[did], [REACHES.index(r) for r in ("text", "push", "email")])
    cue = effect.cue[did] * np.where(newcomer & by_text, effect.first_time, 1.0)
    reminded = luck < cue
    mind.aware[got] |= reminded
    mind.debit_fails[got] &= ~reminded
    tired = mind.fatigue[got]
    rest = 1 - tired / effect.sour
    eagerness = np.where(rest > 0, np.exp(-effect.bite * tired), rest)
    room = np.clip(1 - mind.push[got] / effect.cap, 0, 1)
    gain = effect.push[did] * mind.response[got]
    mind.push[got] += (gain * np.where(gain > 0, eagerness * room, 1)).astype(np.float32)
    hurt = effect.grudge[did] + effect.weary * effect.menu.burden[did] * (tired / effect.sour) ** 2
    worse = np.where(mind.vulnerable[got], effect.p["contact.vulnerable_harm"], 1)
    mind.grudge[got] += (hurt * worse).astype(np.float32)


def _promise(
    effect: Effects, mind: Mind, record: Record, got: Ints, did: NDArray[np.int64], day: int, luck: Floats
) -> None:
    free = (record.promise_until[got] < day) & ~mind.disputes[got] & (record.arrears[got] > 0)
    odds = np.log(np.maximum(effect.promise[did], 1e-9)) + 0.5 * (mind.will[got] - mind.grudge[got])
    says = free & (luck < np.minimum(np.exp(odds), 0.95)) & (effect.promise[did] > 0)
    record.promise_until[got[says]] = day + int(effect.p["contact.promise_days"])
    mind.binding[got[says]] = effect.binding[did[says]]


def _hear(effect: Effects, mind: Mind, record: Record, got: Ints, did: NDArray[np.int64], luck: Floats) -> None:
    """In a conversation people tell of disputes and hardship."""
    talks = np.isin(effect.menu.reach[did], [REACHES.index(r) for r in ("phone", "door")])
    talks &= did != effect.menu.index("voice_reminder")
    told = talks & (luck < effect.p["contact.tells_trouble"])
    record.disputed[got] |= told & mind.disputes[got]
    broke = short_for_long(mind, record.part)[got]
    record.hardship[got] |= told & broke
    record.vulnerable[got] |= told & mind.vulnerable[got]


def _offer(
    effect: Effects, mind: Mind, record: Record, got: Ints, did: NDArray[np.int64], day: int, luck: Floats
) -> None:
    p, named = effect.p, effect.menu.index
    can_take = ~mind.disputes[got] & (record.arrears[got] > 0)
    needs = np.where(mind.buffer[got] < record.arrears[got], 1.0, p["plan_offer.without_need"])
    plan = got[can_take & (did == named("plan_offer")) & (luck < p["plan_offer.accepted"] * needs)]
    months = int(p["plan_offer.months"])
    record.plan_until[plan] = day + 30 * months
    record.plan_part[plan] = -(-record.arrears[plan] // months)
    extended = got[can_take & (did == named("extension_offer")) & (luck < p["extension_offer.accepted"])]
    record.extension_until[extended] = day + int(p["extension_offer.days"])
    settled = got[can_take & (did == named("settlement_offer")) & (luck < p["settlement_offer.accepted"])]
    record.settle_until[settled] = day + int(p["settlement_offer.days"])
    keeps = 1 - p["settlement_offer.written_off"]
    record.settle_amount[settled] = (record.arrears[settled] * round(keeps * 1000)) // 1000


def _annoyance(effect: Effects, mind: Mind, rows: Ints, what: NDArray[np.int64], reached: Bools) -> Floats:
    """Chance of a complaint from one attempt."""
    p = effect.p
    presses = effect.menu.flag("presses")[what]
    odds = (
        p["complaint.base"]
        + p["complaint.fatigue"] * mind.fatigue[rows]
        + p["complaint.pressure"] * presses
        + p["complaint.dispute"] * mind.disputes[rows]
        + p["complaint.vulnerable"] * mind.vulnerable[rows]
        + p["complaint.not_reached"] * ~reached
    )
    chance: Floats = (1 / (1 + np.exp(-odds))).astype(np.float32)
    return chance
