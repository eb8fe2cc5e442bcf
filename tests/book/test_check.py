"""The rules: each breach is named with file, row, column and value, and counted."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import AnswerIsNo
from forbear.book import cells, check_book, leave_out, open_book
from forbear.book.aside import write_aside
from forbear.book.check import LISTED_A_RULE
from forbear.book.control import sealed
from forbear.book.faults import masked, rules
from forbear.book.schema import Column, Kind

AS_OF = date(2026, 6, 30)

GOOD = {
    "loans": [
        "loan_id,borrower_id,disbursed_on,principal,annual_rate,term,currency",
        "L1,B1,2026-01-15,1000.00,0.18,2,CNY",
        "L2,B2,2026-01-20,500.00,0.24,1,CNY",
    ],
    "installments": [
        "loan_id,number,due_on,principal_due,interest_due,fees_due",
        "L1,1,2026-02-15,500.00,15.00,0",
        "L1,2,2026-03-15,500.00,7.50,0",
        "L2,1,2026-02-20,500.00,10.00,1.25",
    ],
    "payments": [
        "payment_id,loan_id,paid_on,amount,installment_number,source",
        "P1,L1,2026-02-14,515.00,1,bank",
        "P2,L2,2026-02-25,511.25,1,bank",
    ],
    "borrowers": ["borrower_id,time_zone,birth_year", "B1,Asia/Shanghai,1990", "B2,Asia/Chongqing,1985"],
    "contacts": [
        "contact_id,borrower_id,at,channel,direction,result,loan_id",
        "C1,B1,2026-02-16T09:00:00+08:00,sms,out,sent,L1",
    ],
    "events": [
        "event_id,loan_id,kind,effective_on,until_on,payment_id,recorded_on",
        "E1,L1,pause,2026-03-01,2026-03-31,,2026-03-02",
        "E2,L2,reversal,2026-02-26,,P2,2026-02-26",
    ],
    "statuses": ["loan_id,on_date,state,dpd,balance", "L1,2026-03-31,M1,16,500.00"],
}

# table, line number, new line ("" drops it, + adds it), rule, column, value
BREACHES = [
    ("loans", 2, "L1,B1,2026-02-30,1000.00,0.18,2,CNY", "impossible_date", "disbursed_on", "2026-02-30"),
    ("loans", 2, "L1,B1,0202-01-15,1000.00,0.18,2,CNY", "impossible_date", "disbursed_on", "0202-01-15"),
    ("loans", 2, "L1,B1,15/01/2026,1000.00,0.18,2,CNY", "wrong_type", "disbursed_on", "15/01/2026"),
    ("loans", 2, "L1,B1,2026-01-15,1e3,0.18,2,CNY", "wrong_type", "principal", "1e3"),
    ("loans", 2, "L1,B1,2026-01-15,NaN,0.18,2,CNY", "wrong_type", "principal", "NaN"),
    ("loans", 2, "L1,B1,2026-01-15,1000.001,0.18,2,CNY", "wrong_type", "principal", "1000.001"),
    ("loans", 2, "L1,B1,2026-01-15,,0.18,2,CNY", "missing_value", "principal", ""),
    ("loans", 2, "L1,B1,2026-01-15,-1000.00,0.18,2,CNY", "negative_money", "principal", "-1000.00"),
    ("loans", 2, "L1,B1,2026-01-15,0,0.18,2,CNY", "zero_principal", "principal", "0.00"),
    ("loans", 2, "L1,B1,2026-01-15,1000.01,0.18,2,CNY", "principal_mismatch", "principal", "1000.01"),
    ("loans", 2, "L1,B1,2026-01-15,1000.00,Infinity,2,CNY", "wrong_type", "annual_rate", "Infinity"),
    ("loans", 2, "L1,B1,2026-01-15,1000.00,-0.1,2,CNY", "negative_rate", "annual_rate", "-0.10000000"),
    ("loans", 2, "L1,B1,2026-01-15,1000.00,18,2,CNY", "rate_in_percent", "annual_rate", "18.00000000"),
    ("loans", 2, "L1,B1,2026-01-15,1000.00,0.18,0,CNY", "no_term", "term", "0"),
    ("loans", 2, "L1,B1,2026-01-15,1000.00,0.18,3,CNY", "term_mismatch", "term", "3"),
    ("loans", 2, "L1,B1,2026-01-15,1000.00,0.18,2,USD", "mixed_currency", "currency", "USD"),
    ("loans", 2, "L1,B9,2026-01-15,1000.00,0.18,2,CNY", "unknown_borrower", "borrower_id", "**"),
    ("loans", 2, "L1,B1,2027-01-15,1000.00,0.18,2,CNY", "in_the_future", "disbursed_on", "2027-01-15"),
    ("loans", 2, "L1 ,B1,2026-01-15,1000.00,0.18,2,CNY", "untrimmed_identity", "loan_id", "L1 "),
    ("loans", 2, "L1,B1,2026-01-15,1000.00,0.18", "ragged_row", "", None),
    ("loans", 2, 'L1,"B"1,2026-01-15,1000.00,0.18,2,CNY', "stray_quote", "", None),
    ("loans", "+", "L1,B1,2026-01-15,1000.00,0.18,2,CNY", "duplicate_key", "loan_id", "L1"),
    ("loans", "+", "L3,B1,2026-01-15,1000.00,0.18,2,CNY", "no_installments", "loan_id", "L3"),
    ("installments", 3, "L1,3,2026-03-15,500.00,7.50,0", "number_gap", "number", "3"),
    ("installments", 3, "L1,1,2026-03-15,500.00,7.50,0", "duplicate_key", "number", "1"),
    ("installments", 3, "L1,2,2025-03-15,500.00,7.50,0", "due_before_disbursal", "due_on", "2025-03-15"),
    ("installments", 3, "L1,-1,2026-03-15,500.00,7.50,0", "number_below_zero", "number", "-1"),
    ("installments", 3, "L1,two,2026-03-15,500.00,7.50,0", "wrong_type", "number", "two"),
    ("installments", 3, "L1,2,2026-03-15,500.00,-7.50,0", "negative_money", "interest_due", "-7.50"),
    ("installments", "+", "L9,1,2026-03-15,500.00,7.50,0", "unknown_loan", "loan_id", "L9"),
    ("payments", 2, "P1,L1,2026-01-14,515.00,1,bank", "paid_before_disbursal", "paid_on", "2026-01-14"),
    ("payments", 2, "P1,L1,2026-07-01,515.00,1,bank", "in_the_future", "paid_on", "2026-07-01"),
    ("payments", 2, "P1,L1,2026-02-14,0,1,bank", "zero_payment", "amount", "0.00"),
    ("payments", 2, "P1,L9,2026-02-14,515.00,1,bank", "unknown_loan", "loan_id", "L9"),
    ("payments", 2, "P1,L1,2026-02-14,515.00,1,ba\x07nk", "control_character", "source", "ba\\x07nk"),
    ("payments", "+", "P2,L2,2026-02-26,1.00,1,bank", "duplicate_key", "payment_id", "P2"),
    ("borrowers", 2, "B1,Asia/Shangai,1990", "unknown_time_zone", "time_zone", "Asia/Shangai"),
    ("borrowers", 2, "B1,CST,1990", "unknown_time_zone", "time_zone", "CST"),  # Shanghai's, or Chicago's?
    ("borrowers", 2, "B1,Asia/Shanghai,190", "impossible_year", "birth_year", "***"),
    ("contacts", 2, "C1,B1,2026-02-16T09:00:00,sms,out,sent,L1", "wrong_type", "at", "2026-02-16T09:00:00"),
    ("contacts", 2, "C1,B1,2026-02-31T09:00:00Z,sms,out,sent,L1", "impossible_date", "at", "2026-02-31T09:00:00Z"),
    ("contacts", 2, "C1,B1,2026-02-16T09:00:00Z,sms,up,sent,L1", "unknown_direction", "direction", "up"),
    ("events", 2, "E1,L1,holiday,2026-03-01,2026-03-31,,", "unknown_kind", "kind", "holiday"),
    ("events", 2, "E1,L1,pause,2026-03-01,2026-02-01,,", "pause_without_end", "until_on", "2026-02-01"),
    ("events", 3, "E2,L2,reversal,2026-02-26,,,", "reversal_of_nothing", "payment_id", ""),
    ("events", 3, "E2,L2,reversal,2026-02-26,,P9,", "unknown_payment", "payment_id", "P9"),
    ("statuses", 2, "L1,2026-03-31,M1,-1,500.00", "negative_dpd", "dpd", "-1"),
    ("statuses", "+", "L1,2026-03-31,M1,1,500.00", "duplicate_key", "on_date", "2026-03-31"),
]  # fmt: skip


def write(folder, tables):
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_bytes("".join(f"{line}\n" for line in lines).encode())
    return open_book(folder, duckdb.connect(config={"threads": 1}))


def changed(table, at, line):
    tables = {name: list(lines) for name, lines in GOOD.items()}
    if at == "+":
        tables[table].append(line)
        return tables, len(tables[table])
    tables[table][at - 1] = line
    return tables, at


def test_a_good_book_is_sound(tmp_path):
    result = check_book(write(tmp_path, GOOD), AS_OF)
    assert result.ok
    assert result.counts == {}
    assert result.rows["installments"] == 3
    assert result.bad_loan_count == 0


@pytest.mark.parametrize("breach", BREACHES, ids=lambda b: f"{b[0]}-{b[3]}-{b[4]}")
def test_a_breach_is_named_where_it_stands(tmp_path, breach):
    table, at, line, rule, column, value = breach
    tables, row = changed(table, at, line)
    result = check_book(write(tmp_path, tables), AS_OF)
    found = [f for f in result.faults if f.rule == rule]
    placed = [f for f in found if (f.file, f.row, f.column) == (f"{table}.csv", row, column)]
    assert placed, result.faults
    assert value is None or placed[0].value == value
    assert result.ok == all(f.grade == "warning" for f in result.faults)
    assert result.counts[rule] == len(found)


def test_every_row_rule_has_a_breach_above():
    """A rule nobody can break in a test may be a rule that never fires."""
    told = {b[3] for b in BREACHES}
    rows = {n for n, r in rules().items() if r.cells or r.references}
    assert rows - told == set()


def test_counts_are_never_capped_and_the_listing_is(tmp_path):
    many = LISTED_A_RULE + 50
    tables = dict(GOOD)
    tables["payments"] = [GOOD["payments"][0], *(f"P{i},L1,2026-02-14,-1.00,1,x" for i in range(many))]
    tables["events"] = GOOD["events"][:2]
    result = check_book(write(tmp_path, tables), AS_OF)
    assert result.counts["negative_money"] == many
    assert len([f for f in result.faults if f.rule == "negative_money"]) == LISTED_A_RULE


def test_a_bad_row_takes_its_whole_loan_out_and_the_money_is_told(tmp_path):
    tables, _ = changed("installments", 3, "L1,2,2026-02-30,500.00,7.50,0")
    book = write(tmp_path, tables)
    result = check_book(book, AS_OF)
    assert not result.ok
    assert result.quarantinable
    assert book.connection.execute(f"SELECT loan_id FROM {result.bad_loans}").fetchall() == [("L1",)]
    left = leave_out(book, result)
    assert (left.loans, left.principal, left.scheduled_principal, left.paid) == (1, 100000, 100000, 51500)
    assert left.rows["payments"] == 1
    for table in ("loans", "installments", "payments", "events"):
        assert book.connection.execute(f"SELECT DISTINCT loan_id FROM book.{table}").fetchall() == [("L2",)]
    assert check_book(book, AS_OF).bad_loan_count == 1  # checking again finds the same, not less


def test_a_person_with_a_bad_row_takes_their_loans_out(tmp_path):
    tables, _ = changed("borrowers", 2, "B1,Mars/North,1990")
    book = write(tmp_path, tables)
    left = leave_out(book, check_book(book, AS_OF))
    assert left.loans == 1
    assert book.connection.execute("SELECT loan_id FROM book.loans").fetchall() == [("L2",)]
    assert book.connection.execute("SELECT borrower_id FROM book.borrowers").fetchall() == [("B2",)]
    assert book.connection.execute("SELECT count(*) FROM book.contacts").fetchone() == (0,)


def test_orphans_are_left_out_and_told(tmp_path):
    tables, _ = changed("payments", "+", "P3,L9,2026-02-14,7.00,1,bank")
    book = write(tmp_path, tables)
    left = leave_out(book, check_book(book, AS_OF))
    assert (left.loans, left.paid, left.orphan_rows) == (0, 700, {"payments": 1})


def test_a_broken_line_takes_the_loan_it_names(tmp_path):
    tables, _ = changed("payments", 2, 'P1,L1,"2026-02-14,515.00,1,bank')
    book = write(tmp_path, tables)
    result = check_book(book, AS_OF)
    left = leave_out(book, result)
    assert (left.loans, left.broken_lines) == (1, 1)


def test_a_line_that_names_no_loan_cannot_be_quarantined(tmp_path):
    tables, _ = changed("payments", 2, 'P1,"515.00,1,bank')
    book = write(tmp_path, tables)
    result = check_book(book, AS_OF)
    assert not result.quarantinable
    with pytest.raises(AnswerIsNo, match=r"payments\.csv.*cannot be quarantined"):
        leave_out(book, result)


@pytest.mark.parametrize("table", ["loans", "installments"])
def test_a_missing_or_empty_table_is_a_fault(tmp_path, table):
    tables = {n: lines for n, lines in GOOD.items() if n in {"loans", "installments"} and n != table}
    assert "missing_table" in check_book(write(tmp_path / "a", tables), AS_OF).counts
    tables[table] = GOOD[table][:1]
    result = check_book(write(tmp_path / "b", tables), AS_OF)
    assert "empty_table" in result.counts
    assert not result.quarantinable


def test_payments_without_a_row_are_told(tmp_path):
    """A new book has none yet, a failed export has none either: sound, and said."""
    result = check_book(
        write(tmp_path, {**GOOD, "payments": GOOD["payments"][:1], "events": GOOD["events"][:1]}), AS_OF
    )
    assert result.ok
    assert result.counts == {"no_payments_warning": 1}


def test_files_nobody_reads_are_told(tmp_path):
    write(tmp_path, GOOD)
    (tmp_path / "loanz.csv").write_text("a\n1\n")
    (tmp_path / "README.md").write_text("notes")
    book = open_book(tmp_path, duckdb.connect())
    result = check_book(book, AS_OF)
    assert result.ok
    assert [(f.rule, f.file) for f in result.faults] == [("unknown_file", "loanz.csv")]


def test_a_file_without_its_last_line_end_may_be_cut(tmp_path):
    write(tmp_path, GOOD)
    path = tmp_path / "payments.csv"
    path.write_bytes(path.read_bytes()[:-3])
    result = check_book(open_book(tmp_path, duckdb.connect()), AS_OF)
    assert result.counts == {"no_final_newline": 1}
    assert not result.quarantinable
    for other in tmp_path.glob("*.csv"):
        other.write_bytes(other.read_bytes().rstrip(b"\n"))
    assert check_book(open_book(tmp_path, duckdb.connect()), AS_OF).ok


def test_control_totals_and_fingerprints(tmp_path):
    book = write(tmp_path, GOOD)
    (tmp_path / "book.toml").write_text(sealed(book))
    assert check_book(open_book(tmp_path, duckdb.connect()), AS_OF).ok
    path = tmp_path / "payments.csv"
    path.write_text(path.read_text().replace("511.25", "911.25"))
    result = check_book(open_book(tmp_path, duckdb.connect()), AS_OF)
    assert result.counts == {"changed_file": 1, "control_mismatch": 1}
    assert "1026.25" in next(f.expected for f in result.faults if f.rule == "control_mismatch")


def test_bad_rows_are_written_aside_whole(tmp_path):
    tables, _ = changed("payments", 2, "P1,L1,2026-01-14,-515.00,1,bank")
    tables["payments"].append("P4,L1,2026-02-14")
    book = write(tmp_path / "book", tables)
    check_book(book, AS_OF)
    names = [p.name for p in write_aside(book, tmp_path / "aside")]
    assert names == ["loans.csv.bad.csv", "payments.csv.bad.csv", "payments.csv.lines.csv"] or names == [
        "payments.csv.bad.csv",
        "payments.csv.lines.csv",
    ]
    with (tmp_path / "aside" / "payments.csv.bad.csv").open() as file:
        found = list(csv.DictReader(file))
    assert [(r["_row"], r["_rule"], r["payment_id"], r["amount"]) for r in found] == [
        ("2", "negative_money", "P1", "-515.00"),
        ("2", "paid_before_disbursal", "P1", "-515.00"),
    ]


def test_personal_values_are_masked():
    assert masked("330102199001011234") == "33********34"
    assert masked("B12") == "***"


def test_long_schedules_are_checked_too(tmp_path):
    """Numbers beyond 126 do not fit the bits that stand for them."""
    lines = [f"L1,{n},{date(2026, 1, 15 + n % 10)},1.00,0,0" for n in range(1, 201)]
    tables = {
        "loans": [GOOD["loans"][0], "L1,B1,2026-01-15,200.00,0.18,200,CNY"],
        "installments": [GOOD["installments"][0], *lines],
    }
    assert check_book(write(tmp_path / "a", tables), AS_OF).ok
    tables["installments"][150] = tables["installments"][149]
    result = check_book(write(tmp_path / "b", tables), AS_OF)
    assert {"duplicate_key"} & set(result.counts), result.counts


def test_money_of_three_decimals(tmp_path):
    tables = {
        "loans": [GOOD["loans"][0], "L1,B1,2026-01-15,1.005,0.18,1,KWD"],
        "installments": [GOOD["installments"][0], "L1,1,2026-02-15,1.005,0.001,0"],
    }
    book = write(tmp_path, tables)
    assert check_book(book, AS_OF).ok
    assert book.currency == "KWD"
    assert book.connection.execute("SELECT principal FROM book.loans").fetchone() == (1005,)
    assert sealed(book).count(str(Decimal("1.005"))) == 2


@given(text=st.text(st.characters(codec="utf-8") | st.sampled_from("\0\x01\x1f \x7f\x80[]*-^!"), max_size=8))
def test_a_control_character_anywhere_is_seen(text):
    """As a regular expression would see it, in any script."""
    [wrong] = cells.read(Column("c", Kind.text), "c", "VARCHAR", cells.Money("CNY", 2)).wrong
    [(seen,)] = duckdb.execute(f"SELECT {wrong.when} FROM (SELECT $1 AS c)", [text]).fetchall()
    assert seen is bool(re.search(r"[\x00-\x1f\x7f]", text))
