"""Schedules others published come out of `forbear schedule` to the cent."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from forbear.cli import app

SCENARIOS = yaml.safe_load(Path(__file__).with_name("fineract_scenarios.yaml").read_text(encoding="utf-8"))


def run(options):
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    result = CliRunner().invoke(app, ["schedule", "--currency", "EUR", "--format", "json", *words])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["installments"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one["id"])
def test_a_published_schedule_comes_out_to_the_cent(scenario):
    rows = run(scenario["options"])
    if "dates" in scenario:
        assert [row["due_on"] for row in rows] == [str(day) for day in scenario["dates"]]
        return
    ours = [(row["due_on"], *(Decimal(row[part]) for part in ("principal", "interest", "balance"))) for row in rows]
    theirs = [(str(day), *(Decimal(f"{amount:.2f}") for amount in money)) for day, *money in scenario["rows"]]
    assert ours == theirs
