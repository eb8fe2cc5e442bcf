"""Messages of several sentences are judged by those too; the threshold comes from left-out lawful messages alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from forbear.conduct.language import check_words
from forbear.conduct.language.hints import features, laid_out
from forbear.conduct.language.measure import LAWFUL, measured, read
from forbear.conduct.language.reading import read_message
from forbear.conduct.language.stretches import LONG, Stretch, stretches
from forbear.conduct.language.train import threshold

DATA = Path(__file__).parent / "data"
LETTER = (
    "Dear Ms. Hart, thank you for your letter of 3 May. We have credited the payment of $40 that you mention, and "
    "your balance is now $310. You can pay it by card, by transfer or in a branch. {bad}If you are in difficulty, "
    "please tell us, and we will look for a plan that suits you. Free advice is available from the council. "
    "Kind regards, Ann Lee, Fern Finance"
)
BAD = "Otherwise our boys will break your legs, you filthy thief. "


def test_one_bad_sentence_in_a_lawful_letter_is_found_at_its_place() -> None:
    letter = LETTER.format(bad=BAD)
    found = [finding for finding in check_words(letter) if finding.severity == "forbidden"]
    assert found
    place = letter.index(BAD)
    assert all(place - 1 <= finding.start and finding.end <= place + len(BAD) for finding in found)
    assert not check_words(LETTER.format(bad="")).forbidden


def sentences_of(text: str) -> list[Stretch]:
    """The sentences of an English message."""
    message = read_message(text, "en", {})
    return stretches(message, "en", {}, list(laid_out(message.flow.text, "en")))


def test_the_sentences_cover_a_long_message_in_order() -> None:
    message = read_message(LETTER.format(bad=BAD), "en", {})
    places = sentences_of(LETTER.format(bad=BAD))
    assert len(places) >= 5
    assert places[0].start == 0
    assert places[-1].end == len(message.flow.text)
    assert all(before.end == after.start for before, after in pairwise(places))
    assert {"R:words.threat.violence"} & set().union(*(place.features for place in places))


@pytest.mark.parametrize("text", ["", "Pay by Friday.", "One. Two.", "x" * (LONG["en"] + 1)])
def test_a_short_message_or_one_of_a_single_sentence_has_no_stretches(text: str) -> None:
    assert sentences_of(text) == []


def test_a_sentence_has_the_features_it_would_have_alone() -> None:
    alone = "We will tell your mother and your boss what you owe. "
    message = read_message(alone, "en", {})
    wanted = features(list(laid_out(message.flow.text, "en")), message, {})
    first = sentences_of(alone + "Thank you for the payment of three dollars that arrived on Monday. " * 4)[0]
    assert first.features == wanted


def test_the_threshold_allows_no_more_alarms_than_said() -> None:
    stern, mild = np.linspace(0, 1, 201), np.zeros(7)
    for allowed in (0.02, 0.1):
        at = threshold([stern], allowed)
        assert (stern >= at).mean() <= allowed < (stern >= at - 0.01).mean()
        halved = threshold([stern, mild], allowed)
        assert (stern >= halved).mean() <= 2 * allowed < (stern >= halved - 0.01).mean()


def test_a_file_of_lawful_messages_alone_is_measured() -> None:
    lawful = [m for m in read(DATA / "en_tuning.csv") if LAWFUL in m.labels and m.part == "66"]
    figures = measured(lawful)
    assert (figures.forbidden, figures.recall) == (0, 1.0)
