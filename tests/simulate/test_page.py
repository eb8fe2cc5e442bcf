"""docs/simulate.md says what the command does: options, worlds, strategies, files, and an example that runs."""

import re
from pathlib import Path

import numpy as np
import pytest
import typer

from forbear.cli import app
from forbear.simulate.league import METRICS
from forbear.simulate.run import Setup, simulate
from forbear.simulate.strategies.interface import Plan
from forbear.simulate.strategies.registry import STRATEGIES
from forbear.simulate.worlds.catalog import WORLDS
from forbear.simulate.worlds.people import Cause

PAGE = (Path(__file__).resolve().parents[2] / "docs/simulate.md").read_text(encoding="utf-8")


def test_every_option_is_told():
    command = typer.main.get_command(app).commands["simulate"]
    told = set(re.findall(r"--[a-z-]+", PAGE))
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts) if name.startswith("--")}
    assert known - {"--help", "--start", "--frontier"} <= told | {"--start"}
    assert {t for t in told if t not in known} <= {"---", "--as-of"}  # a table's line, and close's own


@pytest.mark.parametrize("name", [*WORLDS, *STRATEGIES, *(c.name for c in Cause if c.name != "none")])
def test_every_name_is_told(name):
    assert f"`{name}`" in PAGE


def test_every_figure_is_told():
    for metric in METRICS:
        assert f"| {metric.replace('_', ' ')} |" in PAGE


def test_the_python_example_runs(capsys):
    example = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)[-1]
    exec(compile(example, "docs/simulate.md", "exec"), {})
    assert "yuan received" in capsys.readouterr().out


def test_a_strategy_written_after_the_page_runs(worlds):
    example = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)[0]
    names = {"np": np, "Plan": Plan}
    exec(compile(example, "docs/simulate.md", "exec"), names)
    state = simulate(worlds("structural"), names["make"](1, None), Setup(300, 20))
    assert state.tally.contacts.sum() > 0
