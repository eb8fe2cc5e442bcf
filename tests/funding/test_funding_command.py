"""`forbear funding`: exit codes, files, and errors that say what to do."""

import csv
import json

from typer.testing import CliRunner

from forbear.basics.errors import AnswerIsNo, UnreadableFile, WrongUse
from forbear.cli import app
from tests.funding.conftest import FACILITY


def run(*words):
    return CliRunner().invoke(app, ["funding", *map(str, words)])


def test_the_pack_is_written_whole(folder, tmp_path):
    terms = tmp_path / "facility.toml"
    terms.write_text(FACILITY, encoding="utf-8")
    out = tmp_path / "out"
    done = run("pack", folder, "--as-of", "2026-01-31", "--facility", terms, "--out", out, "--format", "json")
    assert done.exit_code == 0, done.output
    assert {p.name for p in out.iterdir()} == {
        *("funding.json", "reconciliation.csv", "ecl_loans.csv"),
        *("pack.zh.pdf", "pack.en.pdf", "pack.zh.xlsx", "pack.en.xlsx"),
    }
    told = json.loads((out / "funding.json").read_text(encoding="utf-8"))
    lines = list(csv.DictReader((out / "reconciliation.csv").open(encoding="utf-8")))
    assert [line["value"] for line in lines] == [f["value"] for f in told["figures"]]
    loans = list(csv.DictReader((out / "ecl_loans.csv").open(encoding="utf-8")))
    assert len(loans) == sum(s["loans"] for s in told["losses"]["stages"])
    assert json.loads(done.stdout) == told


def test_a_broken_covenant_is_a_no(folder, tmp_path):
    terms = tmp_path / "facility.toml"
    terms.write_text(FACILITY, encoding="utf-8")
    done = run("covenants", folder, "--as-of", "2026-01-31", "--facility", terms)
    assert isinstance(done.exception, AnswerIsNo)
    assert done.exception.message == "broken: POOL"
    terms.write_text(FACILITY.replace('drawn = "1000000.50"', 'drawn = "90000000"'), encoding="utf-8")
    done = run("base", folder, "--as-of", "2026-01-31", "--facility", terms)
    assert isinstance(done.exception, AnswerIsNo)
    assert "falls short" in done.exception.message


def test_wrong_use_is_named(folder, tmp_path):
    assert isinstance(run("covenants", folder, "--as-of", "2026-01-31").exception, WrongUse)
    lost = run("base", folder, "--as-of", "2026-01-31", "--facility", tmp_path / "lost.toml").exception
    assert isinstance(lost, UnreadableFile)
    terms = tmp_path / "facility.toml"
    terms.write_text(FACILITY.replace('"CNY"', '"USD"'), encoding="utf-8")
    mixed = run("base", folder, "--as-of", "2026-01-31", "--facility", terms).exception
    assert isinstance(mixed, WrongUse)
    assert "USD" in mixed.message
    terms.write_text(FACILITY.replace('column = "dpd"', 'column = "days"'), encoding="utf-8")
    strange = run("base", folder, "--as-of", "2026-01-31", "--facility", terms).exception
    assert isinstance(strange, WrongUse)
    assert "'days'" in strange.message


def test_a_book_of_statuses_is_forecast_in_accounts(tmp_path):
    rows = ["loan_id,on_date,state"]
    for n in range(60):
        first = n % 12
        for month in range(first, 24):
            state = "closed" if month >= first + 6 + n % 5 else "M0"
            rows.append(f"L{n},{2024 + month // 12}-{month % 12 + 1:02d}-28,{state}")
    book = tmp_path / "book"
    book.mkdir()
    (book / "statuses.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = run("forecast", book, "--as-of", "2024-12-28", "--format", "json")
    assert done.exit_code == 0, done.exception
    told = json.loads(done.stdout)
    # Opened in month f and closed f + 6 + m months on, each pair of f < 12 and m < 5 once: 40 have f + m > 5.
    assert (told["tells"], told["event"], told["owed"]) == ("accounts", "closed", "40")
    lost = run("forecast", book, "--as-of", "2024-12-28", "--event", "lost").exception
    assert isinstance(lost, WrongUse)
    assert "no state" in lost.message
