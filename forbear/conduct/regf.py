"""Worked examples on Regulation F, as JSON, put to the gate: what it answers beside what is expected.

Each example has `facts` (events and candidate calls) and `expected` (named findings). `regf_rows` makes rows of the
facts, `regf_findings` asks the gate for each finding; here they are read, compared and told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.conduct.regf_asked import Asked
from forbear.conduct.regf_findings import FINDINGS, REMARKS
from forbear.conduct.regf_rows import told
from forbear.conduct.stack import Packs


@dataclass(frozen=True)
class Checked:
    """One example: what was expected, what the gate gave for each finding, and which differ.

    Attributes:
        unknown: findings the example expects that no question of ours answers; they count as differing.
        fault: why its facts could not be read at all, if so.
    """

    example: str
    comment: str
    expected: Mapping[str, Any]
    got: Mapping[str, Any]
    differs: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    fault: str = ""

    @property
    def passed(self) -> bool:
        """Whether every finding is as expected."""
        return not (self.differs or self.unknown or self.fault)


def read_examples(path: Path) -> list[Mapping[str, Any]]:
    """A JSON file with a list under `examples`, or the list itself.

    Raises:
        UnreadableFile: no such file, or no JSON.
        WrongUse: an example without id, facts or expected; names it.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as unread:
        raise UnreadableFile(f"{path}: cannot be read: {unread}") from unread
    listed = data.get("examples") if isinstance(data, Mapping) else data
    if not isinstance(listed, list):
        raise WrongUse(f"{path}: expected a list under examples")
    for number, example in enumerate(listed, start=1):
        missing = [key for key in ("id", "facts", "expected") if key not in example]
        if missing:
            raise WrongUse(f"{path}, example {number}: {', '.join(missing)} is missing")
    return listed


def check_all(examples: Iterable[Mapping[str, Any]], packs: Packs) -> Iterator[Checked]:
    """Every example, in order."""
    return (check(example, packs) for example in examples)


def check(example: Mapping[str, Any], packs: Packs) -> Checked:
    """Put one example to the gate; one whose facts cannot be read fails with the reason."""
    facts, comment = example["facts"], str(example.get("comment", ""))
    expected = {k: v for k, v in example["expected"].items() if k not in REMARKS}
    try:
        asked = Asked(facts, told(facts), packs)
        got = {name: FINDINGS[name](asked) for name in expected if name in FINDINGS}
    except (KeyError, ValueError, WrongUse) as wrong:
        return Checked(str(example["id"]), comment, expected, {}, fault=str(wrong) or repr(wrong))
    unknown = tuple(name for name in expected if name not in FINDINGS)
    differs = tuple(name for name in got if not _same(got[name], expected[name]))
    return Checked(str(example["id"]), comment, expected, got, differs, unknown)


def _same(got: Any, expected: Any) -> bool:
    """Equal; `blocked_or_clarify` and `allowed_unless ...` name the stricter answer and the one with a condition."""
    if isinstance(expected, str) and isinstance(got, str):
        return expected == got or expected.startswith((f"{got}_or_", f"{got}_unless_"))
    return bool(got == expected)
