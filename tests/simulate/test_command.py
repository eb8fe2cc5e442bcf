"""`forbear simulate` as its user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forbear.basics.errors import ForbearError
from forbear.cli import app


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
