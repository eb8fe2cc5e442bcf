"""One rule told in words, in Chinese or English: what it says, whom and what it governs, its parameters by date.

The texts are the rule's own; around them stands a frame of labels. Names of facts, acts and parameters stay as they
are written in files, since that is what one looks for there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from forbear.conduct.rules import Lifted, Rule, citation

FRAMES: dict[str, dict[str, str]] = {
    "en": {
        "force": "{cited}; {force}; in force from {begins}{ends}",
        "ends": " until {day}",
        "governs": "governs {acts} by {actor}; counted by {unit}; mechanism {mechanism}",
        "parties": "only when addressed to {parties}",
        "when": "only where {fact} is {value}, or not known",
        "parameters": "from {day}: {said}",
        "except": "except with {fact}{days}{talk}; evidence: {evidence}",
        "days": ", for {count} days of which that of its beginning is the first",
        "talk": ", until a conversation about the debt",
        "unless": "not where the act says {facts}",
        "source": "source {source}: {certainty}{strictly}",
        "strictly": "; read at its strictest",
    },
    "zh": {
        "force": "{cited}；{force}；自 {begins} 起施行{ends}",
        "ends": "，至 {day} 止",
        "governs": "适用于 {acts}；行为人 {actor}；计数单位 {unit}；机制 {mechanism}",
        "parties": "仅当对象是 {parties}",
        "when": "仅当 {fact} 为 {value} 或不明",
        "parameters": "自 {day} 起：{said}",
        "except": "例外：{fact}{days}{talk}；证据：{evidence}",
        "days": "，自开始之日（当日为第一日）起 {count} 个日历日内有效",
        "talk": "，就该债务通话后即止",
        "unless": "行为声明 {facts} 的除外",
        "source": "来源 {source}：{certainty}{strictly}",
        "strictly": "，按最严理解",
    },
}
NAMES_ZH = {
    "law": "法律法规",
    "rule": "部门规章、规范性文件",
    "standard": "国家标准",
    "self_regulation": "行业自律",
    "policy": "机构政策",
    "verified": "已见原文",
    "secondary": "转述",
    "from_memory": "凭记忆",
    "lender": "出借机构",
    "agency": "委外机构",
    "both": "出借机构和委外机构",
    "person": "人",
    "number": "号码",
    "debt": "每笔债务",
    "collector": "人、债务和机构",
}

CITED_ZH = {
    "(clause number not seen)": "（条号未见）",
    "not verified": "条号未核实",
    "not seen": "条号未见",
    "by one site": "据一家网站",
    "lender's policy": "机构政策",
}
"""Phrases of citations that a Chinese reader should not meet in English."""


def explained(rule: Rule, language: str) -> str:
    """The rule in words, a line a matter; any language other than `zh` is English."""
    return "\n".join(_lines(rule, language if language in FRAMES else "en"))


def cited(rule: Rule, language: str) -> str:
    """Instrument and article of a rule."""
    said = citation(rule.instrument, rule.article)
    for english, chinese in CITED_ZH.items() if language == "zh" else ():
        said = said.replace(english, chinese)
    return said


def read_strictly(rule: Rule) -> bool:
    """Whether the rule stands in a text that was not seen; a lender's policy stands in none."""
    return rule.confidence in ("secondary", "from_memory")


def _lines(rule: Rule, language: str) -> Iterator[str]:
    frame = FRAMES[language]
    yield f"{rule.id}  {getattr(rule.title, language)}"
    yield getattr(rule.explanation, language).strip()
    ends = frame["ends"].format(day=rule.in_force.until) if rule.in_force.until else ""
    yield frame["force"].format(
        cited=cited(rule, language), force=_name(rule.force.value, language), begins=rule.in_force.from_, ends=ends
    )
    yield frame["governs"].format(
        acts=", ".join(rule.acts),
        actor=_name(rule.actor, language),
        unit=_name(rule.unit, language),
        mechanism=rule.mechanism,
    )
    yield from _conditions(rule, frame)
    for entry in rule.parameters:
        yield frame["parameters"].format(day=entry.from_, said=_parameters(entry))
    if rule.except_:
        yield _exception(rule.except_, frame, language)
    if rule.unless:
        yield frame["unless"].format(facts=", ".join(rule.unless))
    strictly = frame["strictly"] if read_strictly(rule) else ""
    yield frame["source"].format(source=rule.source, certainty=_name(rule.confidence, language), strictly=strictly)


def _exception(lifted: Lifted, frame: dict[str, str], language: str) -> str:
    return frame["except"].format(
        fact=lifted.fact,
        days=frame["days"].format(count=lifted.days) if lifted.days else "",
        talk=frame["talk"] if lifted.ends_with else "",
        evidence=getattr(lifted.evidence, language),
    )


def _conditions(rule: Rule, frame: dict[str, str]) -> Iterator[str]:
    if rule.parties:
        yield frame["parties"].format(parties=", ".join(rule.parties))
    if rule.when:
        yield frame["when"].format(fact=rule.when.fact, value=rule.when.is_)


def _name(word: str, language: str) -> str:
    return NAMES_ZH.get(word, word) if language == "zh" else word


def _parameters(entry: Any) -> str:
    said = entry.model_dump(mode="json", by_alias=True, exclude={"from_"}, exclude_none=True)
    return ", ".join(f"{k} {_value(v)}" for k, v in said.items() if v not in ([], {}))


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " | ".join(str(v) for v in value)
    if isinstance(value, dict):
        return "; ".join(f"{k} {_value(v)}" for k, v in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
