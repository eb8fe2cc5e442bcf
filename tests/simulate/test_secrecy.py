"""The hidden truth is out of a strategy's reach: by imports, by memory, and by a scramble that changes nothing."""

import copy
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from forbear.simulate.days import days
from forbear.simulate.limits import shipped_limits
from forbear.simulate.pilot import pilot
from forbear.simulate.record import fall_due
from forbear.simulate.run import Setup, begin, simulate, today_of
from forbear.simulate.seen import see
from forbear.simulate.strategies.lists import Ladder
from forbear.simulate.strategies.registry import STRATEGIES, strategy
from forbear.simulate.worlds.people import Mind

ROOT = Path(__file__).resolve().parents[2]
DAYS = 12


@pytest.fixture(scope="module")
def past(worlds):
    return pilot(worlds("structural"), 5, borrowers=800, days=40)


@pytest.fixture(scope="module")
def after(worlds):
    """The state of a book after some days under the ladder, with its calendar and setup."""
    setup = Setup(900, DAYS, seed=3)
    state = simulate(worlds("structural"), Ladder(), setup)
    calendar = days(setup.start, DAYS + 1)
    fall_due(state.record, calendar, DAYS)
    return state, calendar, setup


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_scramble_of_the_hidden_state_changes_no_decision(name, after, past):
    state, calendar, setup = after
    chooser = strategy(name, 1, lambda: past)

    def decide(whole):
        seen = see(whole.record, calendar, DAYS)
        return seen, chooser.choose(seen, today_of(setup, calendar, seen, DAYS))

    table, choice = decide(state)
    scrambled = copy.deepcopy(state)
    lot = np.random.default_rng(0)
    for field in fields(Mind):
        lot.shuffle(getattr(scrambled.mind, field.name))
    assert not np.array_equal(scrambled.mind.will, state.mind.will)
    other_table, other_choice = decide(scrambled)
    for column, values in table.columns.items():
        np.testing.assert_array_equal(values, other_table[column], err_msg=column)
    np.testing.assert_array_equal(choice.act, other_choice.act)
    if name not in ("none", "least", "forbear"):  # so small a pilot teaches forbear nothing: test_learned.py
        assert choice.act.any()


def test_a_scramble_would_show_if_a_column_leaked(after, monkeypatch):
    """The test above can fail: a column made from the hidden state differs after the scramble."""
    state, calendar, _ = after
    from forbear.simulate import seen as module

    leaks = {**module.COLUMNS, "leak": ("leak", lambda _n: state.mind.will)}
    monkeypatch.setattr(module, "COLUMNS", leaks)
    before = see(state.record, calendar, DAYS)["leak"].copy()
    state.mind.will[:] = state.mind.will[::-1].copy()
    after_scramble = see(state.record, calendar, DAYS)["leak"]
    state.mind.will[:] = state.mind.will[::-1].copy()
    assert not np.array_equal(before, after_scramble)


def test_no_column_leads_back_to_the_books_and_none_can_be_changed(worlds):
    setup = Setup(50, 5)
    calendar = days(setup.start, 5)
    state = begin(worlds("structural"), setup, calendar)
    for name, column in see(state.record, calendar, 0).columns.items():
        assert column.base is None, name
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_the_table_has_no_hidden_column(worlds):
    hidden = {f.name for f in fields(Mind)} - {"vulnerable"}  # the lender's own column is what it was told
    setup = Setup(3000, 2)
    calendar = days(setup.start, 2)
    state = begin(worlds("structural"), setup, calendar)
    seen = see(state.record, calendar, 0)
    assert not hidden & set(seen.columns)
    assert state.mind.vulnerable.sum() > np.asarray(seen["vulnerable"]).sum()


@pytest.mark.parametrize(
    ("where", "planted"),
    [
        ("forbear/simulate/strategies/planted.py", "from forbear.simulate.worlds.people import Mind\n"),
        ("forbear/simulate/strategies/planted.py", "import forbear.simulate.run\n"),
        ("forbear/simulate/seen_too.py", "import forbear.simulate.worlds\n"),
    ],
)
def test_an_import_of_the_truth_breaks_the_contract(where, planted, tmp_path):
    skip = shutil.ignore_patterns("__pycache__", "vendor", "packs", "*.yaml", "*.json")
    shutil.copytree(ROOT / "forbear", tmp_path / "forbear", ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / where).write_text(f'"""Planted."""\n{planted}')
    if "strategies" not in where:  # indirect: a module between
        lists = tmp_path / "forbear/simulate/strategies/lists.py"
        lists.write_text(lists.read_text() + "\nimport forbear.simulate.seen_too\n")
    told = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    assert told.returncode == 1, told.stdout + told.stderr
    assert "No strategy reaches the hidden truth of the simulated borrowers BROKEN" in told.stdout


def test_limits_are_made_of_the_table_alone(after):
    state, calendar, _ = after
    from forbear.simulate.limits import allowed

    one = allowed(shipped_limits(), see(state.record, calendar, DAYS))
    mixed = copy.deepcopy(state)
    mixed.mind.number_ok[:] = ~mixed.mind.number_ok
    mixed.mind.disputes[:] = ~mixed.mind.disputes
    np.testing.assert_array_equal(one, allowed(shipped_limits(), see(mixed.record, calendar, DAYS)))
