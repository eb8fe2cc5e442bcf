"""The sample book: the same bytes whatever the threads, sound, as late as the real book it learned from."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from forbear.basics.errors import WrongUse
from forbear.book import check_book, open_book
from forbear.book import sample as module
from forbear.book.sample import TABLES, make_sample

AS_OF = date(2026, 6, 30)


def prints(folder: Path) -> dict[str, str]:
    """Every file of a folder with its fingerprint."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


def asked(book: Path, query: str) -> list[tuple]:
    with duckdb.connect() as connection:
        open_book(book, connection)
        return connection.execute(query).fetchall()


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 100 loans, two a file, so that a small book has several of both."""
    monkeypatch.setattr(module, "BLOCK", 100)
    monkeypatch.setattr(module, "BLOCKS_A_FILE", 2)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A book large enough for shares."""
    folder = tmp_path_factory.mktemp("sample") / "book"
    make_sample(folder, loans=40_000, as_of=AS_OF)
    return folder


def test_the_same_bytes_whatever_the_number_of_threads(small_blocks, tmp_path):
    for threads in (1, 2, 5):
        make_sample(tmp_path / str(threads), loans=950, as_of=AS_OF, threads=threads)
    one = prints(tmp_path / "1")
    assert len(one) == 5 * len(TABLES) + 1
    assert prints(tmp_path / "2") == one
    assert prints(tmp_path / "5") == one


def test_another_seed_makes_another_book_and_the_same_one_the_same(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        make_sample(tmp_path / name, loans=50, as_of=AS_OF, seed=seed)
    a, b, c = (prints(tmp_path / name) for name in "abc")
    assert a == b
    assert all(a[file] != c[file] for file in a)


def test_several_files_are_one_sound_book(small_blocks, tmp_path):
    made = make_sample(tmp_path, loans=950, as_of=AS_OF)
    with duckdb.connect() as connection:
        book = open_book(tmp_path, connection)
        result = check_book(book, AS_OF)
        assert result.ok, result.faults[:3]
        counted = {t: connection.execute(f"SELECT count(*) FROM book.{t}").fetchall()[0][0] for t in TABLES}
    assert counted == made.rows
    assert counted["loans"] == 950


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("loans", "seed", "language", "as_of"),
    [
        (1, 1, "zh", AS_OF),
        (2, 5, "en", date(2024, 2, 29)),
        (37, 2, "zh", date(2000, 1, 1)),
        (400, 3, "en", date(2025, 12, 31)),
    ],
)
def test_no_fault_in_any_sample(tmp_path, loans, seed, language, as_of, form):
    make_sample(tmp_path, loans=loans, as_of=as_of, seed=seed, language=language, form=form)
    with duckdb.connect() as connection:
        result = check_book(open_book(tmp_path, connection), as_of)
    assert result.ok, result.faults[:3]
    assert result.rows["loans"] == loans


def test_csv_and_parquet_hold_the_same_book(tmp_path):
    sums = "SELECT count(*), sum(amount), min(paid_on), max(paid_on) FROM book.payments"
    due = "SELECT sum(principal_due), sum(interest_due), sum(fees_due), max(due_on) FROM book.installments"
    for form in ("csv", "parquet"):
        make_sample(tmp_path / form, loans=300, as_of=AS_OF, form=form)
    for query in (sums, due):
        assert asked(tmp_path / "csv", query) == asked(tmp_path / "parquet", query)


def test_first_installments_are_as_late_as_in_the_real_book(large):
    """SuperLender, 14,362 first installments: 17.18 % late, 0.634 % over 30 days, 18.55 % on the day."""
    query = """
        WITH running AS (
            SELECT loan_id, paid_on, sum(amount) OVER (PARTITION BY loan_id ORDER BY paid_on, payment_id) AS so_far
            FROM book.payments
        ), paid AS (
            SELECT date_diff('day', i.due_on, min(r.paid_on)) AS days
            FROM book.installments AS i JOIN running AS r
                ON r.loan_id = i.loan_id AND r.so_far >= i.principal_due + i.interest_due + i.fees_due
            WHERE i.number = 1 AND i.due_on <= DATE '2026-02-28' GROUP BY i.loan_id, i.due_on
        )
        SELECT avg((days > 0)::INT), avg((days > 30)::INT), avg((days = 0)::INT) FROM paid
    """
    ((late, over_30, on_the_day),) = asked(large, query)
    assert late == pytest.approx(0.1718, abs=0.01)
    assert over_30 == pytest.approx(0.00634, abs=0.0025)
    assert on_the_day == pytest.approx(0.1855, abs=0.01)


