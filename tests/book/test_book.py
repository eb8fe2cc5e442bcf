"""Opening canonical books: which files make a table, and what each column becomes."""

from __future__ import annotations

import gzip
import hashlib
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forbear.basics.errors import UnreadableFile
from forbear.book import check_book, open_book
from forbear.book.schema import TABLES
from forbear.testing.books import write_good_book

LOANS = "loan_id,borrower_id,disbursed_on,principal,annual_rate,term\n"
INSTALLMENTS = "loan_id,number,due_on,principal_due,interest_due\n"


def utc(*parts):
    """An instant as a book's views give it: UTC, without a zone."""
    return datetime(*parts)  # noqa: DTZ001


@pytest.fixture
def connection():
    return duckdb.connect(config={"threads": 1})


def small(folder, loans="L1,B1,2026-01-15,1000.00,0.18,1\n", installments="L1,1,2026-02-15,1000,15.5\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "loans.csv").write_text(LOANS + loans)
    (folder / "installments.csv").write_text(INSTALLMENTS + installments)
    return folder


def rows(book, query):
    return book.connection.execute(query).fetchall()


def types(book, table):
    return {name: kind for name, kind, *_ in rows(book, f"DESCRIBE book.{table}")}


def test_csv_becomes_typed_views(tmp_path, connection):
    book = open_book(small(tmp_path), connection)
    assert book.tables == ("loans", "installments")
    assert (book.currency, book.minor_digits, book.mapping, book.faults) == ("CNY", 2, None, ())
    assert rows(book, "SELECT loan_id, disbursed_on, principal, annual_rate, term, currency FROM book.loans") == [
        ("L1", date(2026, 1, 15), 100000, Decimal("0.18"), 1, "CNY")
    ]
    assert rows(book, "SELECT principal_due, interest_due, fees_due FROM book.installments") == [(100000, 1550, 0)]


def test_every_table_has_every_canonical_column(tmp_path, connection):
    book = open_book(small(tmp_path), connection)
    for name, table in TABLES.items():
        assert list(types(book, name)) == [c.name for c in table.columns]
    assert types(book, "contacts")["at"] == "TIMESTAMP"
    assert rows(book, "SELECT count(*) FROM book.payments") == [(0,)]


def test_integer_ids_stay_integers_only_when_every_file_has_them(tmp_path, connection):
    loans = pa.table(
        {
            "loan_id": pa.array([1], pa.int32()),
            "borrower_id": ["B"],
            "disbursed_on": [date(2026, 1, 1)],
            "principal": pa.array([5000], pa.int64()),
            "annual_rate": pa.array([0.1]),
            "term": pa.array([1], pa.int64()),
        }
    )
    lines = pa.table(
        {
            "loan_id": pa.array([1], pa.int64()),
            "number": pa.array([1], pa.int32()),
            "due_on": [utc(2026, 2, 1)],
            "principal_due": pa.array([Decimal("50.00")]),
            "interest_due": pa.array([0.25]),
        }
    )
    pq.write_table(loans, tmp_path / "loans.parquet")
    pq.write_table(lines, tmp_path / "installments.parquet")
    book = open_book(tmp_path, connection)
    assert {types(book, t)["loan_id"] for t in TABLES if "loan_id" in types(book, t)} == {"BIGINT"}
    assert types(book, "loans")["borrower_id"] == "VARCHAR"
    result = check_book(book)
    assert result.ok, result.faults
    assert result.counts == {"float_money_column": 1}
    assert rows(book, "SELECT due_on, principal_due, interest_due FROM book.installments") == [
        (date(2026, 2, 1), 5000, 25)
    ]
    (tmp_path / "payments.csv").write_text("payment_id,loan_id,paid_on,amount\np,1,2026-02-01,1\n")
    mixed = open_book(tmp_path, connection)
    assert {types(mixed, t)["loan_id"] for t in ("loans", "installments", "payments")} == {"VARCHAR"}
    assert check_book(mixed).ok


def test_one_table_of_many_files(tmp_path, connection):
    small(tmp_path)
    with gzip.open(tmp_path / "Loans-2026-02.csv.gz", "wt") as more:
        more.write(LOANS.replace("term", "term,x_age") + "L2,B2,2026-02-01,7,0.1,1,44\n")
    (tmp_path / "installments").mkdir()
    pq.write_table(
        pa.table(
            {
                "loan_id": ["L2"],
                "number": pa.array([1], pa.int32()),
                "due_on": [date(2026, 3, 1)],
                "principal_due": [700],
                "interest_due": [0],
            }
        ),
        tmp_path / "installments" / "part-0.parquet",
    )
    book = open_book(tmp_path, connection)
    assert rows(book, "SELECT loan_id, principal, x_age FROM book.loans ORDER BY 1") == [
        ("L1", 100000, None),
        ("L2", 700, 44),
    ]
    assert check_book(book).ok
    assert {f.name: f.sha256 for f in book.files}["loans.csv"] == hashlib.sha256(
        (tmp_path / "loans.csv").read_bytes()
    ).hexdigest()
    assert rows(book, "SELECT _file, _row FROM book_rows.installments ORDER BY 1") == [
        ("installments.csv", 2),
        ("installments/part-0.parquet", 1),
    ]


def test_settings_in_the_book(tmp_path, connection):
    small(tmp_path, "L1,B1,2026-01-15,100000,0.18,1\n", "L1,1,2026-02-15,100000,1550\n")
    (tmp_path / "book.toml").write_text('currency = "JPY"\nmoney = "minor"\ntime_zone = "Asia/Tokyo"\n')
    (tmp_path / "contacts.csv").write_text(
        "contact_id,borrower_id,at,channel,direction,result\n"
        "c1,B1,2026-01-15T09:00:00,sms,out,sent\nc2,B1,2026-01-15 09:00:00+08:00,sms,out,sent\n"
    )
    book = open_book(tmp_path, connection)
    assert (book.currency, book.minor_digits) == ("JPY", 0)
    assert rows(book, "SELECT principal FROM book.loans") == [(100000,)]
    assert rows(book, 'SELECT "at" FROM book.contacts ORDER BY contact_id') == [
        (utc(2026, 1, 15, 0, 0),),
        (utc(2026, 1, 15, 1, 0),),
    ]
    assert check_book(book).ok


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency = ", "book.toml"),
        ('currency = "XX?"', "currency"),
        ("colour = 1", "colour"),
        ('time_zone = "Mars"', "Mars"),
    ],
)
def test_wrong_settings_are_named(tmp_path, connection, text, said):
    (small(tmp_path) / "book.toml").write_text(text)
    with pytest.raises(UnreadableFile, match=said.replace("?", r"\?")):
        open_book(tmp_path, connection)


