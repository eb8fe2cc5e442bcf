"""Reading replies: the traps, several intents at once, and the figures on the frozen held-out messages."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from forbear.basics.errors import UnreadableFile
from forbear.conduct.replies import INTENTS, PROTECTING, read_reply
from forbear.conduct.replies.labelled import DATA, expanded, read
from forbear.conduct.replies.measure import Measured, frozen, measured

ON = date(2026, 11, 27)  # a Friday
MACRO_F1 = 0.85
PARTS = {"heldout": (0.97, 0.99), "heldout2": (0.97, 0.97)}
"""Held-out parts: of each protecting intent the share that is found (0.97 is wanted), and that is found or waits for a
person. The second part, of another hand, was never learned from."""
THIRD = "heldout3"
"""A third of what one more hand wrote; of some intents it has few messages, of which one may be missed."""
both_parts = pytest.mark.parametrize("part", PARTS)
all_parts = pytest.mark.parametrize("part", [*PARTS, THIRD])


def intents(text: str) -> set[str]:
    return set(read_reply(text, ON).intents)


@cache
def held_out(language: str, part: str) -> Measured:
    return measured(read(DATA / f"{language}_{part}.txt"), language)


@all_parts
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_held_out_messages_are_the_frozen_ones(language, part):
    path = DATA / f"{language}_{part}.txt"
    assert frozen(path)
    assert len(read(path)) >= (70 if part == THIRD else 380)
    assert len(read(DATA / f"{language}_tuning.txt")) >= 1_000


@pytest.mark.parametrize("intent", PROTECTING)
@both_parts
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_protecting_intent_is_not_missed(language, intent, part):
    figures = held_out(language, part).by_intent[intent]
    recall, seen = PARTS[part]
    assert figures.labelled >= 40
    assert figures.recall >= recall
    assert held_out(language, part).seen(intent) >= seen


@pytest.mark.parametrize("intent", PROTECTING)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_protecting_intent_of_the_third_part_is_not_missed_twice(language, intent):
    figures = held_out(language, THIRD).by_intent[intent]
    assert figures.labelled - figures.right <= 1
    assert held_out(language, THIRD).seen(intent) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_third_part_shares_nothing_with_what_its_hand_taught(language):
    held = {message.text for message in read(DATA / f"{language}_{THIRD}.txt")}
    assert not held & {message.text for message in read(DATA / f"{language}_strangers3.txt")}


@all_parts
@pytest.mark.parametrize("learned", ["tuning", "strangers", "strangers2", "strangers3"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_few_held_out_messages_are_tuned_on_and_those_are_short(language, learned, part):
    """People write "TD" and "stop" alike; a count alone is told, so that a failure shows no held-out text."""
    held = {message.text for message in read(DATA / f"{language}_{part}.txt")}
    shared = held & {message.text for message in read(DATA / f"{language}_{learned}.txt")}
    few, longest = len(shared) / len(held), max(map(len, shared), default=0)
    assert few <= 0.07
    assert longest <= 30


@all_parts
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_intents_are_told_apart(language, part):
    assert held_out(language, part).macro_f1 >= MACRO_F1


@pytest.mark.parametrize(
    "text",
    [
        "I cannot stop by the shop today",
        "the bus stop is closed",
        "my father passed the exam",
        "my phone died",
        "公交停运了，去不了",
        "她走了三公里",
        "手机死机了",
        "打错字了",
        "我是本人",
        "没有异议，金额是对的",
        "my friend is a lawyer",
        "我朋友是律师",
    ],
)
def test_words_that_only_look_like_a_protecting_intent(text):
    assert not intents(text) & set(PROTECTING), read_reply(text, ON)


@pytest.mark.parametrize(
    "text", ["退订", "TD", "td", "停", "T", "STOP", "stop.", "Unsubscribe", "ｔｄ", "s.t.o.p", "退 订", "STOP 🛑"]
)
def test_the_shortest_stops(text):
    reply = read_reply(text, ON)
    assert reply.intents == ("stop",)
    assert reply.certain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("我失业了，别再打电话了", {"hardship", "stop"}),
        ("唔好再打嚟，搵我律师", {"stop", "lawyer"}),
        ("下周五还五百", {"promise"}),
        ("My husband died and I lost my job", {"bereavement", "hardship"}),
        ("wrong number, stop texting", {"wrong_person", "stop"}),
        ("Oh great, another text. STOP TEXTING ME", {"stop"}),
    ],
)
def test_several_intents_hold_at_once(text, said):
    assert intents(text) >= said


@pytest.mark.parametrize("text", ["👌", "qwzx", "😀😀"])
def test_of_a_message_too_little_of_which_is_known_nothing_is_claimed(text):
    reply = read_reply(text, ON)
    assert reply.intents == ("other",)
    assert not reply.certain


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I cannot pay attention in this meeting, call you at lunch", "en"),
        ("他同事离职了，昨天请大家吃火锅", "zh"),
    ],
)
def test_a_protecting_rule_that_is_overruled_waits_for_a_person(text, language):
    reply = read_reply(text, ON, language)
    assert set(PROTECTING) & reply.by_rule - set(reply.intents)
    assert not reply.certain


def test_danger_is_marked():
    assert read_reply("我不想活了", ON).grave
    assert read_reply("I want to kill myself", ON).grave
    assert not read_reply("我没钱", ON).grave


def test_a_promise_has_its_day_and_sum():
    told = read_reply("下周五还五百", ON).promised
    assert told is not None
    assert (told.day, int(told.amount), told.currency) == (date(2026, 12, 4), 500, "CNY")


@pytest.mark.parametrize("text", ["", " ", "😀", "?", "\x00", "a" * 50_000, "停" * 3_000, "\ud800", "١٢٣"])
def test_any_text_is_read(text):
    reply = read_reply(text, ON)
    assert reply.intents
    assert set(reply.intents) <= set(INTENTS)


def test_a_line_stands_for_each_of_its_choices():
    assert list(expanded("{a|b} c{| d}")) == ["a c", "a c d", "b c", "b c d"]


def test_an_unknown_label_is_refused(tmp_path):
    file = tmp_path / "x.txt"
    file.write_text("## stopp\nstop\n")
    with pytest.raises(UnreadableFile, match="stopp"):
        read(file)
