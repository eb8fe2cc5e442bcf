"""Labelled replies: a text file that a person writes and reads; used to train and to measure.

A line `## stop|abuse` says which intents the lines below have. In a line `{a|b|c}` stands for each of the three in
turn, so that one line of tuning text is several messages; all of a line are kept together when parts are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from forbear.basics.errors import UnreadableFile
from forbear.conduct.replies.intents import INTENTS

DATA = Path("tests/conduct/replies/data")
_CHOICE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One message with its intents; `line` names the written line that it came from."""

    text: str
    intents: frozenset[str]
    line: int


def read(path: Path) -> list[Labelled]:
    """The messages of a file, in order, each text once.

    Raises:
        UnreadableFile: no such file, an intent that does not exist, or a text before the first heading.
    """
    if not path.is_file():
        raise UnreadableFile(f"{path} is missing", "run from the root of the repository")
    return list(_messages(path))


def _messages(path: Path) -> Iterator[Labelled]:
    intents: frozenset[str] = frozenset()
    seen: set[str] = set()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.startswith("## "):
            intents = frozenset(line[3:].strip().split("|"))
            if unknown := intents - INTENTS.keys():
                raise UnreadableFile(f"{path}, line {number}: no intent {min(unknown)!r}", ", ".join(INTENTS))
        elif line.strip():
            if not intents:
                raise UnreadableFile(f"{path}, line {number}: no heading above", "begin with a line like ## stop")
            for text in expanded(line):
                if text not in seen:
                    seen.add(text)
                    yield Labelled(text, intents, number)


def expanded(line: str) -> Iterator[str]:
    """Every message that a line stands for, in order."""
    parts = _CHOICE.split(line)
    choices = [part.split("|") if at % 2 else [part] for at, part in enumerate(parts)]
    for chosen in product(*choices):
        yield "".join(chosen).strip()
