"""`forbear experiment` as it is used: files in, files and answers out, faults named."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from forbear.basics.console import answers
from forbear.basics.errors import UnreadableFile
from forbear.cli import app
from forbear.treatment.trial_files import evaluate_files, numbers, read_plan, read_table

PLAN = 'name = "s"\nkey = "k"\n[arms]\nladder = "0.5"\nnew = "0.5"\n[guards]\ncomplaints = 0.005\n'


@pytest.fixture
def plan(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text(PLAN)
    return file


@pytest.fixture
def said(monkeypatch):
    """What is printed for people."""
    there = io.StringIO()
    monkeypatch.setattr(answers, "file", there)
    return there


def run(*order):
    return CliRunner().invoke(app, [str(one) for one in order])


def wrote(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_assign_keeps_what_it_gave(plan, tmp_path):
    people = [{"borrower_id": f"B{n}", "stratum": "M1" if n % 3 else "M2"} for n in range(90)]
    people_file = wrote(tmp_path / "b.csv", people)
    order = ("experiment", "assign", plan, "--borrowers", people_file, "--out", tmp_path / "a.csv")
    first = run(*order, "--format", "json")
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["arms"] == {"ladder": 45, "new": 45}
    given = {r["borrower_id"]: r["arm"] for r in csv.DictReader((tmp_path / "a.csv").open())}
    more = [{**r, "arm": given[r["borrower_id"]]} for r in people] + [
        {"borrower_id": "N", "stratum": "M1", "arm": ""}
    ]
    run("experiment", "assign", plan, "--borrowers", wrote(tmp_path / "c.csv", more), "--out", tmp_path / "d.csv")
    again = {r["borrower_id"]: r["arm"] for r in csv.DictReader((tmp_path / "d.csv").open())}
    assert {one: again[one] for one in given} == given
    assert again["N"] in ("ladder", "new")


def test_compare_says_what_it_knows_and_stops_harm(plan, tmp_path, said):
    chance = np.random.default_rng(1)
    rows = [
        {"arm": arm, "result": int(chance.random() < p), "complaints": int(chance.random() < c)}
        for arm, p, c in (("ladder", 0.3, 0.01), ("new", 0.4, 0.06))
        for _ in range(4_000)
    ]
    told = run("experiment", "compare", plan, "--results", wrote(tmp_path / "r.csv", rows), "--format", "json")
    assert told.exit_code == 1
    (one,) = json.loads(told.stdout)["challengers"]
    assert one["stopped_by"] == ["complaints"]
    assert one["gain"]["low"] > 0
    few = run("experiment", "compare", plan, "--results", wrote(tmp_path / "f.csv", rows[:20]))
    assert few.exit_code == 0
    assert "too few borrowers yet" in said.getvalue()


def logged(tmp_path, n=3_000):
    chance = np.random.default_rng(2)
    x = chance.normal(size=n)
    p = 1 / (1 + np.exp(-x))
    taken = chance.random(n) < p
    paid = chance.random(n) < 0.3 + 0.2 * taken
    rows = [
        {
            "action": "sms" if t else "wait",
            "result": int(r),
            "p_sms": f"{q:.9f}",
            "p_wait": f"{1 - q:.9f}",
            "x_a": v,
        }
        for t, r, q, v in zip(taken, paid, p, x, strict=True)
    ]
    return wrote(tmp_path / "log.csv", rows), n


def test_evaluate_tells_what_another_strategy_would_have_brought(tmp_path, said):
    log, n = logged(tmp_path)
    target = wrote(tmp_path / "t.csv", [{"p_sms": 1, "p_wait": 0}] * n)
    told = evaluate_files(log, target)
    for name in ("ips", "snips", "dr"):
        assert told[name]["low"] < 0.5 < told[name]["high"], name
    assert told["overlap"]["is_enough"]
    shown = run("experiment", "evaluate", "--log", log, "--target", target)
    assert shown.exit_code == 0
    assert "dr: 0." in said.getvalue()


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("result", "many", r"row 3, column result: 'many'"),
        ("action", "call", r"row 3, column action: 'call', expected one of sms, wait"),
        ("p_sms", "", r"row 3, column p_sms: None"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path, column, value, told):
    log, n = logged(tmp_path, 50)
    rows = list(csv.DictReader(log.open()))
    rows[2][column] = value
    target = wrote(tmp_path / "t.csv", [{"p_sms": 1, "p_wait": 0}] * n)
    with pytest.raises(UnreadableFile, match=told):
        evaluate_files(wrote(log, rows), target)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name =", "cannot be read"),
        ('name = "s"\n', "not a plan"),
        (PLAN.replace('"0.5"', '"half"', 1), "not a plan"),
    ],
)
def test_a_wrong_plan_is_named(tmp_path, text, told):
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(UnreadableFile, match=told):
        read_plan(tmp_path / "p.toml")
    assert run("experiment", "assign", tmp_path / "p.toml", "--borrowers", "x.csv", "--out", "y.csv").exit_code != 0


def test_ids_and_lines_stay_as_written(plan, tmp_path):
    ids = ["007", "7", "#8", "1e3"]
    people = wrote(tmp_path / "b.csv", [{"borrower_id": one, "stratum": "x"} for one in ids])
    told = run("experiment", "assign", plan, "--borrowers", people, "--out", tmp_path / "a.csv")
    assert told.exit_code == 0, told.output
    assert [row["borrower_id"] for row in csv.DictReader((tmp_path / "a.csv").open())] == ids


def test_numbers_are_read_as_people_and_programs_spell_them(tmp_path):
    (tmp_path / "n.csv").write_text("a,b,c\n1,true,\n 2.5 ,False,nan\n")
    table = read_table(tmp_path / "n.csv", ("a", "b", "c"))
    assert numbers(table, "a", tmp_path / "n.csv").tolist() == [1, 2.5]
    assert numbers(table, "b", tmp_path / "n.csv").tolist() == [1, 0]
    assert np.isnan(numbers(table, "c", tmp_path / "n.csv", gaps=True)).all()
    for cell in ("1_000", "inf", "x"):
        (tmp_path / "m.csv").write_text(f"a\n1\n{cell}\n")
        with pytest.raises(UnreadableFile, match="row 2, column a"):
            numbers(read_table(tmp_path / "m.csv", ("a",)), "a", tmp_path / "m.csv")
