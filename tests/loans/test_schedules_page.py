"""docs/schedules.md says what the code does."""

import doctest
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from forbear.cli import app
from forbear.loans.allocation import rules
from forbear.loans.day_counts import NAMES
from forbear.loans.terms import CHINESE, Method

PAGE = Path(__file__).parents[2] / "docs" / "schedules.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_its_python_runs_and_answers_what_it_says():
    outcome = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert outcome.attempted >= 10
    assert outcome.failed == 0


def test_its_command_prints_the_rows_it_shows():
    command, *shown = re.search(r"```console\n\$ (.*?)```", TEXT, re.DOTALL)[1].strip().splitlines()
    rows = [line.split() for line in shown if re.match(r" +\d", line)]
    result = CliRunner().invoke(app, [*shlex.split(command)[1:], "--format", "json"])
    assert [[str(value) for value in row.values()] for row in yaml.safe_load(result.stdout)["installments"]] == rows


@pytest.mark.parametrize(
    "option", [name for one in get_command(app).commands["schedule"].params for name in one.opts]
)
def test_every_option_is_explained(option):
    assert f"`{option}`" in TEXT or option == "--help"


def test_every_method_day_count_and_rule_is_named():
    for name in (*Method, *CHINESE.values(), *NAMES, *rules()):
        assert str(name) in TEXT


def test_it_counts_the_published_scenarios_right():
    scenarios = yaml.safe_load(Path(__file__).with_name("fineract_scenarios.yaml").read_text(encoding="utf-8"))
    assert f"holds {len(scenarios)} more scenarios" in TEXT.replace("\n", " ")
