"""Measure the language check on its labelled messages and write `benchmarks/language.md`.

    .venv/bin/python benchmarks/bench_language.py [--out benchmarks/language.md] [--rounds 3]

For each language: recall and false alarms with 95 % confidence intervals (Wilson) on the tuning messages, on hard
ones of hands that nothing was learned from (`*_hard*.csv`, read by those who tune, so not held out) and on each
held-out part, a table of categories on the held-out parts, disguised messages apart, what each threshold gives on hands
left out of the training (written by the training beside the weights), and messages per second on one core. Where
there is no held-out part (`tests/conduct/language/data/*_heldout*.csv`) its tables are left out. Texts of the
held-out parts are read by the program only; the figures alone are written.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.resources import files
from math import sqrt
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from forbear.conduct.language import check_words
from forbear.conduct.language.measure import DATA, Figures, Labelled, measured, read

LANGUAGES = {"en": "English", "zh": "Chinese"}
ALL_HELD_OUT = "held-out, all"
NORMAL_95 = 1.959964
"""The standard normal quantile of a two-sided 95 % interval."""
HEAD = """# The language check on labelled messages

Made by `.venv/bin/python benchmarks/bench_language.py` on {day} ({machine}).

**Recall** is the share of messages with forbidden content that the check forbids, in whatever category. **False
alarms** are the share of lawful messages that it forbids. Warnings count as silence in both. Intervals are Wilson's
at 95 %. The target is recall of at least 0.95 at no more than 0.03 false alarms on the held-out parts.

{history}

"""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, NORMAL_95**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = NORMAL_95 * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return middle - half, middle + half


def with_interval(hits: int, of: int) -> str:
    """A share with its counts and interval, for a table."""
    low, high = wilson(hits, of)
    return f"{hits / of:.3f} ({low:.3f} to {high:.3f}), {hits} of {of}"


def parts(language: str) -> dict[str, list[Labelled]]:
    """Messages by part: all tuning parts together, hard ones, each held-out part, and the held-out parts together."""
    tuning = read(DATA / f"{language}_tuning.csv")
    hard, held = (
        {path.stem.partition("_")[2]: read(path) for path in sorted(DATA.glob(f"{language}_{name}*.csv"))}
        for name in ("hard", "heldout")
    )
    together = {ALL_HELD_OUT: [m for part in held.values() for m in part]} if held else {}
    return {"tuning": tuning, **hard, **held, **together}


def summary(figures: dict[str, dict[str, Figures]]) -> list[str]:
    """The table of recall and false alarms."""
    lines = ["| language | part | recall | false alarms | right category |", "| --- | --- | --- | --- | ---: |"]
    for language, by_part in figures.items():
        for part, f in by_part.items():
            recall, alarms = with_interval(f.caught, f.forbidden), with_interval(f.alarms, f.lawful)
            share = f"{f.right_category / f.forbidden:.3f}"
            lines.append(f"| {LANGUAGES[language]} | {part} | {recall} | {alarms} | {share} |")
    return lines


def disguised(figures: dict[str, dict[str, Figures]]) -> list[str]:
    """The table of tricks: how many disguised messages of the held-out parts were caught."""
    lines = ["| language | disguised messages | caught |", "| --- | ---: | ---: |"]
    for language, by_part in figures.items():
        if f := by_part.get(ALL_HELD_OUT):
            lines.append(f"| {LANGUAGES[language]} | {f.tricks.total()} | {f.tricks_caught.total()} |")
    return lines


def confusion(figures: Figures) -> list[str]:
    """Labels down, findings across; a message with findings of two categories counts in both columns."""
    found = sorted({name for row in figures.table.values() for name in row} - {"none"})
    columns = [*found, "none"]
    lines = [
        "| label \\ found | " + " | ".join(columns) + " | recall |",
        "| --- |" + " ---: |" * (len(columns) + 1),
    ]
    for label, row in sorted(figures.table.items()):
        total = figures.labels[label]
        recall = "" if label == "lawful" else f"{1 - row['none'] / total:.3f}"
        lines.append(f"| {label} | " + " | ".join(str(row[name] or "") for name in columns) + f" | {recall} |")
    return lines


def left_out(language: str) -> list[str]:
    """The table of hands left out in the training: recall and false alarms at several thresholds."""
    weights = json.loads(
        files("forbear.conduct.language").joinpath(f"data/hints.{language}.json").read_text("utf-8")
    )
    hands = weights["left_out"]
    counts = [f"{hand} ({of['forbidden']} forbidden, {of['lawful']} lawful)" for hand, of in hands.items()]
    lines = ["| threshold | " + " | ".join(counts) + " | mean |", "| ---: |" + " --- |" * (len(hands) + 1)]
    for row, (at, *_) in enumerate(next(iter(hands.values()))["at"]):
        shares = [(of["at"][row][1] / of["forbidden"], of["at"][row][2] / of["lawful"]) for of in hands.values()]
        means = [sum(side) / len(side) for side in zip(*shares, strict=True)]
        cells = [f"{recall:.3f} / {alarms:.3f}" for recall, alarms in [*shares, tuple(means)]]
        lines.append(f"| {at:.2f} | " + " | ".join(cells) + " |")
    return [*lines, "", f"The threshold set on these is {weights['forbid_at']}."]


def per_second(messages: list[Labelled], rounds: int) -> float:
    """Messages checked in a second of one core's own time, the best of several rounds; a busy machine counts less."""
    best = 0.0
    for _ in range(rounds):
        start = time.process_time()
        for message in messages:
            check_words(message.text, facts=message.facts)
        best = max(best, len(messages) / (time.process_time() - start))
    return best


def document(rounds: int) -> str:
    """The whole report."""
    sets = {language: parts(language) for language in LANGUAGES}
    figures = {language: {part: measured(rows) for part, rows in by.items()} for language, by in sets.items()}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    history = (Path(__file__).parent / "language_history.txt").read_text(encoding="utf-8").strip()
    out = [HEAD.format(day=datetime.now(UTC).date(), machine=machine, history=history), *summary(figures)]
    if any(f.tricks for by_part in figures.values() if (f := by_part.get(ALL_HELD_OUT))):
        out += ["", "## Disguised messages (held-out)", "", *disguised(figures)]
    for language, by_part in figures.items():
        if held := by_part.get(ALL_HELD_OUT):
            out += ["", f"## {LANGUAGES[language]}, held-out: labels and findings", "", *confusion(held)]
    for language in sets:
        title = f"## {LANGUAGES[language]}: recall / false alarms of hands left out of the training"
        out += ["", title, "", *left_out(language)]
    out += ["", "## Speed", "", "| language | messages | messages a second, one core |", "| --- | ---: | ---: |"]
    for language, by in sets.items():
        speed = per_second(by["tuning"], rounds)
        out.append(f"| {LANGUAGES[language]} | {len(by['tuning'])} | {speed:,.0f} |")
    return "\n".join(out) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/language.md"))
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    asked.out.write_text(document(asked.rounds), encoding="utf-8")


if __name__ == "__main__":
    main()
