"""Checking what somebody wrote before it is kept: names, sums, mandatory parts, length, and the check of words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.conduct.language import Finding, check_words
from forbear.desk.wording.filling import example, filled, named, sums_in
from forbear.desk.wording.length import Length, length
from forbear.desk.wording.scripts import read_script, spoken
from forbear.desk.wording.tables import CHANNELS, LANGUAGES, SUBJECTS, Part, Step, parts, parts_of, variables

PREVIEW_CURRENCY = {"zh": "CNY", "en": "GBP"}
CHECKED_AS = {"app_push": "app", "voice": "call"}
"""Channels that the check of words knows under another name."""


@dataclass(frozen=True)
class Draft:
    """What somebody wrote: of which step, in which language, for which channel and jurisdiction."""

    step: Step
    language: str
    channel: str
    jurisdiction: str
    body: str
    subject: str = ""


@dataclass(frozen=True)
class Checked:
    """A draft looked at: as it would read, its length, what the check of words says, and what stands against it."""

    subject: str = ""
    body: str = ""
    length: Length | None = None
    findings: tuple[Finding, ...] = ()
    missing: tuple[Part, ...] = ()
    faults: tuple[str, ...] = field(default=())

    @property
    def good(self) -> bool:
        """Whether it may be kept."""
        return not self.faults


def checked(draft: Draft) -> Checked:
    """Look at a draft as it would read with examples in it; nothing is written."""
    faults = list(_place(draft))
    if faults:
        return Checked(faults=tuple(faults))
    try:
        text = spoken(read_script(draft.body)) if draft.step.kind == "script" else draft.body
        names = named(draft.subject) + named(text)
        values = {name: example(name, draft.language) for name in names if name in variables()}
        subject, body = (
            filled(part, values, draft.language, PREVIEW_CURRENCY[draft.language]) for part in (draft.subject, text)
        )
    except WrongUse as wrong:
        return Checked(faults=(f"{wrong.message}: {wrong.hint or ''}",))
    if sums_in(draft.subject + "\n" + text):
        faults.append(_("a sum stands in the text: name a variable, the ledger has the sum"))
    missing = tuple(part for part in _parts(draft) if not set(part.variables) & set(names))
    faults += [
        _("%(part)s is missing: name one of %(variables)s (%(citation)s)")
        % {"part": part.about[draft.language], "variables": ", ".join(part.variables), "citation": part.citation}
        for part in missing
    ]
    findings = words(subject, body, draft.language, draft.channel)
    faults += [f"“{one.text}”: {one.explanation}" for one in findings if one.severity == "forbidden"]
    size = length(body, draft.channel)
    if not size.fits:
        faults.append(_("too long for its channel"))
    return Checked(subject, body, size, findings, missing, tuple(faults))


def words(subject: str, body: str, language: str, channel: str) -> tuple[Finding, ...]:
    """What the check of words finds in a made text, as a whole and in each of its sentences alone.

    A threat in one sentence of an otherwise kind message is a threat: the kind ones do not soften it here. (The second
    layer, which judges wording as a whole, is not asked of a single sentence.)
    """
    whole = f"{subject}\n{body}" if subject else body
    found = {(one.rule, one.text): one for one in _check(whole, language, channel)}
    for sentence in filter(str.strip, _SENTENCE.split(whole)):
        for one in _check(sentence, language, channel):
            if one.severity == "forbidden" and not one.rule.startswith("words.hint."):
                found[one.rule, one.text] = one
    return tuple(found.values())


_SENTENCE = re.compile(r"(?<=[。！？!?；;])|(?<=\.)\s|\n")


@lru_cache(maxsize=4_000)
def _check(text: str, language: str, channel: str) -> tuple[Finding, ...]:
    facts = {"identified_elsewhere": True}  # who writes is a part that the text must name
    return tuple(check_words(text, language=language, channel=CHECKED_AS.get(channel, channel), facts=facts))  # type: ignore[arg-type]


def _place(draft: Draft) -> list[str]:
    """What is wrong with where the draft stands."""
    wrong = []
    if draft.language not in LANGUAGES:
        wrong.append(_("no language %(one)s") % {"one": draft.language})
    if draft.channel not in CHANNELS or (draft.channel == "call") != (draft.step.kind == "script"):
        wrong.append(_("no channel %(one)s for this step") % {"one": draft.channel})
    if draft.jurisdiction not in parts():
        wrong.append(_("no jurisdiction %(one)s") % {"one": draft.jurisdiction})
    if draft.subject and draft.channel not in SUBJECTS:
        wrong.append(_("this channel has no subject"))
    if draft.channel in SUBJECTS and not draft.subject.strip():
        wrong.append(_("a subject is needed"))
    if not draft.body.strip():
        wrong.append(_("the text is empty"))
    return wrong


def _parts(draft: Draft) -> list[Part]:
    return [] if draft.step.kind == "script" else list(parts_of(draft.jurisdiction, draft.channel, draft.step))
