"""Properties that hold on any text: no crash, true spans, and disguises that win nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forbear.conduct.language import check_words, rules

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DATA = Path(__file__).parent / "data"
SPICE = [
    "pay or go to jail",
    "你会坐牢",
    "zuo lao",
    "j.a.i.l",
    "\u200b",
    "🔪",
    "{name}",
    "STOP",
    "\n",
    "İ",
    "ﷺ",
    "\ud800",
]


def sample(language: str) -> list[str]:
    """Every seventh forbidden message of the first tuning part that hides nothing."""
    with (DATA / f"{language}_tuning.csv").open(encoding="utf-8", newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["part"] == "1"]
    rows = [r for r in rows if r["labels"] != "lawful" and not r["trick"] and not r["facts"]]
    return [row["text"] for row in rows[::7]]


@QUICK
@given(st.lists(st.one_of(st.text(max_size=30), st.sampled_from(SPICE)), max_size=8).map("".join))
@example("")
@example("\ud800")
@example("İ" * 20)
def test_any_text_is_read_and_every_span_is_a_slice_of_it(text: str) -> None:
    for spoken in ("zh", "en"):
        for finding in check_words(text, language=spoken, facts={"first_contact": True}):
            assert 0 <= finding.start < finding.end <= len(text)
            assert finding.text == text[finding.start : finding.end]
            assert finding.rule in rules()
            assert finding.kinder


@QUICK
@given(st.text(max_size=200))
def test_the_same_text_gives_the_same_answer(text: str) -> None:
    assert check_words(text) == check_words(text)


LOOK_ALIKE = str.maketrans("aceopxyis", "асеорхуіѕ")
FULL_WIDTH = str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x41, 0x7B) if chr(n).isalpha()})
DISGUISES = {
    "capitals": str.upper,
    "look-alike letters": lambda text: text.lower().translate(LOOK_ALIKE),
    "full width": lambda text: text.translate(FULL_WIDTH),
    "zero-width marks": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "accents": lambda text: "".join(c + "\u0301" if c.isascii() and c.isalpha() else c for c in text),
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_cosmetic_disguise_loses_no_finding(language: str, disguise: str) -> None:
    for text in sample(language):
        plain = check_words(text, language=language)
        hidden = check_words(DISGUISES[disguise](text), language=language)
        assert hidden.categories >= plain.categories, text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_traditional_characters_and_spaces_around_lose_no_finding(language: str) -> None:
    from opencc import OpenCC

    traditional = OpenCC("s2t")
    for text in sample(language):
        plain = check_words(text, language=language).categories
        assert check_words(traditional.convert(text), language=language).categories >= plain, text
        assert check_words(f"  {text}\n\n", language=language).categories >= plain, text
