"""The league's arithmetic, its intervals, the card and the files it leaves."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.simulate.card.render import effect_parameters, findings, render, texts
from forbear.simulate.evidence import parameters, studies
from forbear.simulate.intervals import interval, student
from forbear.simulate.league import BUDGETS, METRICS, play, points
from forbear.simulate.output import write
from forbear.simulate.run import Setup
from forbear.simulate.strategies.lists import Nothing


@pytest.fixture(scope="module")
def league(worlds):
    places = [worlds(n) for n in ("structural", "placebo", "harm")]
    return play(places, ["ladder", "least", "none"], Setup(400, 24, seed=7), 3, frontier_seeds=1)


def test_a_row_for_each_run_and_a_line_for_each_place(league):
    assert len(league.rows) == 3 * 3 * 3
    assert [(r.world, r.seed) for r in league.rows[::3]] == [
        (w, s) for w in ("structural", "placebo", "harm") for s in (7, 8, 9)
    ]
    assert len(league.lines()) == 9
    assert set(league.rows[0].sums) == set(METRICS)


def test_brought_is_what_nobody_else_brings(league):
    for row in league.rows:
        if row.strategy == "none" or row.world == "placebo":
            assert row.sums["brought"] == 0
    structural = [r.sums["brought"] for r in league.rows if (r.world, r.strategy) == ("structural", "ladder")]
    assert min(structural) > 0
    harm = [r.sums["brought"] for r in league.rows if (r.world, r.strategy) == ("harm", "ladder")]
    assert max(harm) < 0


def test_differences_are_taken_seed_by_seed(league):
    line = next(x for x in league.lines() if (x.world, x.strategy) == ("structural", "least"))
    by = {(r.seed, r.strategy): r.sums for r in league.rows if r.world == "structural"}
    gaps = [by[s, "least"]["contacts"] - by[s, "ladder"]["contacts"] for s in (7, 8, 9)]
    assert line.against["contacts"] == interval(gaps)


def test_threads_change_no_figure(worlds):
    setup = Setup(300, 20, seed=7)
    one = play([worlds("structural")], ["ladder", "random"], setup, 2)
    from dataclasses import replace

    other = play([worlds("structural")], ["ladder", "random"], replace(setup, threads=4), 2)
    assert one.rows == other.rows


def test_the_frontier_is_one_budget_after_another(league):
    mine = [p for p in points(league) if (p.world, p.strategy) == ("structural", "ladder")]
    assert [p.budget for p in mine] == [*BUDGETS, None]
    contacts = [p.means["contacts"] for p in mine]
    assert contacts == sorted(contacts)
    for point in mine[:-1]:
        assert point.means["contacts"] <= point.budget * 24 * 400 / 1000


@pytest.mark.parametrize(
    ("freedom", "known"), [(1, 12.7062), (2, 4.30265), (3, 3.18245), (5, 2.57058), (19, 2.09302), (200, 1.97190)]
)
def test_students_quantiles(freedom, known):
    assert student(freedom) == pytest.approx(known, rel=0.006)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=30))
def test_an_interval_holds_its_mean(values):
    found = interval(values)
    assert found.low <= found.mean <= found.high


def test_one_value_has_no_interval():
    assert interval([3.0]).low is None


@pytest.mark.parametrize("names", [[], ["ladder", "ladder"]])
def test_strategies_are_named_once(names, worlds):
    with pytest.raises(WrongUse):
        play([worlds("structural")], names, Setup(10, 2), 1)


def test_the_same_league_leaves_the_same_bytes(league, tmp_path):
    for folder in ("one", "two"):
        write(league, tmp_path / folder, "zh")
    for file in ("league.json", "league.csv", "frontier.csv", "frontier.svg", "card.html"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    told = json.loads((tmp_path / "one/league.json").read_text(encoding="utf-8"))
    assert told["compared_with"] == "ladder"
    assert {e["strategy"] for e in told["league"]} == {"ladder", "least", "none"}
    with (tmp_path / "one/league.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 27


class Reader(HTMLParser):
    """Text, tags and attributes of a page, and whether every element was closed."""

    VOID = frozenset({"meta", "line", "circle", "polyline"})

    def __init__(self):
        super().__init__()
        self.text, self.tags, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_card_stands_alone_and_says_what_it_cannot_show(league, language):
    page = render(league, language)
    reader = Reader()
    reader.feed(page)
    text = " ".join(reader.text)
    assert not reader.open
    assert not [a for _, attrs in reader.tags for a in ("src", "href") if a in attrs]
    assert "script" not in {tag for tag, _ in reader.tags}
    assert ("script", "http") not in re.findall("(script)", page)
    say = texts(language)
    assert say["claim"] in text
    for limit in say["limits"]:
        assert limit in text
    for study in studies().values():
        assert study.study in text
    for name in parameters().entries:
        assert name in text


def test_the_card_counts_its_sources(league):
    used = effect_parameters()
    kinds = [e.source for e in used.values()]
    page = render(league, "en")
    assert f"{len(used)} numbers set what a contact does" in page
    assert f"{kinds.count('assumed') + kinds.count('calibrated')} are assumed" in page


def test_findings_tell_the_unwelcome(league):
    said = " ".join(findings(league, league.lines(), "en"))
    assert "no strategy shows a gain or loss" in said
    assert "fewest contacts by none" in said
    assert "least, none bring less than ladder" in said


def test_a_world_not_played_is_said(worlds):
    small = play([worlds("structural")], ["least"], Setup(50, 5), 1)
    said = " ".join(findings(small, small.lines(), "en"))
    assert "placebo world was not played" in said
    assert "harm world was not played" in said
    assert texts("en")["one_seed"] in render(small, "en")
    assert texts("zh")["no_frontier"] in render(small, "zh")


def test_both_languages_have_the_same_words():
    def keys(entries):
        return {k: keys(v) if isinstance(v, dict) else None for k, v in entries.items()}

    zh, en = texts("zh"), texts("en")
    assert keys(zh) == keys(en)
    assert len(zh["limits"]) == len(en["limits"])
    places = re.compile(r"\{\w+\}")
    for name, value in en.items():
        if isinstance(value, str):
            assert set(places.findall(value)) == set(places.findall(zh[name])), name
    with pytest.raises(WrongUse, match="card"):
        texts("fr")


class Named(Nothing):
    """A strategy of somebody else's, with a name that means mischief."""


def make(seed, past):
    return Named("<b>&mine")


def test_a_strategy_of_ones_own_plugs_in_and_its_name_is_escaped(worlds, monkeypatch):
    import sys
    import types

    module = types.ModuleType("their_strategy")
    module.make = make
    monkeypatch.setitem(sys.modules, "their_strategy", module)
    played = play([worlds("structural")], ["least", "their_strategy:make"], Setup(60, 5), 1, frontier_seeds=1)
    assert "their_strategy:make" in render(played, "en")
    with pytest.raises(WrongUse, match="cannot be loaded"):
        play([worlds("structural")], ["their_strategy:nothing"], Setup(60, 5), 1)
    with pytest.raises(WrongUse, match="no strategy"):
        play([worlds("structural")], ["nobody"], Setup(60, 5), 1)
