"""Real books through their shipped mappings: the publishers' reference figures come out.

The books lie outside the repository, in `../shared/data` beside it (or where FORBEAR_SHARED points), and are not
copied. Figures are those of the data's own notes, computed there with other tools.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from forbear.book import check_book, open_book
from forbear.night import close

SHARED = Path(os.environ.get("FORBEAR_SHARED", Path(__file__).resolve().parents[3] / "shared"))
DATA = SHARED / "data"
AS_OF = date(2026, 6, 30)
DAYS = """count(*) FILTER (days < 0), count(*) FILTER (days = 0), count(*) FILTER (days BETWEEN 1 AND 7),
    count(*) FILTER (days BETWEEN 8 AND 15), count(*) FILTER (days BETWEEN 16 AND 30),
    count(*) FILTER (days BETWEEN 31 AND 60), count(*) FILTER (days BETWEEN 61 AND 90),
    count(*) FILTER (days > 90)"""


@pytest.fixture
def book():
    def opened(folder, mapping=None):
        if not (DATA / folder).is_dir():
            pytest.skip(f"no real book at {DATA / folder}: put the data there or set FORBEAR_SHARED")
        return open_book(DATA / folder, duckdb.connect(), mapping=mapping or folder)

    return opened


def asked(book, query):
    return book.connection.execute(query).fetchall()


def late_days(book, also=""):
    query = f"""WITH d AS (SELECT p.paid_on - i.due_on AS days FROM book.installments i
        JOIN book.payments p ON p.loan_id = i.loan_id AND p.installment_number = i.number WHERE number = 1 {also})
        SELECT {DAYS} FROM d"""
    return asked(book, query)[0]


def test_superlender_ng(book):
    opened = book("superlender_ng")
    assert check_book(opened, AS_OF).ok
    assert late_days(opened) == (9230, 2664, 1584, 473, 320, 64, 16, 11)
    terms = asked(opened, "SELECT x_term_days, count(*) FROM book.loans GROUP BY 1 ORDER BY 1")
    assert terms == [(15, 4769), (30, 8809), (60, 762), (90, 22)]
    months = asked(opened, "SELECT count(DISTINCT date_trunc('month', disbursed_on)) FROM book.loans")
    assert months == [(19,)]
    weekend = asked(opened, "SELECT count(*) FROM book.installments WHERE number = 1 AND isodow(due_on) > 5")
    assert weekend == [(0,)]


def test_xente_ug(book):
    opened = book("xente_ug")
    assert check_book(opened, AS_OF).ok
    # The notes leave out two paybacks without a due date; here those are due 30 days after issue, paid early.
    assert late_days(opened) == (1064 + 2, 7, 95, 73, 89, 84, 42, 32)
    per_loan = """SELECT paybacks, count(*)
        FROM (SELECT loan_id, count(*) AS paybacks FROM book.payments GROUP BY 1) GROUP BY 1 ORDER BY 1"""
    assert dict(asked(opened, per_loan)) == {
        1: 1009, 2: 90, 3: 23, 4: 12, 5: 7, 6: 5, 7: 3, 8: 2, 9: 4, 10: 1, 11: 2, 12: 1,
    }  # fmt: skip
    last = """SELECT round(100.0 * avg(CAST(paid > due AS INT)), 2) FROM (SELECT max(paid_on) AS paid,
        min(due_on) AS due FROM book.payments JOIN book.installments USING (loan_id) GROUP BY loan_id)"""
    assert asked(opened, last) == [(27.09,)]
    assert "paybacks: 612 rows left out: rejected applications, which have no loan" in opened.notes
    assert any(n.startswith("paybacks: 340 rows kept, but odd: paid late, yet not flagged") for n in opened.notes)
    assert any(n.startswith("paybacks: 103 rows kept, but odd: flagged as defaulted") for n in opened.notes)


def test_loan_payments_500(book):
    opened = book("loan_payments_500")
    assert check_book(opened, AS_OF).ok
    unpaid = "SELECT count(*) FROM book.loans WHERE loan_id NOT IN (SELECT loan_id FROM book.payments)"
    assert asked(opened, unpaid) == [(100,)]
    assert dict(asked(opened, "SELECT source, count(*) FROM book.payments GROUP BY 1")) == {
        "paid_off": 300,
        "paid_off_after_collection": 100,
    }
    early, on_the_day, *late = late_days(opened)
    assert (early + on_the_day, sum(late)) == (299, 101)


def test_loan_payments_500_closed_on_the_day_of_the_file(book, tmp_path):
    """Its unpaid rows tell days past due as of 2016-12-08: the close of that day says the same of each."""
    opened = book("loan_payments_500")
    close(DATA / "loan_payments_500", as_of=date(2016, 12, 8), out=tmp_path, mapping="loan_payments_500", threads=1)
    told = dict(asked(opened, f"SELECT loan_id, dpd FROM '{tmp_path}/accounts.parquet' WHERE paid_total = 0"))
    file = f"read_csv('{DATA}/loan_payments_500/Loan payments data.csv', all_varchar = true)"
    rows = asked(opened, f"SELECT Loan_ID, past_due_days FROM {file} WHERE loan_status = 'COLLECTION'")
    published = {loan: int(float(days)) for loan, days in rows if days != "nan"}
    assert len(published) == 99
    assert {loan: days for loan, days in told.items() if loan in published} == published
    assert len(told) == 100


def test_credit_record_monthly(book):
    opened = book("credit_record_monthly")
    assert check_book(opened, AS_OF).ok
    rolls = asked(opened, """SELECT a.state, b.state, count(*) FROM book.statuses a JOIN book.statuses b
        ON b.loan_id = a.loan_id AND b.on_date = a.on_date + INTERVAL 1 MONTH GROUP BY ALL""")  # fmt: skip
    assert sum(n for *_, n in rolls) == 802604
    share = {(a, b): n / sum(m for c, _, m in rolls if c == a) for a, b, n in rolls}
    expected = {("0", "0"): 85.751, ("0", "1"): 1.894, ("1", "2"): 5.408, ("2", "3"): 30.246, ("3", "4"): 60.156,
                ("4", "5"): 66.848, ("5", "5"): 90.361, ("X", "X"): 82.648}  # fmt: skip
    assert {pair: round(100 * share[pair], 3) for pair in expected} == expected
    ever = """WITH a AS (SELECT loan_id, datediff('month', opened_on, on_date) AS mob, dpd,
            max(datediff('month', opened_on, on_date)) OVER (PARTITION BY loan_id) AS seen FROM book.statuses)
        SELECT count(DISTINCT loan_id), count(DISTINCT loan_id) FILTER (dpd >= 60 AND mob <= {m}) FROM a
        WHERE seen >= {m}"""
    for month, accounts, percent in ((6, 31471, 0.610), (12, 24714, 1.408), (24, 14692, 2.219)):
        ((seen, bad),) = asked(opened, ever.format(m=month))
        assert (seen, round(100 * bad / seen, 3)) == (accounts, percent)


def test_delinquency_snapshot_2012(book):
    opened = book("delinquency_snapshot_2012")
    assert check_book(opened, AS_OF).ok
    rolls = asked(opened, """SELECT a.state, b.state, count(*), sum(b.balance) FROM book.statuses a
        JOIN book.statuses b ON b.loan_id = a.loan_id AND a.on_date = DATE '2012-11-01'
        AND b.on_date = DATE '2012-12-01' GROUP BY ALL""")  # fmt: skip
    assert {(a, b): n for a, b, n, _ in rolls} == {
        ("1-30", "0"): 41, ("1-30", "1-30"): 215, ("1-30", "31-60"): 65,
        ("31-60", "0"): 6, ("31-60", "31-60"): 52, ("31-60", "61-90"): 46,
        ("61-90", "0"): 2, ("61-90", "61-90"): 26, ("61-90", "91+"): 2,
        ("91+", "0"): 7, ("91+", "91+"): 15,
    }  # fmt: skip
    assert sum(money for *_, money in rolls) == 1021092052


def test_berka(book):
    opened = book("berka")
    assert check_book(opened, AS_OF).ok
    assert dict(asked(opened, "SELECT state, count(*) FROM book.statuses GROUP BY 1")) == {
        "ended_paid": 203, "ended_unpaid": 31, "running": 403, "running_in_debt": 45,
    }  # fmt: skip


def test_sba_7a(book):
    opened = book("sba_7a")
    assert check_book(opened, AS_OF).ok
    states = "SELECT state, count(*) FROM book.statuses WHERE on_date = DATE '2014-12-31' GROUP BY 1"
    assert dict(asked(opened, states)) == {"paid_in_full": 739609, "charged_off": 157558}
    dated = "SELECT count(*) FROM book.statuses WHERE state = 'charge_off'"
    assert asked(opened, dated) == [(162699,)]


def test_prosper(book):
    opened = book("prosper_sample", "prosper")
    assert check_book(opened, AS_OF).ok
    counts = dict(asked(opened, "SELECT state, count(*) FROM book.statuses GROUP BY 1"))
    # 2,765 rows hold three loans twice.
    assert sum(counts.values()) == 2762
    assert (counts["Defaulted"], counts["Past Due (1-15 days)"]) == (129, 18)


def test_ibm_ar(book):
    opened = book("ibm_ar")
    assert check_book(opened, AS_OF).ok
    *_, week, fortnight, month, two_months, _, _ = late_days(opened)
    assert (week, fortnight, month, two_months) == (419, 284, 166, 8)
