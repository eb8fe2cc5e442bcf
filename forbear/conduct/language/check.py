"""`check_words`: what in a message must not be said, where, under which rule, and what to say instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.conduct.language.forms import Form, is_han
from forbear.conduct.language.hints import (
    Model,
    chance,
    features,
    kind,
    laid_out,
    leaning,
    model,
    telling,
    together,
)
from forbear.conduct.language.identity import offers_stop, softened, unnamed_demand
from forbear.conduct.language.lexicon import lexicon
from forbear.conduct.language.match import Match
from forbear.conduct.language.reading import Language, Read, read_message
from forbear.conduct.language.rules import FACTS, Rule, Severity, rules
from forbear.conduct.language.stretches import Stretch, stretches

ELECTRONIC = frozenset({"sms", "email", "app", "chat"})
HAN_SHARE = 0.15
"""A message is Chinese from this share of Chinese characters among its letters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One forbidden or doubtful passage.

    `start` and `end` are offsets into the text as given; `text` is that slice. `explanation` and `kinder` are in
    the message's language; both languages stand in `explanations`. `because` is the pattern that matched.
    """

    start: int
    end: int
    text: str
    rule: str
    category: str
    severity: Severity
    citations: tuple[str, ...]
    explanation: str
    explanations: Mapping[str, str]
    kinder: str
    because: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings of one message, in order of place."""

    language: Language
    findings: tuple[Finding, ...]

    @property
    def forbidden(self) -> bool:
        """Whether the message must not be sent."""
        return any(finding.severity == "forbidden" for finding in self.findings)

    @property
    def categories(self) -> frozenset[str]:
        """Categories of the forbidden findings."""
        return frozenset(f.category for f in self.findings if f.severity == "forbidden")

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The findings as plain data for JSON."""
        rows = [{name: getattr(f, name) for name in Finding.__dataclass_fields__} for f in self.findings]
        return {"language": self.language, "forbidden": self.forbidden, "findings": rows}


def language_of(text: str) -> Language:
    """The language of `text`: zh when it has Chinese characters enough, else en."""
    han = sum(map(is_han, text))
    letters = sum(char.isalpha() for char in text)
    return "zh" if han and han >= HAN_SHARE * letters else "en"


def _known(facts: Mapping[str, Any] | None, channel: str | None) -> dict[str, Any]:
    known = dict(facts or {})
    unknown = sorted(set(known) - set(FACTS))
    if unknown:
        raise WrongUse(f"unknown fact {unknown[0]!r}", f"facts are {', '.join(FACTS)}")
    if channel is not None:
        known["channel"] = channel
    return known


def check_words(
    text: str,
    *,
    language: Language | None = None,
    channel: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Findings:
    """Look for what the rules of words forbid.

    Args:
        text: a message, script, letter or template; any Unicode.
        language: zh or en; found out when not given. Words of both languages are looked for in any case.
        channel: sms, email, letter, call, voicemail, app or chat; same as the fact of that name.
        facts: what is on record about the account, by the names in `FACTS`; a missing fact counts as untrue.

    Raises:
        WrongUse: a fact or a language that does not exist.
    """
    if language not in {None, "zh", "en"}:
        raise WrongUse(f"unknown language {language!r}", "use zh or en")
    spoken = language or language_of(text)
    known = _known(facts, channel)
    message = read_message(text, spoken, known)
    if not message.flow.text:
        return Findings(spoken, ())
    rows = _judged(message, text, spoken, known) + missing(message, text, spoken, known)
    return Findings(spoken, tuple(sorted(rows, key=lambda f: (f.start, f.end, f.rule))))


LEAST_TEXT: dict[Language, int] = {"zh": 4, "en": 8}
"""Characters below which a message is too short for the wording as a whole to tell anything: a greeting is none."""


def _judged(message: Read, text: str, spoken: Language, known: Mapping[str, Any]) -> list[Finding]:
    """Findings of the patterns and of the second layer, each correcting the other."""
    learned = model(spoken)
    if learned is None:
        return [_matched(message, text, spoken, match, None) for match in _longest(message.kept)]
    bad = _lawless(learned, message, spoken, known)
    rows = []
    for match in _longest(message.kept):
        inside = any(place.start <= match.start < place.end for place in bad)
        rows.append(_matched(message, text, spoken, match, None if inside else "warn"))
    if len(message.flow.text) < LEAST_TEXT[spoken]:
        return rows
    named = [match.start for match in message.kept if rules()[match.rule].severity == "forbidden"]
    for place in bad:
        if not any(place.start <= start < place.end for start in named):
            category = kind(learned, place.features)
            start, end, because = telling(learned, message.flow.text[place.start : place.end], spoken, category)
            rule = rules()[f"words.hint.{category}"]
            at = place.start
            rows.append(_finding(rule, text, message.flow, at + start, at + end, spoken, because))
    return rows


def _lawless(learned: Model, message: Read, spoken: Language, known: Mapping[str, Any]) -> list[Stretch]:
    """Where the wording is forbidden: the whole message, or sentences of it; nowhere in a lawful one."""
    laid = list(laid_out(message.flow.text, spoken))
    whole = Stretch(0, len(message.flow.text), features(laid, message, known))
    leans = leaning(learned, whole.features)
    if chance(leans) >= learned.forbid_at:
        return [whole]
    return [
        place
        for place in stretches(message, spoken, known, laid)
        if chance(together(leans, leaning(learned, place.features))) >= learned.forbid_at
    ]


def _matched(message: Read, text: str, spoken: Language, match: Match, severity: Severity | None) -> Finding:
    rule, because = rules()[match.rule], _said(message, match)
    return _finding(rule, text, message.flow, match.start, match.end, spoken, because, severity)


def _said(message: Read, match: Match) -> str:
    """The words that made a match, in order."""
    return " + ".join(message.flow.text[start:end] for start, end in match.words)


def _longest(found: list[Match]) -> list[Match]:
    """One match a rule and place: of overlapping ones of a rule the longest, the first of equals."""
    chosen: list[Match] = []
    for match in sorted(found, key=lambda m: (m.start - m.end, m.start, m.rule, m.source)):
        if not any(m.rule == match.rule and match.start < m.end and m.start < match.end for m in chosen):
            chosen.append(match)
    return chosen


def _finding(
    rule: Rule,
    text: str,
    form: Form,
    first: int,
    last: int,
    spoken: Language,
    because: str,
    severity: Severity | None = None,
) -> Finding:
    start, end = form.origin(first, last)
    return Finding(
        start=start,
        end=end,
        text=text[start:end],
        rule=rule.id,
        category=rule.category,
        severity=severity or rule.severity,
        citations=rule.citations,
        explanation=rule.zh if spoken == "zh" else rule.en,
        explanations={"zh": rule.zh, "en": rule.en},
        kinder=rule.kinder_zh if spoken == "zh" else rule.kinder_en,
        because=because,
    )


def missing(message: Read, text: str, spoken: Language, known: Mapping[str, Any]) -> list[Finding]:
    """What a message should have said and did not: who asks, and how to stop."""
    book, found, form = lexicon(), message.hits, message.flow
    rows = []
    policy = message.around.whole or known.get("identified_elsewhere")
    demand = None if policy else unnamed_demand(book, found, text)
    if demand and (known.get("first_contact") or not softened(book, found)):
        severity: Severity = "forbidden" if known.get("first_contact") else "warn"
        rule = rules()["words.identity.missing"]
        rows.append(_finding(rule, text, form, *demand, spoken, "a demand and no name", severity))
    electronic = known.get("channel") in ELECTRONIC or "channel" not in known
    if known.get("opt_out_required") and electronic and not offers_stop(book, found):
        rule = rules()["words.opt_out.missing"]
        rows.append(_finding(rule, text, form, 0, len(form.text), spoken, "no way to stop"))
    return rows
