"""Random borrowers with histories and facts, and acts to judge; every value a seed decides."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

ZONES = (
    "Asia/Shanghai",
    "Asia/Shanghai",
    "America/New_York",
    "America/New_York|America/Chicago",
    "Europe/London",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Nowhere/Land",
    None,
)
CHANNELS = ("call", "call", "call", "voice", "sms", "email", "letter", "visit", "bureau_report", "erasure")
RESULTS = (
    "conversation",
    "no_answer",
    "busy",
    "voicemail",
    "delivered",
    "hung_up",
    "strange",
    "",
    "not_in_service",
)
PARTIES = ("borrower", "borrower", "borrower", "guarantor", "contact_person", "other")
STATES = ("cease_request", "deceased", "breathing_space", "dispute_open", "promise", "lost_contact", "told")
YES_NO = ("recorded", "discloses_debt", "licensed", "regulated", "consent_to_call")
LOANS = ("", "L1", "L2", "L1|L2")
SCOPES = ("", "", "L1", "L1", "L2", "L2")
SPRING = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
AUTUMN = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def _near(dice: random.Random, at: datetime, hours: int) -> datetime:
    return at + timedelta(seconds=dice.randrange(-hours * 3600, 1))


def _maybe(dice: random.Random, chance: float, value: str) -> str:
    return value if dice.random() < chance else ""


def world(seed: int, borrowers: int) -> tuple[list[dict], list[dict], list[dict]]:
    """Acts, history and facts as rows."""
    dice = random.Random(seed)
    acts, history, facts = [], [], []
    for b in range(borrowers):
        name = f"B{b}"
        base = dice.choice(
            (SPRING, AUTUMN, datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 12, 31, 15, tzinfo=UTC))
        )
        base += timedelta(minutes=dice.randrange(0, 36 * 60))
        facts += _facts(dice, name, base)
        history += [_contact(dice, name, base) for _ in range(dice.choice((0, 1, 3, 8, 20)))]
        acts += [_act(dice, name, base, f"{b}-{n}") for n in range(3)]
    for rows in (acts, history, facts):
        dice.shuffle(rows)
    return acts, history, facts


def _act(dice: random.Random, name: str, base: datetime, act_id: str) -> dict:
    at = base + timedelta(seconds=dice.choice((0, 60, 3600, 7 * 3600 + 30, 20 * 3600)))
    on_the_hour = at.replace(minute=0, second=0) if dice.random() < 0.4 else at
    act = {
        "act_id": act_id,
        "borrower_id": name,
        "channel": dice.choice(CHANNELS),
        "at": max(on_the_hour, base),
        "sender": dice.choice(("", "A1", "A2")),
        "party": dice.choice(PARTIES),
        "number": dice.choice(("", "n1", "n2")),
        "loan_id": dice.choice(LOANS),
        "collectors": dice.choice(("", "1", "2", "x")),
        "annual_cost": dice.choice(("0.24", "0.25", "")),
        "origin": dice.choice(("contract", "bought")),
        "urgent": _maybe(dice, 0.2, "true"),
    }
    return {**act, "recorded": dice.choice(("", "true", "true", "false"))}


def _contact(dice: random.Random, name: str, base: datetime) -> dict:
    late = dice.random() < 0.004
    return {
        "borrower_id": name,
        "at": base + timedelta(days=3) if late else _near(dice, base, dice.choice((3, 24, 60, 24 * 9))),
        "channel": dice.choice(("call", "call", "Voice", "sms", "email", "", "phone", "portal")),
        "direction": dice.choice(("out", "out", "in", "")),
        "result": dice.choice(RESULTS),
        "party": dice.choice(PARTIES),
        "sender": dice.choice(("", "lender", "A1", "A2")),
        "loan_id": dice.choice(LOANS),
        "number": dice.choice(("", "n1", "n2")),
    }


def _facts(dice: random.Random, name: str, base: datetime) -> list[dict]:
    rows = []

    def add(fact: str, value: str = "true", **more: object) -> None:
        rows.append({"borrower_id": name, "fact": fact, "value": value, **more})

    zone = dice.choice(ZONES)
    if zone:
        add("time_zone", zone, since=_near(dice, base, 900) if dice.random() < 0.1 else None)
    if dice.random() < 0.05:
        add("time_zone", "Asia/Tokyo")
    for state in STATES:
        if dice.random() < 0.15:
            since = _near(dice, base, 120) if dice.random() < 0.9 else None
            until = base + timedelta(hours=dice.randrange(-40, 90)) if dice.random() < 0.5 else None
            until = max(since, until) if since and until else until
            scope = {"loan_id": _maybe(dice, 0.3, "L1"), "number": _maybe(dice, 0.2, "n1")}
            add(state, dice.choice(("true", "true", "no", "")), since=since, until=until, **scope)
    for fact in YES_NO:
        for _ in range(dice.choice((0, 0, 1, 2))):
            add(
                fact,
                dice.choice(("true", "false", "Yes", "0", "maybe")),
                since=_near(dice, base, 200),
                loan_id=dice.choice(SCOPES),
            )
    if dice.random() < 0.2:
        add(
            "agreed_hours",
            dice.choice(("07:00-23:00", "20:00-02:00", "true", "8-9", "08:00-08:00", "08:00 - 24:00")),
        )
    for notice in ("bureau_notice", "validation"):
        for loan in dice.choice(((), ("",), ("L1",), ("L1", "L2"))):
            add(notice, since=_near(dice, base, 24 * dice.choice((2, 6, 40))), loan_id=loan)
    for _ in range(dice.choice((0, 0, 1, 1, 3))):
        value = dice.choice(("2025-03-09", "2026-01-05", "2026-01-06", "2024-02-29", "2026-02-30", ""))
        add("evaluated", value, since=dice.choice((None, _near(dice, base, 900))), loan_id=dice.choice(SCOPES))
    for _ in range(dice.choice((0, 0, 1, 3))):
        value = dice.choice(("2021-03-08", "2021-03-07", "2026-01-01", "true"))
        add("ended", value, since=dice.choice((None, _near(dice, base, 900))), loan_id=dice.choice(SCOPES))
    if dice.random() < 0.3:
        add("mood", dice.choice(("angry", "Angry", "calm")))
    return rows
