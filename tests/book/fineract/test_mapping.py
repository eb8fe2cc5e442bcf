"""What becomes of a loan: each type of transaction, waived and taken back, in every currency's digits, to the cent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest

from forbear.basics.errors import AnswerIsNo
from forbear.book import check_book, open_book
from forbear.book.fineract import Client, Mirror, fetch, write_books
from forbear.book.fineract.mapping import mapped, types
from forbear.book.fineract.parsing import Unmapped, day, minor
from forbear.night import age
from forbear.testing.fineract import PASSWORD, USER, FineractDouble, array, loan, period, transaction

D = date(2026, 1, 15)
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


def rows(*transactions, **more):
    return mapped(loan(1, transactions=list(transactions), **more))


def test_the_loan_and_its_schedule():
    made = rows()
    assert made.loan == {
        "loan_id": "1",
        "borrower_id": "7",
        "disbursed_on": "2026-01-15",
        "principal": 100_000,
        "annual_rate": "0.24",
        "term": 4,
        "currency": "KES",
        "product": "Silver",
        "repayment_method": "equal_installment",
        "funder_id": "3",
    }
    assert made.installments[0] == [1, "2026-02-14", 25_000, 2_500, 0]
    assert mapped(loan(2, client=None, group={"id": 9, "name": "Uni"})).loan["borrower_id"] == "group-9"


@pytest.mark.parametrize(
    "kind", sorted(number for number, (_, treat) in types().transactions.items() if treat == "money_in")
)
def test_whatever_lessens_what_is_owed_is_a_payment_that_says_what_it_is(kind):
    made = rows(transaction(5, kind, date(2026, 2, 14), 275.5))
    assert made.payments == {"5": ["2026-02-14", 27_550, types().transactions[kind][0]]}
    assert made.reversals == {}


@pytest.mark.parametrize(
    "kind", sorted(n for n, (_, treat) in types().transactions.items() if treat in ("none", "in_schedule"))
)
def test_what_moves_no_money_of_the_borrower_makes_no_row(kind):
    finer_than_money = 1.2345 if types().transactions[kind][1] == "none" else 1.23
    made = rows(transaction(5, kind, date(2026, 2, 14), finer_than_money))
    assert made.payments == made.reversals == {}
    assert made.types[types().transactions[kind][0]] == 1


def test_every_type_of_fineract_is_decided():
    """LoanTransactionType has the numbers 1 to 43, of which 11 is none."""
    assert set(types().transactions) == set(range(1, 44)) - {11}
    with pytest.raises(Unmapped, match="unknown_transaction"):
        rows(transaction(5, 99, D, 1.0))


def test_a_reversed_payment_stays_with_an_event_from_its_day():
    made = rows(
        transaction(5, 2, date(2026, 2, 14), 275.0, manuallyReversed=True, reversedOnDate=date(2026, 2, 20)),
        transaction(6, 2, date(2026, 3, 16), 275.0, manuallyReversed=True),
        transaction(7, 2, date(2026, 3, 20), 275.0),
    )
    assert made.payments.keys() == {"5", "6", "7"}
    assert made.reversals == {"5": ["2026-02-20", "2026-02-20"], "6": ["2026-03-16", None]}
    assert made.types == {"disbursement": 1, "repayment (reversed)": 2, "repayment": 1}


def test_money_given_back_is_taken_from_the_latest_payments():
    made = rows(
        transaction(5, 2, date(2026, 2, 14), 600.0),
        transaction(6, 2, date(2026, 3, 16), 600.0),
        transaction(7, 20, date(2026, 4, 1), 100.0),
        status=600,
    )
    assert made.reversals == {"6": ["2026-04-01", "2026-04-01"]}
    assert made.payments["6-after-7"] == ["2026-04-01", 50_000, "repayment"]
    with pytest.raises(Unmapped, match="more_given_back"):
        rows(transaction(5, 2, date(2026, 2, 14), 50.0), transaction(7, 20, date(2026, 4, 1), 100.0))


def test_a_chargeback_takes_back_the_payment_it_names():
    back = {
        "transactionRelations": [{"fromLoanTransaction": 7, "toLoanTransaction": 5, "relationType": "CHARGEBACK"}]
    }
    told = loan(
        1,
        transactions=[
            transaction(5, 2, date(2026, 2, 14), 275.0),
            transaction(6, 2, date(2026, 3, 16), 275.0),
            transaction(7, 25, date(2026, 4, 1), 275.0, **back),
        ],
    )
    third = told["repaymentSchedule"]["periods"][3]
    third["principalDue"] = third["principalOriginalDue"] = third["principalDue"] + 275.0
    third["totalCredits"] = 275.0
    made = mapped(told)
    assert made.reversals == {"5": ["2026-04-01", "2026-04-01"]}
    assert [row[2] for row in made.installments] == [25_000] * 4
    third["totalCredits"] = 100.0
    with pytest.raises(Unmapped, match="chargeback_unclear"):
        mapped(told)


def test_waived_is_not_due_and_penalties_stand_with_the_fees():
    told = loan(1, interest=0.0)
    first = told["repaymentSchedule"]["periods"][1]
    first |= {"interestDue": 25.0, "interestWaived": 5.0, "feeChargesDue": 4.0, "penaltyChargesDue": 3.0}
    first |= {"feeChargesWaived": 1.5, "penaltyChargesWaived": 3.0}
    assert mapped(told).installments[0] == [1, "2026-02-14", 25_000, 2_000, 250]
    first["interestWaived"] = 30.0
    with pytest.raises(Unmapped, match="negative_due"):
        mapped(told)


def test_fees_settled_at_disbursal_stand_nowhere_and_unpaid_ones_are_not_forgotten():
    told = loan(1, transactions=[transaction(5, 5, D, 10.0)])
    told["repaymentSchedule"]["periods"][0] |= {"feeChargesDue": 10.0, "feeChargesPaid": 10.0}
    assert mapped(told).payments == {}
    told["repaymentSchedule"]["periods"][0]["feeChargesOutstanding"] = 10.0
    with pytest.raises(Unmapped, match="fees_of_disbursal_unpaid"):
        mapped(told)


def test_several_disbursals_and_one_that_was_undone():
    told = loan(1, principal=1_500.0, transactions=[])
    told["transactions"] = [
        transaction(1, 1, D, 1_000.0),
        transaction(2, 1, date(2026, 2, 1), 500.0),
        transaction(3, 1, date(2026, 2, 2), 700.0, manuallyReversed=True),
    ]
    assert mapped(told).loan["principal"] == 150_000
    told["transactions"].pop(1)
    with pytest.raises(Unmapped, match="principal_mismatch"):
        mapped(told)


def test_a_write_off_is_kept_and_what_had_not_fallen_due_never_does():
    told = loan(1, status=601, transactions=[transaction(9, 6, date(2026, 3, 31), 1_100.0)])
    for one in told["repaymentSchedule"]["periods"][1:]:
        one["interestWrittenOff"], one["principalWrittenOff"] = 25.0, 250.0
    made = mapped(told)
    assert made.write_offs == {"9": "2026-03-31"}
    assert [row[2:4] for row in made.installments] == [[25_000, 2_500], [25_000, 2_500], [25_000, 0], [25_000, 0]]


@pytest.mark.parametrize(
    ("currency", "amount", "is_minor"),
    [
        ("KES", "83.330000", 8_333),
        ("JPY", "1000.000000", 1_000),
        ("KWD", "1.005000", 1_005),
        ("XOF", "5000", 5_000),
    ],
)
def test_amounts_have_the_currency_s_own_digits(currency, amount, is_minor):
    assert minor(Decimal(amount), currency) == is_minor


@pytest.mark.parametrize("amount", ["0.005", "NaN", "Infinity", "ten", {}, [1], "1e400"])
def test_an_amount_finer_than_money_is_never_rounded(amount):
    with pytest.raises(Unmapped):
        minor(amount, "KES")


@pytest.mark.parametrize(
    ("told", "is_day"),
    [([2026, 1, 15], D), ([2026, 1, 15, 8, 30], D), ("2026-01-15", D), ("2026-01-15T08:00:00Z", D), (None, None)],
)
def test_dates(told, is_day):
    assert day(told) == is_day


@pytest.mark.parametrize("told", [[2026, 13, 1], [2026], "soon", 20260115, [2026, None, 1], {}])
def test_what_is_no_date(told):
    with pytest.raises(Unmapped):
        day(told)


def test_books_are_sound_one_a_currency_and_give_the_arrears(tmp_path):
    with FineractDouble() as server:
        server.put(
            loan(1, transactions=[transaction(11, 2, date(2026, 2, 14), 275.0)]),
            loan(2, transactions=[transaction(21, 2, date(2026, 2, 14), 275.0, manuallyReversed=True)]),
            loan(3, currency="JPY", principal=1_001.0, interest=4.0),
            loan(4, status=100),
        )
        server.loans[3]["repaymentSchedule"]["periods"][1:] = [
            period(n, D + timedelta(days=30 * n), 251.0 if n == 4 else 250.0, 1.0) for n in range(1, 5)
        ]
        with Mirror(tmp_path / "mirror") as mirror:
            fetch(Client(server.url, USER, PASSWORD, rate=1000), mirror, at=AT)
            books = write_books(mirror, tmp_path / "books")
    assert sorted(books) == ["JPY", "KES"]
    with duckdb.connect() as engine:
        book = open_book(books["KES"], engine)
        result = check_book(book, AT.date())
        assert result.ok, result.faults
        aged = {row["loan_id"]: row for row in age(book, as_of=date(2026, 3, 20)).to_pylist()}
    assert aged["1"]["arrears_total"] == Decimal("275.00")
    assert aged["2"]["arrears_total"] == Decimal("550.00")
    assert aged["1"]["dpd"] == (date(2026, 3, 20) - date(2026, 3, 16)).days
    with duckdb.connect() as engine:
        assert check_book(open_book(books["JPY"], engine), AT.date()).ok


def test_a_server_without_a_loan_makes_no_book(tmp_path):
    with FineractDouble() as server, Mirror(tmp_path / "mirror") as mirror:
        server.put(loan(1, status=100))
        fetch(Client(server.url, USER, PASSWORD, rate=1000), mirror, at=AT)
        with pytest.raises(AnswerIsNo):
            write_books(mirror, tmp_path / "books")


def test_payments_that_fineract_books_anew_are_not_counted_twice(tmp_path):
    """A backdated change gives later payments new numbers (reverse and replay): the old ones vanish from the list."""
    with FineractDouble() as server:
        client = Client(server.url, USER, PASSWORD, rate=1000)
        server.put(loan(1, transactions=[transaction(5, 2, date(2026, 3, 16), 275.0)]))
        with Mirror(tmp_path / "mirror") as mirror:
            fetch(client, mirror, at=AT)
            backdated, again = (
                transaction(6, 2, date(2026, 2, 14), 100.0),
                transaction(7, 2, date(2026, 3, 16), 275.0),
            )
            server.put(loan(1, transactions=[backdated, again], summary={"totalRepayment": 375.0}))
            for _ in range(2):
                fetch(client, mirror, at=AT + timedelta(days=1), full=True)
                ((_, now),) = mirror.loans()
                assert set(now["payments"]) == {"5", "6", "7"}
                assert now["reversals"] == {"5": ["2026-03-16", None]}


def test_a_reversal_that_is_no_longer_told_is_a_payment_anew(tmp_path):
    refund = transaction(7, 20, date(2026, 4, 1), 275.0)
    with FineractDouble() as server:
        client = Client(server.url, USER, PASSWORD, rate=1000)
        paid = transaction(5, 2, date(2026, 3, 16), 275.0)
        server.put(loan(1, transactions=[paid, refund]))
        with Mirror(tmp_path / "mirror") as mirror:
            fetch(client, mirror, at=AT)
            server.put(loan(1, transactions=[paid, refund | {"manuallyReversed": True}]))
            fetch(client, mirror, at=AT + timedelta(days=1), full=True)
            ((_, now),) = mirror.loans()
    standing = {key: row for key, row in now["payments"].items() if key not in now["reversals"]}
    assert standing == {"5-again": ["2026-04-01", 27_500, "repayment"]}
    assert array(D) == [2026, 1, 15]
