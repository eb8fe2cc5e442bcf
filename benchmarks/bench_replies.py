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
from forbear.conduct.language.forms import flow
from forbear.conduct.replies import PROTECTING, read_reply
from forbear.conduct.replies.labelled import DATA, Labelled, read
from forbear.conduct.replies.measure import WRITTEN, Measured, frozen, measured
from forbear.conduct.replies.rules import found

HERE = Path(__file__).parent
NAMES = {"zh": "Chinese", "en": "English"}


def table(figures: Measured, rules_alone: dict[str, float]) -> str:
    lines = [
        "| intent | messages | recall | precision | F1 | recall of rules alone |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for intent, one in figures.by_intent.items():
        name = f"**{intent}**" if intent in PROTECTING else intent
        figures_of = f"{one.recall:.3f} | {one.precision:.3f} | {one.f1:.3f} | {rules_alone[intent]:.3f}"
        lines.append(f"| {name} | {one.labelled} | {figures_of} |")
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
    head = "" if name != "heldout" else f"## {NAMES[language]}\n\n"
    kept = ", frozen" if frozen(path) else ""
    share = f"{figures.certain / figures.messages:.0%}"
    text = f"""{head}{figures.messages} messages{kept}. Macro F1 **{figures.macro_f1:.3f}**.
{figures.certain} were certain ({share}; of these {sure:.1%} read as labelled); the others wait for a person too.

{table(figures, rules_alone(messages, language, intents))}

{speed(messages, language)}
"""
    return text, figures


HISTORY = """## How often they were read, and what to expect of other messages

The held-out messages were written before the rules by the same hand; what of them was missed was not looked at.

| reading | Chinese macro F1 | English macro F1 | below 0.97 |
| --- | --- | --- | --- |
| first | 0.965 | 0.964 | English wrong_person 0.875, hardship 0.965 |
| second | 0.948 | 0.962 | English hardship 0.965 |
| third | 0.948 | 0.960 | English hardship 0.965 |
| fourth, above | | | see the tables |

Before the second reading English rules and tuning lines for these two intents were added and the precision asked of the
protecting intents was lowered from 0.93 to 0.85, so that thresholds fell. A **second set** was then written for the
two intents, frozen and read once: wrong_person 0.600, hardship 0.689, most of the missed ones uncertain and so with a
person. It told that the figures above flatter: whoever writes messages and rules thinks of the same words. Its misses
were looked at, and the rules of all protecting intents were broadened in both languages. A **third set**, ten messages
of each protecting intent in each language, was written after that, frozen, and read once. It is the honest figure of
messages in words that nobody had thought of; "or a person" counts those that were not certain, which a person reads:

| third set | stop | wrong_person | dispute | hardship | bereavement | lawyer |
| --- | --- | --- | --- | --- | --- | --- |
| Chinese, found | 0.90 | 0.40 | 0.90 | 0.90 | 0.90 | 1.00 |
| Chinese, found or a person | 1.00 | 0.90 | 1.00 | 1.00 | 1.00 | 1.00 |
| English, found | 0.90 | 0.90 | 0.90 | 0.90 | 1.00 | 0.90 |
| English, found or a person | 1.00 | 1.00 | 1.00 | 1.00 | 1.00 | 1.00 |

After that the second and third sets joined the tuning messages, Chinese rules of wrong_person were broadened, and the
precision asked was lowered to 0.75; the tables at the top are of the weights as they are now.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="heldout", help="heldout, or tuning")
    parser.add_argument("--misses", action="store_true", help="list what was read wrongly; not of what is held out")
    parser.add_argument("--out", type=Path, default=HERE / "replies.md")
    asked = parser.parse_args()
    sections = []
    for language in ("zh", "en"):
        text, figures = part(language, asked.part)
        sections.append(text)
        if asked.misses:
            sections += [f"{sorted(m.intents)} {list(r.intents)} {m.text}" for m, r in figures.wrong]
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    head = f"""# What borrowers write back, read

Made by `benchmarks/bench_replies.py` on {datetime.now(UTC).date()}, {machine}. Intents that protect the borrower
are in bold: wanted is a recall of at least 0.97 for each of them in each language, and a macro F1 of at least 0.85.
A message may have several intents; each counts for itself.

"""
    if asked.part != "heldout" or asked.misses:
        print("\n".join(sections))
        return
    page = head + "\n".join([*sections, HISTORY])
    asked.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
