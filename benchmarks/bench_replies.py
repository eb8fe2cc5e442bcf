"""Figures of the reading of replies on the held-out messages, and its speed: writes benchmarks/replies.md.

    .venv/bin/python benchmarks/bench_replies.py [--part tuning] [--misses]

The held-out messages were written before the rules and frozen by their hashes (tests/conduct/replies/data).
"""

from __future__ import annotations

import argparse
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

from forbear.conduct.language import check_words
from forbear.conduct.replies import PROTECTING, read_reply
from forbear.conduct.replies.labelled import DATA, Labelled, read
from forbear.conduct.replies.measure import WRITTEN, Measured, frozen, measured
from forbear.conduct.replies.rules import found
from forbear.conduct.language.forms import flow

HERE = Path(__file__).parent
NAMES = {"zh": "Chinese", "en": "English"}


def table(figures: Measured, rules_alone: dict[str, float]) -> str:
    lines = [
        "| intent | messages | recall | precision | F1 | recall of rules alone |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for intent, one in figures.by_intent.items():
        name = f"**{intent}**" if intent in PROTECTING else intent
        lines.append(
            f"| {name} | {one.labelled} | {one.recall:.3f} | {one.precision:.3f} | {one.f1:.3f} | {rules_alone[intent]:.3f} |"
        )
    return "\n".join(lines)


def rules_alone(messages: list[Labelled], language: str, intents: list[str]) -> dict[str, float]:
    """The baseline: what the rules find without the model."""
    said = [(message, found(flow(message.text).text.strip(), language)) for message in messages]
    return {
        intent: sum(intent in hit for m, hit in said if intent in m.intents)
        / max(1, sum(intent in m.intents for m, _ in said))
        for intent in intents
    }


def speed(messages: list[Labelled], language: str) -> str:
    began = time.perf_counter()
    for message in messages:
        read_reply(message.text, WRITTEN, language)  # type: ignore[arg-type]
    ours = time.perf_counter() - began
    began = time.perf_counter()
    for message in messages:
        check_words(message.text, language=language)  # type: ignore[arg-type]
    other = time.perf_counter() - began
    return f"Reading takes {ours / other:.2f} times as long as the check of words on the same messages in the same run."


def part(language: str, name: str) -> tuple[str, Measured]:
    path = DATA / f"{language}_{name}.txt"
    messages = read(path)
    figures = measured(messages, language)
    intents = list(figures.by_intent)
    sure = figures.certain_right / max(1, figures.certain)
    text = f"""## {NAMES[language]}

{figures.messages} messages{", frozen" if name == "heldout" and frozen(path) else ""}. Macro F1 **{figures.macro_f1:.3f}**. {figures.certain} were certain
({figures.certain / figures.messages:.0%}; of these {sure:.1%} read exactly as labelled); the others wait for a person too.

{table(figures, rules_alone(messages, language, intents))}

{speed(messages, language)}
"""
    return text, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="heldout")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "replies.md")
    asked = parser.parse_args()
    sections = []
    for language in ("zh", "en"):
        text, figures = part(language, asked.part)
        sections.append(text)
        if asked.misses:
            sections += [f"{sorted(m.intents)} {list(r.intents)} {m.text}" for m, r in figures.wrong]
    head = f"""# What borrowers write back, read

Made by `benchmarks/bench_replies.py` on {datetime.now(UTC).date()}, {platform.machine()}, Python {platform.python_version()}.
Intents that protect the borrower are in bold: wanted is a recall of at least 0.97 for each of them in each language, and a
macro F1 of at least 0.85. A message may have several intents; each counts for itself.

"""
    if asked.misses or asked.part != "heldout":
        print("\n".join(sections))
    else:
        asked.out.write_text(head + "\n".join(sections), encoding="utf-8")
        print("\n".join(sections))


if __name__ == "__main__":
    main()
