"""Groups of words of like meaning that a person wrote down, for the model of replies.

What is learned of "my wife was buried" should hold of "my uncle was cremated". The groups (`data/groups.LANGUAGE.yaml`)
name such words; a message is read a second time with each of them in its group's name, and the pieces of that reading
stand beside those of the words themselves. It knows words, not sentences: who died is for the model to weigh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import combinations

import yaml

REACH = 4
"""How many steps further on the later one of a pair may be."""
_JOINT = {"en": " ", "zh": ""}
_WORD = {"en": re.compile(r"[^\W\d_]+|\d+|[^\w\s]"), "zh": re.compile(r"[a-z]+|\d+|[^\s]")}


@cache
def _group_of(language: str) -> tuple[dict[str, str], int]:
    """The group of each word or phrase, in capitals, and of how many words the longest phrase is."""
    data: dict[str, str] = yaml.safe_load(
        files(__package__).joinpath(f"data/groups.{language}.yaml").read_text("utf-8")
    )
    known: dict[str, str] = {}
    longest = 0
    for group, listed in data.items():
        for phrase in listed.split(", " if language == "en" else None):
            words = _WORD[language].findall(phrase)
            known.setdefault(_JOINT[language].join(words), group.upper())
            longest = max(longest, len(words))
    return known, longest


def steps(text: str, language: str) -> list[str]:
    """A flow as groups' names and, between them, the words (Chinese: characters) of no group; the longest counts."""
    known, longest = _group_of(language)
    words = _WORD[language].findall(text)
    made, at = [], 0
    while at < len(words):
        for size in range(min(longest, len(words) - at), 0, -1):
            if group := known.get(_JOINT[language].join(words[at : at + size])):
                made.append(group)
                at += size
                break
        else:
            made.append("#" if words[at].isdigit() else words[at])
            at += 1
    return made


def grouped(text: str, language: str) -> Iterator[str]:
    """The pieces of a flow read by groups: each group, pairs of steps near each other, pairs of groups anywhere."""
    laid = ["^", *steps(text, language), "$"]
    named = {step for step in laid if step.isupper()}
    yield from (f"G:{step}" for step in named)
    for at, step in enumerate(laid):
        joint = " "
        for later in laid[at + 1 : at + 1 + REACH]:
            if step in named or later in named:
                yield f"G:{step}{joint}{later}"
            joint = ">"
    for one, other in combinations(sorted(named), 2):
        yield f"G:{one}&{other}"