def test_features_keep_their_kind(tmp_path, connection):
    small(tmp_path)
    (tmp_path / "loans.csv").write_text(
        LOANS.replace("term", "term,x_int,x_num,x_day,x_yes,x_text,x_mixed,x_none")
        + "L1,B1,2026-01-15,1000.00,0.18,1,-3,1.5,2026-01-01,true,ab,1,\n"
        + "L2,B1,2026-01-15,1000.00,0.18,1,,2e3,,false,,x,\n"
    )
    found = types(open_book(tmp_path, connection), "loans")
    assert [found[f"x_{k}"] for k in ("int", "num", "day", "yes", "text", "mixed", "none")] == [
        "BIGINT", "DOUBLE", "DATE", "BOOLEAN", "VARCHAR", "VARCHAR", "VARCHAR",
    ]  # fmt: skip


def test_no_folder_is_said(tmp_path, connection):
    with pytest.raises(UnreadableFile, match="does not exist"):
        open_book(tmp_path / "nowhere", connection)
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreadableFile, match="not a folder"):
        open_book(tmp_path / "file", connection)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet"])
def test_the_same_book_in_every_form(tmp_path, connection, form):
    write_good_book(tmp_path / form, form=form)
    write_good_book(tmp_path / "plain", form="csv")
    tables = ("loans", "installments", "payments", "borrowers", "contacts", "events")
    seen = []
    for folder in (form, "plain"):
        book = open_book(tmp_path / folder, connection)
        assert check_book(book, date(2026, 6, 30)).counts == {}
        seen.append({t: sorted(map(str, rows(book, f"SELECT * FROM book.{t}"))) for t in tables})
    assert seen[0] == seen[1]


def test_a_feature_that_begins_with_later_files_is_read_by_name(tmp_path, connection):
    """Months written before the lender kept a score stand beside several that have one, in columns of another order."""
    small(tmp_path)
    (tmp_path / "loans.csv").unlink()
    own = {
        "borrower_id": ["B1"], "disbursed_on": [date(2026, 1, 15)], "principal": [100_000],
        "annual_rate": [Decimal("0.18")], "term": [2],
    }  # fmt: skip
    for month, features in ((1, {}), (2, {"x_score": [7], "x_age": [30]}), (3, {"x_score": [8], "x_age": [31]})):
        pq.write_table(pa.table({**features, "loan_id": [f"L{month}"], **own}), tmp_path / f"loans-{month}.parquet")
    book = open_book(tmp_path, connection)
    features = [("L1", None, None), ("L2", 7, 30), ("L3", 8, 31)]
    assert rows(book, "SELECT loan_id, x_score, x_age FROM book.loans ORDER BY 1") == features
    assert rows(book, "SELECT loan_id, x_score, x_age, _file FROM book_rows.loans ORDER BY 1") == [
        (*row, f"loans-{month}.parquet") for month, row in enumerate(features, start=1)
    ]
