"""`forbear simulate` as its user meets it."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forbear.basics.errors import ForbearError
from forbear.cli import app
from forbear.commands.simulate import simulate
from forbear.simulate.strategies.registry import STRATEGIES


def forbear(*arguments):
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)])


def answer(*arguments):
    told = forbear(*arguments, "--format", "json")
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def test_a_league_is_printed_and_its_files_left(tmp_path):
    """In a process of its own, as people start it."""
    arguments = ("-w", "structural", "-w", "placebo", "-s", "ladder", "-s", "none", "-n", 300, "-d", 30, "-k", 2)
    command = [str(Path(sys.executable).with_name("forbear")), "simulate", *map(str, arguments)]
    told = subprocess.run(
        [*command, "--out", str(tmp_path / "out"), "--language", "en"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "placebo" in told.stdout
    assert "no claim about real ones" in told.stderr
    left = {p.name for p in (tmp_path / "out").iterdir()}
    assert left == {"league.json", "league.csv", "frontier.csv", "frontier.svg", "card.html"}
    kept = json.loads((tmp_path / "out/league.json").read_text(encoding="utf-8"))
    assert answer(*arguments, "--threads", 3)["league"] == kept["league"]


def test_a_budget_of_nothing():
    figures = answer("-s", "ladder", "-n", 200, "-d", 20, "-k", 1, "--contacts", 0)["league"][0]["figures"]
    assert figures["contacts"]["mean"] == 0
    assert figures["brought"]["mean"] == 0


def test_packs_tighten():
    assert "cn-lender" in answer("-s", "ladder", "-n", 200, "-d", 20, "-k", 1, "--pack", "cn-lender")["limits"]


def test_a_book(tmp_path):
    told = answer("--book", tmp_path / "book", "-n", 150, "-d", 90, "--values", 1)
    assert told["rows"]["loans"] == 150
    checked = CliRunner().invoke(app, ["check", str(tmp_path / "book"), "--as-of", "2026-03-31"])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-w", "utopia"), "utopia"),
        (("-s", "astrology"), "astrology"),
        (("-s", "ladder", "-s", "ladder"), "each once"),
        (("-w", "harm", "-w", "harm"), "twice"),
        (("--book", "x", "-w", "all"), "of one world"),
        (("-w", "bootstrap", "--trajectories", "no-such-book"), "no-such-book"),
        (("--pack", "atlantis"), "atlantis"),
    ],
)
def test_wrong_use_is_told(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = forbear("-n", 100, "-d", 10, "-k", 1, *arguments)
    assert isinstance(told.exception, ForbearError)
    assert said in told.exception.message + told.exception.hint


OWN = """
from forbear.simulate.strategies.lists import Nothing

def make(seed, past):
    return Nothing()
"""


def test_a_strategy_of_ones_own_is_found_where_the_command_is_called(tmp_path):
    (tmp_path / "of_my_own.py").write_text(OWN)
    command = [str(Path(sys.executable).with_name("forbear")), "simulate", "-n", "50", "-d", "10", "-k", "1"]
    arguments = ("--no-frontier", "--format", "json", "-s", "of_my_own:make")
    told = subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["compared_with"] == "of_my_own:make"
    lost = subprocess.run(
        [*command, "-s", "of_my_own:not_there"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert lost.returncode == 2
    assert "not_there" in lost.stderr
    assert "MODULE.py" in lost.stderr


def test_the_help_names_every_strategy():
    told = " ".join(inspect.signature(simulate).parameters["strategy"].default.help.split())
    assert all(name in told for name in STRATEGIES)
