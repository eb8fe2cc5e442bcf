# ruff: noqa: E501 - made-up rows are as wide as the files they stand for
"""Mappings: the shipped ones on a few made-up rows, the language of expressions, and what is wrong with a mapping."""

from __future__ import annotations

import gzip
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forbear.basics.errors import WrongUse
from forbear.book import check_book, open_book
from forbear.book.expression import compiled
from forbear.book.faults import rules
from forbear.book.mapping import read_mapping, shipped

AS_OF = date(2026, 6, 30)

MADE_UP = {
    "superlender_ng": {
        "trainprevloans.csv.gz": """\
customerid,systemloanid,loannumber,approveddate,creationdate,loanamount,totaldue,termdays,closeddate,referredby,firstduedate,firstrepaiddate
c1,1,2,2016-08-15 18:22:40.000000,2016-08-15 17:22:32.000000,10000.0,13000.0,30,2016-09-01 16:06:48.000000,,2016-09-14 00:00:00.000000,2016-09-01 15:51:43.000000
c1,2,3,2016-10-01 10:00:00.000000,2016-10-01 09:00:00.000000,10000.0,11500.01,90,2017-01-05 10:00:00.000000,c9,2016-10-31 00:00:00.000000,2016-11-02 00:00:00.000000
""",
        "traindemographics_no_gps.csv.gz": """\
customerid,birthdate,bank_account_type,bank_name_clients,employment_status_clients,level_of_education_clients
c1,1988,Savings,Bank,Permanent,
c1,1988,Savings,Bank,Permanent,
""",
    },
    "superlender_ng_next": {
        "trainprevloans.csv.gz": """\
customerid,systemloanid,loannumber,approveddate,creationdate,loanamount,totaldue,termdays,closeddate,referredby,firstduedate,firstrepaiddate
c1,1,2,2016-08-15 18:22:40.000000,2016-08-15 17:22:32.000000,10000.0,13000.0,30,2016-09-01 16:06:48.000000,,2016-09-14 00:00:00.000000,2016-09-01 15:51:43.000000
c1,2,3,2016-10-01 10:00:00.000000,2016-10-01 09:00:00.000000,10000.0,11500.01,90,2017-01-05 10:00:00.000000,c9,2016-10-31 00:00:00.000000,2016-11-02 00:00:00.000000
""",
        "traindemographics_no_gps.csv.gz": """\
customerid,birthdate,bank_account_type,bank_name_clients,employment_status_clients,level_of_education_clients
c1,1988,Savings,Bank,Permanent,
c1,1988,Savings,Bank,Permanent,
""",
        "trainperf.csv.gz": """\
customerid,systemloanid,loannumber,approveddate,creationdate,loanamount,totaldue,termdays,referredby,good_bad_flag
c1,3,4,2017-07-05 10:00:00.000000,2017-07-05 09:00:00.000000,20000.0,24500.0,60,,Good
c2,4,1,2017-07-06 10:00:00.000000,2017-07-06 09:00:00.000000,10000.0,11500.0,15,,Bad
""",
    },
    "uci_credit_default": {
        "UCI_Credit_Card.csv.gz": "ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,"
        "BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,"
        "PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,class\n"
        "2,1000.0,2,2,1,24,2,0,-1,0,0,0,500.0,400.0,0.0,300.0,0.0,0.0,100.0,0.0,0.0,0.0,0.0,0.0,1\n"
        "3,2000.0,1,1,2,30,0,0,0,0,0,-2,200.0,100.0,0.0,300.0,0.0,0.0,50.0,0.0,0.0,0.0,0.0,0.0,0\n",
    },
    "xente_ug": {
        "Train.csv.gz": """\
"CustomerId","Value","ProductCategory","ChannelId","TransactionStatus","IssuedDateLoan","AmountLoan","LoanId","PaidOnDate","IsFinalPayBack","InvestorId","DueDate","PayBackId","IsDefaulted"
"C1",550,"airtime","Ch1","0",NA,NA,NA,NA,NA,NA,NA,NA,NA
"C1",1e+05,"retail","Ch1","1",2019-01-03 16:23:18,60000,"L1",2019-01-07 10:35:58,"0","I1",2019-02-02 16:23:14,"B1","0"
"C1",1e+05,"retail","Ch1","1",2019-01-03 16:23:18,61000,"L1",2019-02-07 10:35:58,"1","I1",2019-02-02 16:23:14,"B2","0"
"C2",900,"data","Ch1","1",2019-01-05 10:00:00,500,"L2",2019-01-07 10:35:58,"1","I1",NA,"B3","1"
""",
    },
    "loan_payments_500": {
        "Loan payments data.csv": """\
Loan_ID,loan_status,Principal,terms,effective_date,due_date,paid_off_time,past_due_days,age,education,Gender

x1,PAIDOFF,1000,30,9/8/2016,10/7/2016,9/14/2016 19:31,-23.0,45,college,male

x2,COLLECTION,300,7,9/9/2016,9/15/2016,,83.0,30,college,female
""",
    },
    "berka": {
        "loan.asc": '"loan_id";"account_id";"date";"amount";"duration";"payments";"status"\r\n'
        '5314;1787;930705;96396;12;8033.00;"B"\r\n5316;1801;980711;165960;36;4610.00;"C"\r\n',
    },
    "delinquency_snapshot_2012": {
        "LoanData.csv": '"as_of_date","days_delinquent_old","days_delinquent_new",'
        '"new_outstanding_principal_balance","term"\n2012-11-01,180,0,29383.75,12\n2012-11-01,9,39,3200.41,6\n',
    },
    "credit_record_monthly": {"credit_record.csv": "ID,MONTHS_BALANCE,STATUS\n7,0,X\n7,-1,1\n7,-2,0\n8,0,C\n"},
    "sba_7a": {
        "SBAnational_few.csv": """\
LoanNr_ChkDgt,State,NAICS,ApprovalFY,Term,NoEmp,NewExist,UrbanRural,ChgOffDate,DisbursementDate,DisbursementGross,MIS_Status,ChgOffPrinGr
1000014003,IN,451120,1976A,84,4,2,0,,28-Feb-69,"$60,000.00 ",P I F,"$0.00 "
1000024006,IN,722410,1997,60,2,2,0,31-Mar-10,31-May-07,"$1,040,000.50 ",CHGOFF,"$30,000.25 "
1000034009,IN,722410,1997,60,2,2,0,,,"$0.00 ",,"$0.00 "
""",
    },
    "prosper": {
        "prosperLoanData_few.csv": """\
LoanKey,MemberKey,Term,LoanStatus,BorrowerRate,LoanCurrentDaysDelinquent,LoanOriginalAmount,LoanOriginationDate,LP_CustomerPrincipalPayments,BorrowerState,ListingCategory (numeric)
K1,M1,36,Current,0.158,0,9425,2013-09-12 00:00:00,425.005,CO,1
K1,M1,36,Current,0.158,0,9425,2013-09-12 00:00:00,425.005,CO,1
""",
    },
    "ibm_ar": {
        "WA_Fn-UseC_-Accounts-Receivable.csv": """\
countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate
391,0379,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0
""",
    },
    "ppdai_lp": {
        "LC.csv": "ListingId,借款金额,借款期限,借款利率,借款成功日期,初始评级,借款类型\n"
        "126541,2000,2,18,2015/3/1,C,APP闪电\n",
        "LP.csv": "ListingId,期数,还款状态,应还本金,应还利息,剩余本金,剩余利息,到期日期,还款日期,recorddate\n"
        "126541,1,1,990.05,30,0,0,2015-04-01,2015-04-03,2017-02-22\n"
        "126541,2,0,1009.95,15.15,1009.95,15.15,2015-05-01,2200-01-01,2017-02-22\n",
    },
    "ppdai_2019": {
        "train.csv": "user_id,listing_id,auditing_date,due_date,due_amt,repay_date,repay_amt\n"
        "748147,3163926,2018-04-25,2018-05-25,72.1167,2018-05-25,72.1167\n"
        "404196,2355665,2018-02-18,2018-03-18,307.927,,\n",
    },
    "ppdai_2019_logs": {
        "listing_info.csv": "user_id,listing_id,auditing_date,term,rate,principal\n1,77,2017-01-31,3,8.6,3370\n",
        "user_repay_logs.csv": "user_id,listing_id,order_id,due_date,due_amt,repay_date,repay_amt\n"
        "1,77,1,2017-02-28,1150.005,2017-02-27,1150.005\n1,77,2,2017-03-31,1150.01,2200-01-01,\n",
    },
}

