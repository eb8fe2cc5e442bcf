"""Broken books: never a traceback, never a wrong total, always the file and the row."""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from forbear.basics.errors import AnswerIsNo, ForbearError
from forbear.book import check_book, leave_out, open_book
from forbear.book.control import sealed, totals
from forbear.night import close
from forbear.testing.books import CSV_BREAKERS, PARQUET_BREAKERS, break_book, write_good_book

AS_OF = date(2026, 6, 30)
SEEDS = {"csv": 2 * len(CSV_BREAKERS), "csv.gz": len(CSV_BREAKERS), "parquet": 4 * len(PARQUET_BREAKERS)}
VARIANTS = [(form, seed) for form, count in SEEDS.items() for seed in range(count)]
CLOSED = VARIANTS[::5]
"""Variants that are closed as well."""
MONEY = {"loans": "principal", "installments": "principal_due", "payments": "amount"}


def connect():
    return duckdb.connect(config={"threads": 1})


def test_there_are_enough_variants():
    assert len(VARIANTS) >= 200
    assert len(CLOSED) >= 40


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Totals, control totals and money by loan of each good book."""
    found = {}
    for form in SEEDS:
        folder = tmp_path_factory.mktemp("good") / "book"
        write_good_book(folder, form=form)
        book = open_book(folder, connect())
        assert check_book(book, AS_OF).ok
        control = sealed(book).split("[files")[0]
        found[form] = (all_totals(book), control, by_loan(book))
    return found


def all_totals(book):
    return {table: totals(book, table) for table in MONEY}


def by_loan(book):
    """{loan: {table: (rows, money)}} from the views."""
    found = defaultdict(dict)
    for table, column in MONEY.items():
        rows = book.connection.execute(f"SELECT loan_id, count(*), sum({column}) FROM book.{table} GROUP BY 1")
        for loan, count, money in rows.fetchall():
            found[loan][table] = (count, Decimal(money or 0).scaleb(-2))
    return dict(found)


def plainly(folder: Path):
    """{loan: {table: (rows, money)}} of the files as any reader would see them; None when it would stumble."""
    found = defaultdict(dict)
    for table, column in MONEY.items():
        for path in sorted(folder.iterdir()):
            if path.name.split(".")[0] == table:
                for row in plain_rows(path):
                    count, money = found[row["loan_id"]].get(table, (0, Decimal(0)))
                    found[row["loan_id"]][table] = (count + 1, money + Decimal(row[column]))
    return dict(found)


def plain_rows(path: Path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


@pytest.mark.parametrize(("form", "seed"), VARIANTS, ids=str)
def test_a_broken_book_is_named_or_whole(form, seed, originals, tmp_path):
    whole, control, loans = originals[form]
    folder = tmp_path / "book"
    write_good_book(folder, form=form)
    broken = break_book(folder, seed)
    book = open_book(folder, connect())
    result = check_book(book, AS_OF)

    places_are_named(result)
    if broken.outcome == "named":
        assert not result.ok, broken
        is_among(broken, result, book)
    if broken.outcome == "harmless":
        assert result.ok, (broken, result.faults)
        assert all_totals(book) == whole
    if result.ok:
        assert by_loan(book) == (plainly(folder) if broken.outcome == "quiet" else loans), broken
        control_totals_catch_the_rest(folder, control, whole)
    else:
        what_is_left_is_right(book, result, broken, loans, folder)


def places_are_named(result):
    for told in result.faults:
        if told.reach == "row":
            assert told.file, told
            assert told.row, told
        assert told.expected


def is_among(broken, result, book):
    """The broken file is named; and the broken row, where one was broken."""
    grave = [f for f in result.faults if f.grade == "fault"]
    if broken.file:
        assert any(f.file == broken.file for f in grave), (broken, result.faults)
    if broken.row:
        assert any(f.file == broken.file and f.row == broken.row for f in grave), (broken, result.faults)


def what_is_left_is_right(book, result, broken, loans, folder):
    """After a quarantine, every loan that stays has all its money, and what went is told to the cent."""
    if not result.quarantinable:
        with pytest.raises(ForbearError, match="cannot be quarantined"):
            leave_out(book, result)
        return
    before = all_totals(book)
    left = leave_out(book, result)
    after = all_totals(book)
    gone = {"loans": left.principal, "installments": left.scheduled_principal, "payments": left.paid}
    for table, column in MONEY.items():
        assert before[table][column] - after[table][column] == Decimal(gone[table]).scaleb(-2)
    kept = by_loan(book)
    other = plainly_or(folder, loans) if broken.outcome == "quiet" else loans
    for loan, money in kept.items():
        truths = [truth[loan] for truth in (loans, other) if loan in truth]
        assert any(money == truth or is_orphaned(loan, money, truth, left) for truth in truths), (broken, loan)


def is_orphaned(loan, money, truth, left):
    """A payment that names an unknown loan is told of as an orphan; the loan it was of cannot be known."""
    payments_only = {t: v for t, v in money.items() if t != "payments"} == {
        t: v for t, v in truth.items() if t != "payments"
    }
    return payments_only and left.orphan_rows.get("payments", 0) == 1


def plainly_or(folder, loans):
    try:
        return plainly(folder)
    except (ValueError, KeyError, ArithmeticError, OSError, EOFError, TypeError, OverflowError, csv.Error):
        return loans


def control_totals_catch_the_rest(folder, control, whole):
    """With control totals in book.toml, a book that passes has the totals of the first."""
    (folder / "book.toml").write_text(control, encoding="utf-8")
    book = open_book(folder, connect())
    if check_book(book, AS_OF).ok:
        assert all_totals(book) == whole


COLUMNS = ("principal", "principal_outstanding", "arrears_total", "paid_total")
"""Money in accounts.parquet, compared loan by loan and in all."""
TOTALS = {"disbursed": 0, "principal_outstanding": 1, "arrears": 2, "paid": 3}
"""What portfolio.json calls the sums, and whose they are."""


@pytest.fixture(scope="module")
def good_accounts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("closed")
    write_good_book(folder / "book", form="csv")
    return accounts(closed(folder / "book", folder / "out").out)


def closed(folder, out, *, quarantine=False):
    return close(folder, as_of=AS_OF, out=out, quarantine=quarantine, threads=1)


def accounts(out):
    """{loan: its money, dpd, worst dpd and status} of a close."""
    rows = pq.read_table(out / "accounts.parquet").to_pylist()
    return {
        row["loan_id"]: (*(row[c] for c in COLUMNS), row["dpd"], row["worst_dpd"], row["status"]) for row in rows
    }


@pytest.mark.parametrize(("form", "seed"), CLOSED, ids=str)
def test_a_close_has_the_good_totals_less_what_is_left_out_or_is_refused(form, seed, good_accounts, tmp_path):
    folder, out = tmp_path / "book", tmp_path / "out"
    write_good_book(folder, form=form)
    broken = break_book(folder, seed)
    result = check_book(open_book(folder, connect()), AS_OF)
    if not result.ok:
        is_refused(folder, out, quarantine=False)
    if not result.quarantinable:
        is_refused(folder, out, quarantine=True)
        return
    done = closed(folder, out, quarantine=True)
    kept = accounts(done.out)
    for name, place in TOTALS.items():
        assert Decimal(done.portfolio["totals"][name]) == sum(row[place] for row in kept.values())
    if broken.outcome != "quiet":
        what_stays_is_the_good_book(done.left_out, kept, good_accounts, broken)
    if broken.outcome == "harmless":
        assert kept == good_accounts


def is_refused(folder, out, *, quarantine):
    """The answer is no, and nothing is written."""
    with pytest.raises(ForbearError) as no:
        closed(folder, out, quarantine=quarantine)
    assert no.value.exit_code == AnswerIsNo.exit_code == 1
    assert not list(out.iterdir())


def what_stays_is_the_good_book(left, kept, good, broken):
    """Each loan kept is as it was, but for a payment told of as nobody's; each that went is counted."""
    changed = [loan for loan, row in kept.items() if row != good[loan]]
    assert len(changed) <= (left.orphan_rows or {}).get("payments", 0), (broken, changed)
    gone = good.keys() - kept.keys()
    assert len(gone) <= left.loans + left.lost_loans, broken
    assert bool(gone or changed) <= bool(left.rows or left.broken_lines), broken
    for place in TOTALS.values() if not changed else ():
        whole = sum(row[place] for row in good.values())
        assert sum(row[place] for row in kept.values()) == whole - sum(good[loan][place] for loan in gone)
