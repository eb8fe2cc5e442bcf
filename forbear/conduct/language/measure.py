"""Measure the check on the labelled messages: recall, false alarms, a table of labels against findings.

    python -m forbear.conduct.language.measure [--part heldout5] [--misses] [--out FILE]

A message labelled anything but `lawful` should have a forbidden finding; a lawful one should have none. A
category is right when a finding of the labelled category is among the forbidden ones.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile
from forbear.conduct.language.check import check_words
from forbear.conduct.language.files import facts_of

DATA = Path("tests/conduct/language/data")
LAWFUL = "lawful"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled message; `part` names the messages that were written together."""

    id: str
    labels: frozenset[str]
    style: str
    trick: str
    facts: dict[str, Any]
    text: str
    part: str = ""


def read(path: Path) -> list[Labelled]:
    """The labelled messages of a CSV file; a file without a column `part` has one part without a name.

    Raises:
        UnreadableFile: no such file.
    """
    if not path.is_file():
        raise UnreadableFile(f"{path} is missing", "run from the root of the repository")
    with path.open(encoding="utf-8", newline="") as handle:
        return [
            Labelled(
                r["id"],
                frozenset(r["labels"].split("|")),
                r["style"],
                r["trick"],
                facts_of(path.name, 0, r["facts"]),
                r["text"],
                r.get("part") or "",
            )
            for r in csv.DictReader(handle)
        ]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one file; `table[label][found]` counts messages, a message with several findings in each.

    `labels` counts the messages of a label, `tricks` those disguised in one way.
    """

    forbidden: int
    caught: int
    lawful: int
    alarms: int
    right_category: int
    table: dict[str, Counter[str]]
    labels: Counter[str]
    tricks: Counter[str]
    tricks_caught: Counter[str]
    wrong: list[tuple[Labelled, str]]

    @property
    def recall(self) -> float:
        """Share of forbidden messages with a forbidden finding; 1 where there are none."""
        return self.caught / self.forbidden if self.forbidden else 1.0

    @property
    def false_alarms(self) -> float:
        """Share of lawful messages with a forbidden finding; 0 where there are none."""
        return self.alarms / self.lawful if self.lawful else 0.0


def measured(messages: Iterable[Labelled]) -> Figures:
    """Check every message and count."""
    table: dict[str, Counter[str]] = {}
    wrong: list[tuple[Labelled, str]] = []
    counts: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    tricks: Counter[str] = Counter()
    tricks_caught: Counter[str] = Counter()
    for message in messages:
        found = check_words(message.text, facts=message.facts)
        bad = LAWFUL not in message.labels
        counts["forbidden" if bad else "lawful"] += 1
        counts["caught" if bad else "alarms"] += found.forbidden
        counts["right"] += bad and bool(found.categories & message.labels)
        if bad and message.trick:
            tricks[message.trick] += 1
            tricks_caught[message.trick] += found.forbidden
        labels.update(message.labels)
        for label in message.labels:
            table.setdefault(label, Counter()).update(found.categories or ["none"])
        if bad != found.forbidden:
            wrong.append((message, "; ".join(f"{f.rule} {f.text!r} by {f.because}" for f in found)))
    return Figures(
        counts["forbidden"],
        counts["caught"],
        counts["lawful"],
        counts["alarms"],
        counts["right"],
        table,
        labels,
        tricks,
        tricks_caught,
        wrong,
    )


def as_markdown(title: str, figures: Figures) -> str:
    """One file's figures as a section of Markdown."""
    columns = [*sorted({found for row in figures.table.values() for found in row} - {"none"}), "none"]
    lines = [
        f"## {title}",
        "",
        f"Forbidden {figures.forbidden}, caught {figures.caught}: **recall {figures.recall:.4f}**. "
        f"Lawful {figures.lawful}, alarms {figures.alarms}: **false alarms {figures.false_alarms:.4f}**. "
        f"Category right for {figures.right_category} ({figures.right_category / max(1, figures.forbidden):.4f}). "
        f"Disguised messages caught: {sum(figures.tricks_caught.values())} of {sum(figures.tricks.values())}.",
        "",
        "| label \\ found | " + " | ".join(columns) + " |",
        "| --- |" + " ---: |" * len(columns),
    ]
    for label in sorted(figures.table):
        lines.append(f"| {label} | " + " | ".join(str(figures.table[label][c] or "") for c in columns) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print or write the figures of the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--part", action="append", help="a file (tuning, heldout5) or a part of the tuning file (57)"
    )
    parser.add_argument("--misses", action="store_true", help="list the messages judged wrongly")
    parser.add_argument("--out", type=Path, help="write Markdown here")
    asked = parser.parse_args()
    sections = []
    for path in sorted(asked.data.glob("*.csv")):
        language, _, part = path.stem.partition("_")
        messages = [m for m in read(path) if not asked.part or part in asked.part or m.part in asked.part]
        if not messages:
            continue
        figures = measured(messages)
        sections.append(as_markdown(f"{language}, {part}", figures))
        if asked.misses:
            sections += [f"{m.id} {sorted(m.labels)} {m.text}\n    {why}" for m, why in figures.wrong]
    if asked.out:
        head = (
            "# The language check on labelled messages\n\nMade by `python -m forbear.conduct.language.measure`.\n\n"
        )
        asked.out.write_text(head + "\n".join(sections), encoding="utf-8")
    else:
        print("\n".join(sections))


if __name__ == "__main__":
    main()