def test_the_recipe_shows_in_the_book(large):
    """60 of 100 loans go to new borrowers, auto debit pays 58 %, and brokers bring later payers than branches."""
    ((loans, borrowers),) = asked(large, "SELECT count(*), count(DISTINCT borrower_id) FROM book.loans")
    assert borrowers / loans == pytest.approx(0.60, abs=0.01)
    ((auto,),) = asked(large, "SELECT avg((source = 'auto_debit')::INT) FROM book.payments")
    assert auto == pytest.approx(0.58, abs=0.01)
    worse = """
        SELECT l.x_channel, avg((p.paid_on > i.due_on)::INT) FROM book.payments AS p
        JOIN book.loans AS l USING (loan_id)
        JOIN book.installments AS i ON i.loan_id = p.loan_id AND i.number = p.installment_number
        GROUP BY 1
    """
    late = dict(asked(large, worse))
    assert late["中介"] > 1.5 * late["门店"]


def test_nothing_is_known_after_the_as_of_date(large):
    ((paid,),) = asked(large, "SELECT max(paid_on) FROM book.payments")
    ((lent,),) = asked(large, "SELECT max(disbursed_on) FROM book.loans")
    ((due,),) = asked(large, "SELECT max(due_on) FROM book.installments")
    assert paid <= AS_OF
    assert lent <= AS_OF
    assert due > AS_OF


def test_a_new_sample_replaces_the_old_one_whole(small_blocks, tmp_path):
    make_sample(tmp_path, loans=950, as_of=AS_OF)
    make_sample(tmp_path, loans=30, as_of=AS_OF)
    assert asked(tmp_path, "SELECT count(*) FROM book.loans") == [(30,)]


def test_tables_that_no_sample_made_are_not_replaced_unless_forced(tmp_path):
    (tmp_path / "loans.csv").write_text("loan_id\n1\n", encoding="utf-8")
    with pytest.raises(WrongUse, match=r"loans\.csv, which no sample made"):
        make_sample(tmp_path, loans=10, as_of=AS_OF)
    make_sample(tmp_path, loans=10, as_of=AS_OF, force=True)
    assert asked(tmp_path, "SELECT count(*) FROM book.loans") == [(10,)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"loans": 0},
        {"loans": 10**10},
        {"as_of": date(1950, 1, 1)},
        {"as_of": date(2195, 1, 1)},
        {"language": "fr"},
        {"form": "xlsx"},
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path, wrong):
    with pytest.raises(WrongUse):
        make_sample(tmp_path / "book", **{"loans": 10, "as_of": AS_OF, **wrong})
    assert not (tmp_path / "book").exists()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "book").write_text("x", encoding="utf-8")
    with pytest.raises(WrongUse, match="is a file"):
        make_sample(tmp_path / "book", loans=10, as_of=AS_OF)


def forbear(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from forbear.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_makes_a_book_that_check_finds_sound(tmp_path):
    made = forbear("sample", "--loans", 120, "--seed", 4, "--out", tmp_path / "b", "--as-of", "2026-03-31")
    assert made.returncode == 0
    assert "120 loans" in made.stdout
    assert forbear("check", tmp_path / "b", "--as-of", "2026-03-31").returncode == 0


def test_the_command_says_what_is_wrong(tmp_path):
    (tmp_path / "loans.csv").write_text("loan_id\n1\n", encoding="utf-8")
    refused = forbear("sample", "--loans", 10, "--out", tmp_path)
    assert refused.returncode == 2
    assert "no sample made" in refused.stderr
