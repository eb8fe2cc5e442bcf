"""The storm's auditor: from the providers' own logs and the borrowers' facts, what must not be. It shares no code with
the gate, the dispatcher or the ledger, and reads nothing of the desk's but the list of what became of each wish.

| file | one line is |
| --- | --- |
| `borrowers.jsonl` | a borrower: her loan, phone, zone |
| `planned.jsonl` | a wish: its key, borrower, channel |
| `*.log.jsonl` | a message a provider took: when (the storm's clock, the machine's), to whom, its words |
| `*.answers.jsonl` | what a borrower wrote to a provider, when the desk certainly had it |
| `happened.jsonl` | a stop or a payment in full, with the machine's clock once the desk had it |
| `states.jsonl` | what the desk says became of each wish (for what was lost without trace) |
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

KEY = re.compile(r"编号 (P[0-9]+)。")
BEIJING = ZoneInfo("Asia/Shanghai")
OPENS, CLOSES = 8, 22
DAILY = {"sms": (("sms",), 1), "app_push": (("app_push", "chat", "email"), 2)}
WEEKLY = {"sms": (("sms",), 4), "app_push": (("app_push", "chat", "email"), 6)}
ALL_WEEKLY = 15
"""One text a day and four in seven days; two pushes a day and six in seven; fifteen of everything in seven days."""
STOPS = frozenset(("TD", "STOP", "退订"))
ON_ITS_WAY_NS = 1_000_000_000
"""A message may be one real second on its way when a stop or a payment comes in."""
LEFT = frozenset(("sent", "unknown"))
ENDED = frozenset(("sent", "unknown", "cancelled", "lapsed", "refused", "not_wanted", "unsendable", "failed"))


def audit(out: Path) -> dict[str, Any]:
    """Count what must not be; with some of each."""
    borrowers = {row["borrower"]: row for row in _lines(out / "borrowers.jsonl")}
    of_phone = {row["phone"]: row["borrower"] for row in borrowers.values()}
    planned = {row["key"]: row for row in _lines(out / "planned.jsonl")}
    messages = sorted(_messages(out, of_phone), key=lambda one: one["mono"])
    replies = list(_stop_replies(out, of_phone))
    found: dict[str, list[Any]] = {
        "outside hours": [m for m in messages if not _lawful_hour(m, borrowers)],
        "over a cap": list(_over_caps(messages, borrowers)),
        "after a stop": list(_after(messages, _earliest([*_happened(out, "stop"), *replies]))),
        "after full payment": list(_after(messages, _earliest(_happened(out, "paid")))),
        "sent twice": [key for key, count in Counter(m["key"] for m in messages).items() if count > 1],
        "to the wrong borrower": [m for m in messages if planned[m["key"]]["borrower"] != m["borrower"]],
        "lost without trace": list(_lost(messages, planned, out)),
    }
    return {
        "messages": len(messages),
        "planned": len(planned),
        "borrowers": len(borrowers),
        "stops": len(_happened(out, "stop")),
        "stops by reply": len(replies),
        "payments": len(_happened(out, "paid")),
        "counts": {name: len(rows) for name, rows in found.items()},
        "some": {name: rows[:5] for name, rows in found.items() if rows},
    }


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open() as opened:
        for line in opened:
            yield json.loads(line)


def _messages(out: Path, of_phone: dict[str, str]) -> Iterator[dict[str, Any]]:
    for file in sorted(out.glob("*.log.jsonl")):
        channel = "sms" if file.name.startswith("sms") else "app_push"
        for row in _lines(file):
            key = KEY.search(row["text"])
            borrower = of_phone.get(row["to"], row["to"])
            yield {
                "key": key[1] if key else row["text"],
                "borrower": borrower,
                "channel": channel,
                "at": sys.intern(row["at"]),
                "or_at": sys.intern(row["or_at"]),
                "mono": row["mono"],
                "id": row["id"],
            }


def _lawful_hour(message: dict[str, Any], borrowers: dict[str, Any]) -> bool:
    own = ZoneInfo(borrowers[message["borrower"]]["zone"])
    return any(
        all(OPENS <= datetime.fromisoformat(at).astimezone(zone).hour < CLOSES for zone in (BEIJING, own))
        for at in {message["at"], message["or_at"]}
    )


def _over_caps(messages: list[dict[str, Any]], borrowers: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Messages that made a day or seven days too full, by the calendar where the borrower is."""
    held: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for one in messages:
        zone = ZoneInfo(borrowers[one["borrower"]]["zone"])
        days = {datetime.fromisoformat(at).astimezone(zone).date() for at in {one["at"], one["or_at"]}}
        past = held[one["borrower"]]
        if all(_too_full(past, one["channel"], day) for day in days):
            yield one
        past.append((one["channel"], min(days)))


def _too_full(past: list[tuple[str, Any]], channel: str, day: Any) -> bool:
    week = [name for name, on in past if day - timedelta(days=6) <= on <= day]
    today = [name for name, on in past if on == day]
    daily, weekly = DAILY[channel], WEEKLY[channel]
    return (
        sum(name in daily[0] for name in today) >= daily[1]
        or sum(name in weekly[0] for name in week) >= weekly[1]
        or len(week) >= ALL_WEEKLY
    )


def _happened(out: Path, what: str) -> list[tuple[str, int]]:
    return [(row["borrower"], row["mono"]) for row in _lines(out / "happened.jsonl") if row["what"] == what]


def _stop_replies(out: Path, of_phone: dict[str, str]) -> Iterator[tuple[str, int]]:
    for file in sorted(out.glob("*.answers.jsonl")):
        for row in _lines(file):
            if row["text"] in STOPS:
                yield of_phone.get(row["from"], row["from"]), row["mono"]


def _earliest(happened: Iterable[tuple[str, int]]) -> dict[str, int]:
    since: dict[str, int] = {}
    for borrower, mono in happened:
        since[borrower] = min(mono, since.get(borrower, mono))
    return since


def _after(messages: list[dict[str, Any]], since: dict[str, int]) -> Iterator[dict[str, Any]]:
    for one in messages:
        if one["borrower"] in since and one["mono"] > since[one["borrower"]] + ON_ITS_WAY_NS:
            yield one


def _lost(messages: list[dict[str, Any]], planned: dict[str, Any], out: Path) -> Iterator[Any]:
    """Wishes of which the desk knows nothing final, or says they left when no provider saw them, or the reverse."""
    states = {row["key"]: row["state"] for row in _lines(out / "states.jsonl")}
    arrived = {one["key"] for one in messages}
    for key in planned:
        state = states.get(key)
        if state not in ENDED:
            yield {"key": key, "state": state, "why": "no end"}
        elif state == "sent" and key not in arrived:
            yield {"key": key, "state": state, "why": "said to be sent, and no provider took it"}
        elif key in arrived and state not in LEFT:
            yield {"key": key, "state": state, "why": "a provider took it, and the desk does not say so"}
