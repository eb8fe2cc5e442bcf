"""Rules made for one test, and the gate asked about one act: short words for tables of cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from forbear.conduct import Pack, Packs, Rule, RuleAnswer, Verdict, judge
from forbear.conduct.rules import CONTACTS
from forbear.conduct.stack import PackHead

ALWAYS = "2000-01-01"
SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
PERSON = "B1"
COUNTING = ("frequency", "wait")
"""Mechanisms whose parameters have parties of their own: those counted."""
HERE: Mapping[str, str] = {"time_zone": SHANGHAI}


def rule(mechanism: str, rule_id: str = "R-1", **parameters: Any) -> Rule:
    """A rule of one entry; keys that are the rule's own (unit, unless, except, when, acts ...) are taken out."""
    names = {*Rule.model_fields, "except", "lifted"} - ({"parties"} if mechanism in COUNTING else set())
    own = {k: parameters.pop(k) for k in list(parameters) if k in names}
    if "lifted" in own:
        own["except"] = {"fact": own.pop("lifted"), "evidence": {"zh": "记录", "en": "record"}}
    entries = own.pop("parameters", [{"from": ALWAYS, **parameters}])
    said = {
        "id": rule_id,
        "title": {"zh": "试", "en": "trial"},
        "instrument": "Trial",
        "article": "1",
        "source": "own",
        "confidence": "verified",
        "force": "law",
        "in_force": {"from": entries[0]["from"]},
        "acts": CONTACTS,
        "explanation": {"zh": "试", "en": "trial"},
        "mechanism": mechanism,
        "parameters": entries,
    }
    return Rule.model_validate({**said, **own})


def packs(*rules: Rule, zone: str | None = SHANGHAI, holidays: str | None = None) -> Packs:
    """A stack of one pack."""
    head = PackHead(name="t", jurisdiction="t", title={"zh": "试", "en": "trial"}, zone=zone, holidays=holidays)
    pack = Pack(head, rules, {})
    return Packs((pack,), tuple((pack, r) for r in rules))


def facts_rows(facts: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Long rows of one person from a mapping of names and values, or from rows."""
    rows = [{"fact": k, "value": v} for k, v in facts.items()] if isinstance(facts, Mapping) else facts
    return [{"borrower_id": PERSON, **row} for row in rows]


def verdict(
    asked: Packs,
    at: str | datetime,
    *,
    act: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | Sequence[Mapping[str, Any]] = HERE,
    history: Sequence[Mapping[str, Any]] = (),
    as_then: bool = False,
) -> Verdict:
    """The gate's verdict on one call (or what `act` says) of one person."""
    row = {"borrower_id": PERSON, "channel": "call", "at": at, **(act or {})}
    past = [{"borrower_id": PERSON, "channel": "call", "result": "conversation", **c} for c in history]
    return judge([row], past, None, asked, facts=facts_rows(facts), as_then=as_then)[0]


def answer(one: Rule, at: str | datetime, **more: Any) -> RuleAnswer:
    """What one rule says."""
    zone, holidays = more.pop("zone", SHANGHAI), more.pop("holidays", None)
    found = verdict(packs(one, zone=zone, holidays=holidays), at, **more)
    return next(a for a in found.answers if a.rule_id == one.id)


def told(one: Rule, at: str | datetime, **more: Any) -> str:
    """What one rule says, as text: `allowed`, `denied`, or `until` with the instant in UTC, to the minute or finer."""
    said = answer(one, at, **more)
    return f"until {short(said.until)}" if said.until else str(said.answer)


def short(at: datetime) -> str:
    """An instant in UTC, without seconds where there are none."""
    return at.astimezone(UTC).isoformat(timespec="auto").replace("+00:00", "Z").replace(":00Z", "Z")


def every(at: str, times: int, minutes: int = 1, **more: Any) -> list[dict[str, Any]]:
    """Contacts, one each so many minutes."""
    first = datetime.fromisoformat(at)
    return [{"at": first + timedelta(minutes=n * minutes), **more} for n in range(times)]


def write_pack(folder: Path, name: str, below: Path | None, *rules: Rule) -> Path:
    """A pack's folder, in JSON, which is YAML."""
    folder.mkdir()
    head = {"name": name, "jurisdiction": "t", "title": {"zh": "试", "en": "trial"}, "zone": SHANGHAI}
    head |= {"tightens": str(below)} if below else {}
    (folder / "pack.yaml").write_text(json.dumps(head))
    (folder / "rules.yaml").write_text("rules:\n" + "".join(f"- {json.dumps(_raw(one))}\n" for one in rules))
    return folder


def _raw(one: Rule) -> dict[str, Any]:
    raw = one.model_dump(mode="json", by_alias=True, exclude={"parameters"}, exclude_none=True)
    raw["parameters"] = [p.model_dump(mode="json", by_alias=True, exclude_none=True) for p in one.parameters]
    return raw