# query, answer; money in minor units
ANSWERS = {
    "superlender_ng": [
        ("SELECT loan_id, principal, term, disbursed_on FROM book.loans ORDER BY 1",
         [("1", 1000000, 1, date(2016, 8, 15)), ("2", 1000000, 3, date(2016, 10, 1))]),
        ("SELECT number, due_on, principal_due, interest_due FROM book.installments WHERE loan_id = '2' ORDER BY 1",
         [(1, date(2016, 10, 31), 333333, 50000), (2, date(2016, 11, 30), 333333, 50000),
          (3, date(2016, 12, 30), 333334, 50001)]),
        ("SELECT paid_on, amount FROM book.payments ORDER BY loan_id, installment_number",
         [(date(2016, 9, 1), 1300000), (date(2016, 11, 2), 383333), (date(2017, 1, 5), 383333),
          (date(2017, 1, 5), 383335)]),
        ("SELECT borrower_id, birth_year, x_account_type FROM book.borrowers", [("c1", 1988, "Savings")]),
    ],
    "superlender_ng_next": [
        ("SELECT loan_id, number, due_on, principal_due, interest_due FROM book.installments"
         " WHERE loan_id > '2' ORDER BY 1, 2",
         [("3", 1, date(2017, 8, 4), 1000000, 225000), ("3", 2, date(2017, 9, 3), 1000000, 225000),
          ("4", 1, date(2017, 7, 21), 1000000, 150000)]),
        ("SELECT loan_id, paid_on, amount FROM book.payments WHERE loan_id > '2' ORDER BY 1, 2",
         [("3", date(2017, 8, 4), 1225000), ("3", date(2017, 9, 3), 1225000)]),
    ],
    "uci_credit_default": [
        ("SELECT loan_id, principal, disbursed_on, x_status_0, x_late_months, x_used_1 FROM book.loans ORDER BY 1",
         [("2", 100000, date(2005, 9, 30), 2, 1, 0.005), ("3", 200000, date(2005, 9, 30), 0, 0, 0.001)]),
        ("SELECT loan_id, paid_on FROM book.payments", [("3", date(2005, 10, 31))]),
        ("SELECT birth_year, x_sex FROM book.borrowers ORDER BY 1", [(1975, "1"), (1981, "2")]),
    ],
    "xente_ug": [
        ("SELECT loan_id, principal FROM book.loans ORDER BY 1", [("L1", 100000), ("L2", 900)]),
        ("SELECT due_on, principal_due, interest_due FROM book.installments ORDER BY loan_id",
         [(date(2019, 2, 2), 100000, 21000), (date(2019, 2, 4), 900, 0)]),
        ("SELECT loan_id, sum(amount), count(*) FROM book.payments GROUP BY 1 ORDER BY 1",
         [("L1", 121000, 2), ("L2", 500, 1)]),
    ],
    "loan_payments_500": [
        ("SELECT loan_id, due_on, principal_due FROM book.installments ORDER BY 1",
         [("x1", date(2016, 10, 7), 100000), ("x2", date(2016, 9, 15), 30000)]),
        ("SELECT paid_on, amount FROM book.payments", [(date(2016, 9, 14), 100000)]),
        ("SELECT _row FROM book_rows.loans ORDER BY 1", [(3,), (5,)]),
    ],
    "berka": [
        ("SELECT loan_id, disbursed_on, principal, term FROM book.loans ORDER BY 1",
         [("5314", date(1993, 7, 5), 9639600, 12), ("5316", date(1998, 7, 11), 16596000, 36)]),
        ("SELECT state, on_date FROM book.statuses ORDER BY loan_id",
         [("ended_unpaid", date(1998, 12, 31)), ("running", date(1998, 12, 31))]),
    ],
    "delinquency_snapshot_2012": [
        ("SELECT loan_id, on_date, state, dpd, balance FROM book.statuses ORDER BY 1, 2",
         [("line-2", date(2012, 11, 1), "91+", 180, 2938375), ("line-2", date(2012, 12, 1), "0", 0, 2938375),
          ("line-3", date(2012, 11, 1), "1-30", 9, 320041), ("line-3", date(2012, 12, 1), "31-60", 39, 320041)]),
    ],
    "credit_record_monthly": [
        ("SELECT loan_id, on_date, state, dpd, opened_on FROM book.statuses ORDER BY 1, 2",
         [("7", date(2019, 11, 1), "0", 0, date(2019, 11, 1)), ("7", date(2019, 12, 1), "1", 30, date(2019, 11, 1)),
          ("7", date(2020, 1, 1), "X", None, date(2019, 11, 1)), ("8", date(2020, 1, 1), "C", None, date(2020, 1, 1))]),
    ],
    "sba_7a": [
        ("SELECT loan_id, disbursed_on, principal, x_approval_year FROM book.loans ORDER BY 1",
         [("1000014003", date(1969, 2, 28), 6000000, 1976), ("1000024006", date(2007, 5, 31), 104000050, 1997)]),
        ("SELECT state, on_date, balance FROM book.statuses ORDER BY loan_id, on_date",
         [("paid_in_full", date(2014, 12, 31), None), ("charge_off", date(2010, 3, 31), 3000025),
          ("charged_off", date(2014, 12, 31), None)]),
    ],
    "prosper": [
        ("SELECT loan_id, principal, annual_rate FROM book.loans", [("K1", 942500, Decimal("0.158"))]),
        ("SELECT state, balance FROM book.statuses", [("Current", 899999)]),
    ],
    "ibm_ar": [
        ("SELECT l.principal, i.due_on, p.paid_on FROM book.loans l JOIN book.installments i USING (loan_id) "
         "JOIN book.payments p USING (loan_id)", [(5594, date(2013, 2, 1), date(2013, 1, 15))]),
    ],
    "ppdai_lp": [
        ("SELECT principal, annual_rate, disbursed_on, product FROM book.loans",
         [(200000, Decimal("0.18"), date(2015, 3, 1), "APP闪电")]),
        ("SELECT number, principal_due, interest_due FROM book.installments ORDER BY 1",
         [(1, 99005, 3000), (2, 100995, 1515)]),
        ("SELECT paid_on, amount FROM book.payments", [(date(2015, 4, 3), 102005)]),
    ],
    "ppdai_2019": [
        ("SELECT loan_id, borrower_id, principal FROM book.loans ORDER BY 1",
         [("2355665", "404196", 30793), ("3163926", "748147", 7212)]),
        ("SELECT loan_id, amount FROM book.payments", [("3163926", 7212)]),
    ],
    "ppdai_2019_logs": [
        ("SELECT annual_rate, term, principal FROM book.loans", [(Decimal("0.086"), 3, 337000)]),
        ("SELECT number, principal_due FROM book.installments ORDER BY 1", [(1, 115001), (2, 115001)]),
        ("SELECT paid_on, amount FROM book.payments", [(date(2017, 2, 27), 115001)]),
    ],
}  # fmt: skip


