"""Tables of applications and the command over them."""

from __future__ import annotations

import csv
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from forbear.basics.console import answers
from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.cli import app
from forbear.risk.application_table import age_on, read_applications
from forbear.risk.applied import FAILED, PASSED, UNSURE

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(born: str = "19900307", serial: str = "123") -> str:
    """An invented number that fits its checksum."""
    body = f"110105{born}{serial}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 11]


ROW = {
    "application_id": "A1",
    "applied_on": "2026-11-27",
    "amount": "20000",
    "term": "12",
    "income_declared": "12000",
    "income_verified": "11000.50",
    "identity_number": identity(),
    "check_name": "passed",
    "check_phone": "passed",
    "check_liveness": "passed",
    "bureau_asked_on": "2026-11-20",
    "bureau_months_of_history": "48",
    "bureau_lenders": "1",
    "x_own": "3.5",
}


def written(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        with path.open("w", newline="") as file:
            made = csv.DictWriter(file, list(rows[0]))
            made.writeheader()
            made.writerows(rows)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.parquet"])
def test_every_form_says_the_same(tmp_path, name):
    ((application, evidence),) = read_applications(written(tmp_path / name, [ROW]))
    assert (application.amount, application.income_verified, application.age) == (2_000_000, 1_100_050, 36)
    assert evidence.check("identity_number") == PASSED
    assert evidence.bureau.months_of_history == 48
    assert application.features == {"x_own": 3.5}


def test_an_identity_number_off_by_a_digit_fails(tmp_path):
    chance, good = random.Random(1), identity()
    for _ in range(20):
        place = chance.randrange(17)
        other = chance.choice([d for d in "0123456789" if d != good[place]])
        bad = good[:place] + other + good[place + 1 :]
        ((_, evidence),) = read_applications(written(tmp_path / "a.csv", [{**ROW, "identity_number": bad}]))
        assert evidence.check("identity_number") == FAILED


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"amount": "2x"}, "row 2, column amount: '2x'"),
        ({"amount": "10.001"}, "row 2, column amount: '10.001'"),
        ({"amount": ""}, "row 2: amount is missing"),
        ({"term": "1.5"}, "column term"),
        ({"applied_on": "27.11.2026"}, "column applied_on"),
        ({"is_student": "perhaps"}, "column is_student"),
        ({"method": "balloon"}, "balloon"),
        ({"income": "3"}, "row 1: column 'income' is not known"),
        ({"check_name": "maybe"}, "maybe"),
        ({"bureau_asked_on": ""}, "no bureau_asked_on"),
        ({"bureau_state": "no_file"}, "row 2: bureau_state is 'no_file', and bureau_lenders is told"),
        ({"bureau_state": "answered", "bureau_months_of_history": "", "bureau_lenders": ""}, "nothing is told"),
        ({"bureau_state": "silent"}, "a source's state is 'silent'"),
        ({"term": "-3"}, "term is -3"),
        ({"term": "1e999999"}, "row 2, column term"),
        ({"amount": "nan"}, "not a number"),
        ({"amount": "-5"}, "row 2, column amount: '-5' is no amount of CNY"),
        ({"amount": "1e999999"}, "row 2, column amount"),
        ({"age": "131", "identity_number": ""}, "age is 131"),
        ({"currency": "ZZZ"}, "row 2, column currency: 'ZZZ'"),
        ({"x_own": "much"}, "csv, row 2, column x_own: 'much' is not a number"),
        ({"incme": "3"}, "row 1: column 'incme' is not known"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(tmp_path, change, says):
    with pytest.raises(WrongUse, match=says):
        list(read_applications(written(tmp_path / "a.csv", [{**ROW, **change}])))


def test_the_age_is_the_least_that_is_told_and_a_contradiction_goes_to_a_person(tmp_path):
    minor = identity("20100301")
    for change, age, state in (
        ({"age": "20", "identity_number": minor}, 16, UNSURE),
        ({"birth_date": "2012-01-01"}, 14, UNSURE),
        ({"birth_date": "1990-03-08"}, 36, UNSURE),
        ({"birth_date": "1990-03-07", "age": "37"}, 36, PASSED),
        ({"identity_number": "", "age": "30", "birth_date": "2010-01-01"}, 16, "not_asked"),
        ({"identity_number": "110105900307123"}, None, FAILED),
        ({"identity_number": identity("19900307", "005").lower()}, 36, PASSED),
    ):
        file = written(tmp_path / "a.csv", [{**ROW, **change}])
        ((application, evidence),) = read_applications(file)
        assert (application.age, evidence.check("identity_number")) == (age, state), change
    assert identity("19900307", "005")[-1] == "X"


def test_rows_are_counted_as_an_editor_shows_them(tmp_path):
    note = {**ROW, "purpose": "two\nlines"}
    wrong = {**ROW, "application_id": "A2", "term": "soon"}
    with pytest.raises(WrongUse, match="row 4, column term"):
        list(read_applications(written(tmp_path / "a.csv", [note, wrong])))
    (tmp_path / "a.jsonl").write_text(json.dumps(ROW) + "\n\n" + json.dumps(wrong))
    with pytest.raises(WrongUse, match="row 3, column term"):
        list(read_applications(tmp_path / "a.jsonl"))
    with pytest.raises(WrongUse, match="row 2, column term"):
        list(read_applications(written(tmp_path / "a.parquet", [{**ROW, "purpose": ""}, {**wrong, "purpose": ""}])))
    (tmp_path / "a.csv").write_text("application_id,term,term\nA1,1,2\n")
    with pytest.raises(WrongUse, match="row 1: column 'term' stands there twice"):
        list(read_applications(tmp_path / "a.csv"))
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(UnreadableFile, match="is empty"):
        list(read_applications(tmp_path / "a.csv"))


def test_the_bureau_may_say_on_which_day_it_had_no_file(tmp_path):
    none = {**ROW, "bureau_state": "no_file", "bureau_months_of_history": "", "bureau_lenders": ""}
    ((_, evidence),) = read_applications(written(tmp_path / "a.csv", [none]))
    assert (evidence.bureau_state, evidence.bureau) == ("no_file", None)


def test_twice_the_same_name_and_broken_files(tmp_path):
    with pytest.raises(WrongUse, match="twice"):
        list(read_applications(written(tmp_path / "a.csv", [ROW, ROW])))
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(UnreadableFile):
        list(read_applications(tmp_path / "a.json"))
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(UnreadableFile):
        list(read_applications(tmp_path / "a.parquet"))
    with pytest.raises(UnreadableFile):
        list(read_applications(tmp_path / "missing.csv"))
    with pytest.raises(WrongUse, match=r"\.xlsx"):
        list(read_applications(tmp_path / "a.xlsx"))


def test_a_birthday_counts_from_the_day_itself():
    from datetime import date

    assert age_on(date(2008, 11, 28), date(2026, 11, 27)) == 17
    assert age_on(date(2008, 11, 28), date(2026, 11, 28)) == 18
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17


def test_the_command_decides_on_a_table(tmp_path):
    young = {**ROW, "application_id": "A2", "identity_number": identity("20091128")}
    file = written(tmp_path / "a.csv", [ROW, young])
    said = CliRunner().invoke(app, ["assess", str(file), "--format", "json", "--out", str(tmp_path / "o.json")])
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert [one["outcome"] for one in told["decisions"]] == ["approve", "decline"]
    assert told["decisions"][0]["cap"] == "0.2400"
    assert json.loads((tmp_path / "o.json").read_text()) == told
    assert identity() not in said.stdout
    with answers.capture() as text:
        CliRunner().invoke(app, ["assess", str(file)])
    assert "2 applications: 1 approve, 0 refer, 1 decline" in text.get()


def test_a_private_lender_is_capped_by_the_prime_rate(tmp_path):
    from forbear.risk.assess_policy import shipped_text

    policy = tmp_path / "p.toml"
    policy.write_text(shipped_text().replace('kind = "consumer_finance"', 'kind = ""'))
    file = written(tmp_path / "a.csv", [ROW])
    told = json.loads(
        CliRunner().invoke(app, ["assess", str(file), "--policy", str(policy), "--format", "json"]).stdout
    )
    (one,) = told["decisions"]
    assert one["cap"] == "0.1200"
    assert all(offer["cost"] <= 0.12 for offer in one["offers"])
