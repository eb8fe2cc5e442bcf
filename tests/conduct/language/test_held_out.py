"""The check on messages that nobody tuned it with; the figures stand in `benchmarks/language.md`.

The target is a recall of 0.95 at no more than 3 % false alarms, measured on whatever files are named `heldout`. A
language without such a file has nothing to be held to, and its tests are skipped. The floors below hold what has been
measured, that a change which loses it be seen; they are set by hand after a measurement, never tuned towards. On all
parts together both languages meet the target: Chinese 0.983 at 0.9 %, English 0.954 at 2.9 %.
"""

from __future__ import annotations

import csv
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from forbear.conduct.language.measure import LAWFUL, Figures, measured, read

DATA = Path(__file__).parent / "data"
MOST_ALARMS = {"en": 0.03, "zh": 0.015}
LEAST_RECALL = {"en": 0.95, "zh": 0.98}
HARD = {"en_hard12": (0.82, 0.09), "en_hard13": (0.90, 0.09)}
"""Least recall and most alarms on messages of hands asked for hard ones. Those who tune have read them and learned
nothing from them, so they are no held-out part."""
LEAST_DISGUISED = 0.95
LEAST_TO_JUDGE = 30
"""Disguised messages below which their share says nothing."""
LANGUAGES = ["en", "zh"]


FROZEN = {
    "en_heldout5": "2a4af690488fbace75fde879d8ae0e2243ba1f476641b2cfc4bcded18faf7c78",
    "en_heldout8": "ce264f7aed4dd2008e9f3a311e14accd04aafb887258ae34655a32c897879f0e",
    "en_heldout9": "a13f6db7c83c995cb3246981a091b3c78a1d46edfb1354cdfcddf692c97a4f21",
    "zh_heldout8": "7b0ae264cf217eabbb16549c623714a38091cdcd7df0d76a31b91c553a150842",
    "zh_heldout5": "22a35633fdc5d795027c1435ef963e5225ab9c7c4f7ec4b94c90d351065c7773",
}
"""SHA-256 of the held-out files as they were when they were made, before anything was tuned that they measure."""


@cache
def held_out(language: str) -> Figures:
    """The figures of all held-out parts of a language together."""
    paths = sorted(DATA.glob(f"{language}_heldout*.csv"))
    if not paths:
        pytest.skip(f"no held-out part in {language}")
    return measured(m for path in paths for m in read(path))


@pytest.mark.parametrize("language", LANGUAGES)
def test_lawful_messages_are_let_through(language: str) -> None:
    assert held_out(language).lawful >= 75
    assert held_out(language).false_alarms <= MOST_ALARMS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_forbidden_messages_are_caught(language: str) -> None:
    assert held_out(language).forbidden >= 75
    assert held_out(language).recall >= LEAST_RECALL[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_disguised_messages_are_caught(language: str) -> None:
    figures = held_out(language)
    if figures.tricks.total() < LEAST_TO_JUDGE:
        pytest.skip("too few disguised messages")
    assert figures.tricks_caught.total() / figures.tricks.total() >= LEAST_DISGUISED


@pytest.mark.parametrize("part", sorted(HARD))
def test_hard_messages_are_judged_no_worse_than_they_were(part: str) -> None:
    least, most = HARD[part]
    figures = measured(read(DATA / f"{part}.csv"))
    assert figures.recall >= least
    assert figures.false_alarms <= most


@pytest.mark.parametrize("part", sorted(FROZEN))
def test_a_held_out_part_is_as_it_was_made(part: str) -> None:
    assert sha256((DATA / f"{part}.csv").read_bytes()).hexdigest() == FROZEN[part]


def test_every_held_out_part_is_frozen() -> None:
    assert {path.stem for path in DATA.glob("*_heldout*.csv")} == set(FROZEN)


def rows(language: str, part: str) -> list[dict[str, str]]:
    """The rows of all files of a part."""
    found: list[dict[str, str]] = []
    for path in sorted(DATA.glob(f"{language}_{part}*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            found += csv.DictReader(handle)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labelled_set_is_large_and_varied(language: str) -> None:
    tuning = rows(language, "tuning")
    assert len(tuning) >= 3000
    assert sum(row["labels"] == LAWFUL for row in tuning) >= 1000
    assert len({row["trick"] for row in tuning if row["trick"]}) >= 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_stands_twice_and_none_is_both_tuned_on_and_held_out(language: str) -> None:
    tuning, held = rows(language, "tuning"), rows(language, "heldout") + rows(language, "hard")
    ids = [row["id"] for row in tuning + held]
    assert len(set(ids)) == len(ids)
    assert all("-t" in row["id"] for row in tuning)
    assert all("-h" in row["id"] or "-m" in row["id"] for row in held)
    assert not {row["text"] for row in tuning} & {row["text"] for row in held}
