"""The check on messages that nobody tuned it with; the figures stand in `benchmarks/language.md`.

The target is a recall of 0.95 at no more than 3 % false alarms. The alarms are held to it. The recall is not yet
reached, so it is held to a floor a little below the last figures, that a change which loses it be seen.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from forbear.conduct.language.measure import LAWFUL, Figures, measured, read

DATA = Path(__file__).parent / "data"
MOST_ALARMS = 0.03
LEAST_RECALL = {"en": 0.85, "zh": 0.93}
LEAST_DISGUISED = 0.95
LANGUAGES = ["en", "zh"]


@cache
def held_out(language: str) -> Figures:
    """The figures of all held-out parts of a language together."""
    return measured(m for path in sorted(DATA.glob(f"{language}_heldout*.csv")) for m in read(path))


@pytest.mark.parametrize("language", LANGUAGES)
def test_lawful_messages_are_let_through(language: str) -> None:
    assert held_out(language).lawful >= 150
    assert held_out(language).false_alarms <= MOST_ALARMS


@pytest.mark.parametrize("language", LANGUAGES)
def test_forbidden_messages_are_caught(language: str) -> None:
    assert held_out(language).forbidden >= 200
    assert held_out(language).recall >= LEAST_RECALL[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_disguised_messages_are_caught(language: str) -> None:
    figures = held_out(language)
    assert figures.tricks.total() >= 40
    assert figures.tricks_caught.total() / figures.tricks.total() >= LEAST_DISGUISED


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labelled_set_is_large_varied_and_has_no_message_twice(language: str) -> None:
    rows = []
    for path in DATA.glob(f"{language}_*.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            rows += list(csv.DictReader(handle))
    assert len(rows) >= 600
    assert len({row["id"] for row in rows}) == len(rows)
    assert sum(row["labels"] == LAWFUL for row in rows) >= 200
    assert len({row["trick"] for row in rows if row["trick"]}) >= 8
    tuning = {row["text"] for row in rows if "-t" in row["id"]}
    assert not tuning & {row["text"] for row in rows if "-h" in row["id"]}