def write(folder, files, encoding="utf-8"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        data = text.encode(encoding)
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def opened(folder, mapping):
    return open_book(folder, duckdb.connect(config={"threads": 1}), mapping=mapping)


def test_every_shipped_mapping_has_made_up_rows():
    assert set(shipped()) == set(MADE_UP) == set(ANSWERS)


@pytest.mark.parametrize("name", sorted(MADE_UP))
def test_a_shipped_mapping_reads_made_up_rows(name, tmp_path):
    encoding = "gb18030" if name == "ppdai_lp" else "utf-8"
    book = opened(write(tmp_path, MADE_UP[name], encoding), name)
    result = check_book(book, AS_OF)
    assert result.ok, result.faults
    assert book.mapping == name
    for query, answer in ANSWERS[name]:
        assert book.connection.execute(query).fetchall() == answer


def test_oddities_are_counted_and_named(tmp_path):
    notes = opened(write(tmp_path, MADE_UP["xente_ug"]), "xente_ug").notes
    assert "paybacks: 1 rows left out: rejected applications, which have no loan" in notes
    assert any("1 rows kept, but odd: no due date" in n for n in notes)
    assert any("1 rows kept, but odd: paid late, yet not flagged" in n for n in notes)


OWN = """
title = "Branch 7"
currency = "EUR"
time_zone = "Europe/Berlin"
[sources.kredite]
files = ["kredite*.csv"]
delimiter = ";"
encoding = "cp1252"
decimal = ","
thousands = "."
money_signs = ["€"]
nulls = ["-"]
loan = "Nr"
[sources.kredite.columns]
Nr = "identity"
Kunde = { type = "identity", personal = true }
Datum = { type = "date", formats = ["%d.%m.%Y", "%d.%m.%y"], none = ["01.01.2200"] }
"Fällig" = { type = "date", formats = ["%d.%m.%Y"], none = ["01.01.2200"] }
Betrag = "money"
Zins = { type = "rate", unit = "percent", per = "month" }
Art = { type = "text", values = { R = "installment" } }
[[sources.kredite.leave_out]]
name = "test rows"
when = "Kunde = 'TEST'"
[[tables.loans]]
from = "kredite"
[tables.loans.columns]
loan_id = "Nr"
borrower_id = "Kunde"
disbursed_on = "Datum"
principal = "Betrag"
annual_rate = "Zins"
term = 1
product = "Art"
[[tables.installments]]
from = "kredite"
where = '"Fällig" IS NOT NULL'
[tables.installments.columns]
loan_id = "Nr"
number = 1
due_on = '"Fällig"'
principal_due = "Betrag"
interest_due = "CAST(round(Betrag * Zins / 12) AS BIGINT)"
"""

ROWS = "Nr;Kunde;Datum;Fällig;Betrag;Zins;Art\n1;K1;31.01.2026;28.02.2026;1.234,50 €;1,5;R\n2;TEST;-;-;-;-;R\n"


def own(tmp_path, rows=ROWS, mapping=OWN):
    (tmp_path / "branch.toml").write_text(mapping, encoding="utf-8")
    write(tmp_path / "book", {"kredite.csv": rows}, "cp1252")
    return opened(tmp_path / "book", str(tmp_path / "branch.toml"))


def test_a_mapping_of_ones_own(tmp_path):
    book = own(tmp_path)
    assert check_book(book, AS_OF).ok
    assert book.connection.execute("SELECT * EXCLUDE (funder_id, repayment_method) FROM book.loans").fetchall() == [
        ("1", "K1", date(2026, 1, 31), 123450, Decimal("0.18"), 1, "EUR", "installment")
    ]
    assert book.connection.execute("SELECT interest_due FROM book.installments").fetchall() == [(1852,)]
    assert book.notes == ("kredite: 1 rows left out: test rows",)


@pytest.mark.parametrize(
    ("old", "new", "rule", "column", "value"),
    [
        ("31.01.2026", "31.02.2026", "impossible_date", "Datum", "31.02.2026"),
        ("1.234,50 €", "1.234,505 €", "too_fine", "Betrag", "1.234,505 €"),
        ("1.234,50 €", "viel", "wrong_type", "Betrag", "viel"),
        ("1,5;R", "1,5;S", "unknown_value", "Art", "S"),
        ("1,5;R", "hoch;R", "wrong_type", "Zins", "hoch"),
        ("1;K1;", "1;;", "missing_value", "borrower_id", ""),
        ("01;K1", "01;K1", None, "", ""),
    ],
)
def test_a_bad_cell_of_a_mapped_file_is_placed(tmp_path, old, new, rule, column, value):
    result = check_book(own(tmp_path, ROWS.replace(old, new)), AS_OF)
    if rule is None:
        assert result.ok
        return
    found = [f for f in result.faults if f.rule == rule]
    assert [(f.file, f.row, f.column, f.value) for f in found] == [("kredite.csv", 2, column, value)]
    assert result.quarantinable
    assert result.bad_loan_count == 1


def test_a_source_without_files_or_columns_is_a_fault(tmp_path):
    book = own(tmp_path, ROWS.replace("Betrag", "Summe"))
    assert check_book(book, AS_OF).counts["missing_column"] == 1
    (tmp_path / "book" / "kredite.csv").rename(tmp_path / "book" / "other.csv")
    counts = check_book(opened(tmp_path / "book", str(tmp_path / "branch.toml")), AS_OF).counts
    assert counts == {"unknown_file": 1, "missing_source": 1}


def test_rates_that_look_like_percents_and_waived_rules_are_told(tmp_path):
    book = own(tmp_path, mapping=OWN + '[[waive]]\nrule = "no_term"\nwhy = "because"\n')
    assert [(w.rule, w.why) for w in check_book(book, AS_OF).waived] == [("no_term", "because")]


def test_parquet_sources(tmp_path):
    table = pa.table({"ID": [1, 1], "MONTHS_BALANCE": [0, -1], "STATUS": ["1", "?"]})
    (tmp_path / "b").mkdir()
    pq.write_table(table, tmp_path / "b" / "credit_record.parquet")
    result = check_book(opened(tmp_path / "b", "credit_record_monthly"), AS_OF)
    bad = [(f.rule, f.file, f.row, f.value) for f in result.faults if f.rule == "unknown_value"]
    assert bad == [("unknown_value", "credit_record.parquet", 2, "?")]


def test_a_damaged_parquet_source_is_named(tmp_path):
    table = pa.table({"ID": list(range(500)), "MONTHS_BALANCE": [0] * 500, "STATUS": ["1"] * 500})
    path = tmp_path / "b" / "credit_record.parquet"
    path.parent.mkdir()
    pq.write_table(table, path, use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[20:60] = b"\xff" * 40
    path.write_bytes(data)
    result = check_book(opened(tmp_path / "b", "credit_record_monthly"), AS_OF)
    assert [(f.rule, f.file) for f in result.faults] == [("unread_rows", "credit_record.parquet")]
    assert not result.quarantinable


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('currency = "EUR"', 'currency = "EURO"', "EURO"),
        ('encoding = "cp1252"', 'encoding = "klingon"', "klingon"),
        ('disbursed_on = "Datum"', "", "disbursed_on"),
        ('principal = "Betrag"', 'principal = "Bertrag"', "Bertrag"),
        ('principal = "Betrag"', 'principal = "Betrag * 0.5"', "whole minor units"),
        ('from = "kredite"', 'from = "kredit"', "kredit"),
        ("[[tables.loans]]", "[[tables.loan]]", "loan"),
        ('Nr = "identity"', 'Nr = "id"', "columns.Nr"),
        ('title = "Branch 7"', "", "title"),
        ('title = "Branch 7"', "title = ", "TOML"),
        ("due_on = '\"Fällig\"'", "due_on = 'Betrag + Nr'", "installments"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(tmp_path, old, new, said):
    with pytest.raises(WrongUse, match=said):
        own(tmp_path, mapping=OWN.replace(old, new, 1))


def test_an_unknown_mapping_names_the_shipped_ones(tmp_path):
    with pytest.raises(WrongUse) as told:
        read_mapping("superlender")
    assert "superlender_ng" in told.value.hint


@pytest.mark.parametrize(
    "hostile",
    [
        "read_csv('/etc/passwd')", "(SELECT 1)", "getenv('HOME')", "a; DROP TABLE x", "other.a", "b", "a +",
        "CAST(a AS BLOB)", "EXISTS(SELECT 1)", "row_number() OVER ()", "a IN (SELECT 1)", "$1", "?",
    ],
)  # fmt: skip
def test_an_expression_can_compute_and_no_more(hostile):
    with pytest.raises(WrongUse):
        compiled(hostile, ["a"], "here")


def test_expressions_compute(tmp_path):
    connection = duckdb.connect()
    for text, value in [("a + 1", 8), ("CASE WHEN a > 5 THEN 'x' ELSE 'y' END", "x"), ("COALESCE(NULL, a) % 4", 3)]:
        sql = compiled(text, ["a"], "here")
        assert connection.execute(f"SELECT {sql} FROM (SELECT 7 AS a)").fetchone() == (value,)
    assert compiled(date(2020, 1, 2), [], "here") == "DATE '2020-01-02'"
    assert (compiled(True, [], "here"), compiled(3, [], "here")) == ("true", "3")


DOCS = Path(__file__).resolve().parents[2] / "docs" / "book.md"


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def test_the_mapping_in_the_docs_reads_the_rows_in_the_docs(tmp_path):
    mapping = next(b for b in blocks("toml") if "[sources." in b)
    book = own(tmp_path, blocks("text")[0], mapping)
    result = check_book(book, AS_OF)
    assert result.ok, result.faults
    assert book.connection.execute("SELECT loan_id, paid_on, amount FROM book.payments").fetchall() == [
        ("1", date(2026, 3, 1), 123450 + 1852)
    ]
    assert book.connection.execute("SELECT count(*) FROM book.loans").fetchone() == (2,)


def test_the_docs_name_every_rule_and_every_shipped_mapping():
    said = DOCS.read_text(encoding="utf-8")
    unsaid = [n for n in (*rules(), *shipped()) if not re.search(rf"\b{n}\b", said)]
    assert unsaid == []
