"""Bank files taken in: once, whole, booked alike in any order; a kill leaves nothing half."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, date, datetime
from itertools import chain

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.db.models import Sum

from forbear.desk.audit.models import Entry as AuditEntry
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.verify import verify
from forbear.desk.money.automatic import book_sure, try_again
from forbear.desk.money.bank.mapping import shipped_mapping
from forbear.desk.money.bank.movements import Faulty
from forbear.desk.money.models import BankFile, BankStatement, Receipt, Share
from forbear.desk.money.receipts import found, told
from forbear.desk.money.taking import take_file
from forbear.desk.privacy import put
from forbear.testing.lending import lend
from tests.desk.money.bank.test_mapped import ALIPAY
from tests.desk.money.conftest import document, entry, statement

NOW = datetime(2026, 4, 1, tzinfo=UTC)
FAR = date(2199, 1, 1)


@pytest.fixture
def loans(db):
    lend("LN0001")
    lend("LN0002", borrower_id="B2")
    put("B2", "name", "张小三", "tests")
    put("B2", "phone", "13800001111", "tests")


def paid():
    """What the ledger has, whoever asked in which order."""
    payments = Entry.objects.filter(kind="payment").values_list("loan_id", "effective_on", "amount", "cause", "key")
    return sorted(payments), balances(["LN0001", "LN0002"], FAR)


def installment(loan: str) -> str:
    from forbear.desk.record.models import Installment

    row = Installment.objects.get(loan_id=loan, number=1)
    return f"{(row.principal_due + row.interest_due + row.fees_due) / 100:.2f}"


def test_what_is_sure_is_booked_and_the_rest_is_parked_or_told_why_not(loans, take):
    done = take(
        entry("500.00", text="还款 ＬＮ-00 01", name="李四", account="6217000000001"),
        entry(installment("LN0002"), name="张小三", account="6217000000002"),
        entry("9.99", name="张小三"),
        entry("7.00", way="DBIT"),
        entry("8.00", status="PDNG"),
        entry("3.00", reversal=True),
        entry("4.00", reversal=True, way="DBIT"),
    )
    assert done.file.counts == {"movements": 7, "new": 7, "known": 0}
    assert done.booked == 2
    states = Receipt.objects.order_by("receipt_id").values_list("state", "reason", "note")
    assert list(states) == [
        ("matched", "", ""),
        ("matched", "", ""),
        ("parked", "", ""),
        ("other", "outgoing", ""),
        ("other", "announced", ""),
        ("other", "reversal_of_outgoing", ""),
        ("parked", "", "reversal"),
    ]
    assert list(Share.objects.order_by("loan_id").values_list("loan_id", "why")) == [
        ("LN0001", ["named"]),
        ("LN0002", ["name", "only_loan", "scheduled"]),
    ]
    assert list(verify()) == []
    shown = told(found())[1]
    assert (shown.proposals[0].loan_id, shown.proposals[0].sure) == ("LN0002", False)
    assert "seen_name" in shown.proposals[0].reasons


def test_the_same_file_again_takes_nothing_and_an_overlapping_one_books_nothing_twice(loans):
    first = document(
        statement(entry("5", text="LN0001", ref="A"), entry("6", text="LN0001"), opening="0", closing="11")
    )
    take_file(first, "a.xml", None, actor="t", at=NOW)
    before = paid()
    again = take_file(first, "renamed.xml", None, actor="t", at=NOW)
    assert (again.again, again.booked, paid()) == (True, 0, before)
    wider = document(
        statement(
            entry("6", text="LN0001"),
            entry("5", text="whatever the bank says now", ref="A"),
            entry("7", text="LN0002", ref="C"),
            number="week",
        )
    )
    done = take_file(wider, "week.xml", None, actor="t", at=NOW)
    assert done.file.counts == {"movements": 3, "new": 1, "known": 2}
    assert len(paid()[0]) == 3
    assert BankFile.objects.count() == 2


def test_two_payments_that_are_alike_are_two_also_across_files_that_do_not_contain_each_other(loans):
    alike = entry("5", text="LN0001", name="李四")
    take_file(document(statement(alike, alike, entry("1", text="morning"))), "1.xml", None, actor="t", at=NOW)
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 1_000
    done = take_file(document(statement(alike, entry("2", text="afternoon"))), "2.xml", None, actor="t", at=NOW)
    assert done.file.counts == {"movements": 2, "new": 2, "known": 0}
    assert Receipt.objects.get(note="twin").state == "parked"
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 1_000
    assert try_again() == 2  # what only looks like another is never booked without a person
    book_sure(NOW)
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 1_000


def test_a_file_with_a_fault_leaves_nothing_behind(loans):
    with pytest.raises(Faulty):
        take_file(document(statement(entry("5", text="LN0001"), entry("x"))), "a", None, actor="t", at=NOW)
    assert not Receipt.objects.exists()
    assert not BankFile.objects.exists()
    assert not Entry.objects.filter(kind="payment").exists()


def test_every_minor_unit_of_a_file_is_accounted_for(loans):
    rng = random.Random(5)
    entries = [
        entry(
            f"{rng.randint(1, 99_999) / 100:.2f}",
            text=rng.choice(["LN0001", "LN0002", "rent", ""]),
            way=rng.choice(["CRDT", "CRDT", "DBIT"]),
            ref=f"R{n}",
        )
        for n in range(60)
    ]
    take_file(document(statement(*entries)), "a", None, actor="t", at=NOW)
    of = BankStatement.objects.get()
    incoming = Receipt.objects.filter(incoming=True)
    assert incoming.aggregate(s=Sum("amount"))["s"] == of.came
    assert Receipt.objects.filter(incoming=False).aggregate(s=Sum("amount"))["s"] == of.went
    booked = Share.objects.aggregate(s=Sum("amount"))["s"]
    assert booked == Entry.objects.filter(kind="payment").aggregate(s=Sum("amount"))["s"]
    assert booked + incoming.filter(state="parked").aggregate(s=Sum("amount"))["s"] == of.came


def checked(act):
    """Do it as if it was to be committed."""
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        act()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_itself_lets_no_money_of_a_receipt_go(loans, take):
    take(entry("5", text="LN0001"), entry("6"))
    matched, parked = Receipt.objects.order_by("receipt_id")
    for wrong in (
        lambda: Receipt.objects.filter(pk=matched.pk).update(state="parked"),
        lambda: Receipt.objects.filter(pk=parked.pk).update(state="matched"),
        lambda: Receipt.objects.filter(pk=parked.pk).update(state="returned"),
        lambda: Share.objects.filter(receipt=matched).update(undone_at=NOW),
    ):
        with pytest.raises(IntegrityError):
            checked(wrong)
    for forbidden in (
        lambda: Receipt.objects.filter(pk=parked.pk).update(amount=1),
        lambda: Receipt.objects.filter(pk=parked.pk).delete(),
        lambda: Share.objects.filter(receipt=matched).update(amount=1),
    ):
        with pytest.raises(ProgrammingError):
            checked(forbidden)


def files_of(seed: int) -> list[bytes]:
    """Statements that overlap, some movements with and some without a reference."""
    rng = random.Random(seed)
    days = [f"2026-02-{day:02}" for day in range(17, 23)]
    moves = {
        day: [
            entry(
                f"{rng.randint(1, 400)}.{n:02}",
                day,
                text=rng.choice(["LN0001", "ln-0002 thanks", "nothing", "LN0001 LN0002"]),
                name=rng.choice(["张小三", "李四"]),
                ref=rng.choice([f"R{day}{n}", ""]),
            )
            for n in range(rng.randint(0, 3))
        ]
        for day in days
    }
    spans = [(0, 1), (1, 2), (0, 3), (2, 4), (3, 6), (0, 6), (4, 6)]
    return [
        document(statement(*chain.from_iterable(moves[day] for day in days[a:b]), number=f"{a}-{b}"))
        for a, b in spans
    ]


@pytest.mark.parametrize("seed", range(4))
def test_files_in_any_order_and_repeated_give_the_same_ledger(loans, seed):
    files = files_of(seed)
    outcomes = []
    for order_seed in range(3):
        rng = random.Random(seed * 100 + order_seed)
        order = [*files, *rng.choices(files, k=3)]
        rng.shuffle(order)
        with transaction.atomic():
            for number, data in enumerate(order):
                take_file(data, f"{number}.xml", None, actor="t", at=NOW)
            parked = sorted(Receipt.objects.filter(state="parked").values_list("amount", "booked_on", "mark"))
            outcomes.append((paid(), parked))
            transaction.set_rollback(True)
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0][0][0], "something must have been booked"


class Killed(Exception):
    pass


def test_a_kill_between_staging_and_booking_leaves_nothing_half_and_the_next_run_goes_on(transactional_db):
    lend("LN0001")
    data = document(statement(entry("5", text="LN0001"), entry("6", text="LN0001", ref="B")))

    def kill():
        raise Killed

    with pytest.raises(Killed):
        take_file(data, "a", None, actor="t", at=NOW, watch=kill)
    assert set(Receipt.objects.values_list("state", flat=True)) == {"parked"}
    assert not Share.objects.exists()
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 0
    done = take_file(data, "a", None, actor="t", at=NOW)
    assert (done.again, done.booked) == (True, 2)
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 1_100
    assert list(verify()) == []


DYING = """
import os, sys, django
django.setup()
from datetime import UTC, datetime
from forbear.desk.money import automatic, taking
def die(*args, **facts):
    os.kill(os.getpid(), 9)
if sys.argv[1] == "booking":
    automatic.record = die
if sys.argv[1] == "keeping":
    taking.record = die
between = die if sys.argv[1] == "between" else None
now = datetime(2026, 4, 1, tzinfo=UTC)
taking.take_file(sys.stdin.buffer.read(), "a", None, actor="t", at=now, watch=between)
"""


@pytest.mark.parametrize(("where", "kept"), [("keeping", 0), ("between", 2), ("booking", 2)])
def test_a_process_that_is_killed_leaves_nothing_half(transactional_db, postgres, where, kept):
    lend("LN0001")
    data = document(statement(entry("5", text="LN0001"), entry("6", text="nothing")))
    told_ = subprocess.run(
        [sys.executable, "-c", DYING, where], input=data, env={**os.environ, "DATABASE_URL": postgres}, check=False
    )
    assert told_.returncode == -9
    assert (Receipt.objects.count(), Share.objects.count()) == (kept, 0)
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 0
    assert take_file(data, "a", None, actor="t", at=NOW).booked == 1
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 500
    assert list(verify()) == []


def test_one_batch_is_whole_or_not_at_all(transactional_db, monkeypatch):
    from forbear.desk.money import automatic

    lend("LN0001")
    take_file(document(statement(entry("5", text="LN0009"))), "0", None, actor="t", at=NOW)
    Receipt.objects.update(tried_at=None)
    lend("LN0009", borrower_id="B9")
    real, calls = automatic.record, []

    def dying(*args, **facts):
        calls.append(args)
        real(*args, **facts)
        raise Killed

    monkeypatch.setattr(automatic, "record", dying)
    with pytest.raises(Killed):
        book_sure(NOW)
    assert calls
    assert not Share.objects.exists()
    assert not Entry.objects.filter(kind="payment").exists()
    monkeypatch.setattr(automatic, "record", real)
    assert book_sure(NOW) == 1


def test_one_file_from_eight_at_once_is_taken_once(transactional_db):
    from tests.desk.ledger.test_races import at_once

    lend("LN0001")
    data = document(statement(*(entry("5", text="LN0001", ref=f"R{n}") for n in range(5))))
    told_ = at_once(lambda n: take_file(data, f"{n}", None, actor="t", at=NOW).again if n < 8 else None)
    assert sorted(one for one in told_ if one is not None) == [False] + [True] * 7
    book_sure(NOW)
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 2_500


def test_a_csv_by_mapping_is_taken_and_a_wallets_phone_is_known(loans):
    row = ALIPAY.replace("500.00", installment("LN0002")).replace("LN-0001", "").replace(",还款,", ",,")
    plain = row.replace(",1500.00", ",").replace(",1499.00", ",").replace(",1519.50", ",")
    total = f"{float(installment('LN0002')) + 20.5:.2f}"
    done = take_file(
        plain.replace("520.50", total).encode("gb18030"), "a.csv", shipped_mapping("alipay"), actor="t", at=NOW
    )
    assert (done.file.form, done.booked) == ("alipay", 2)
    assert Share.objects.get(receipt__reference="7001").why == ["contact", "only_loan", "scheduled"]
    assert Share.objects.get(receipt__reference="7003").why == ["named"]


def test_who_paid_stands_sealed_in_the_database_and_nowhere_in_the_audit_log(loans, take):
    take(
        entry("5", text="还款 LN0001 王秘密", name="王秘密", account="6217999988887777"), entry("6", name="王秘密")
    )
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT receipts::text FROM receipts UNION ALL SELECT receipt_shares::text FROM receipt_shares"
        )
        raw = str(cursor.fetchall()) + str(list(AuditEntry.objects.values_list("facts", flat=True)))
    for secret in ("王秘密", "王秘密".encode().hex(), "6217999988887777", b"6217999988887777".hex()):
        assert secret not in raw
    assert Receipt.objects.filter(payer_name=b"").count() == 0
    assert {told_.payer_name for told_ in told(found(""))} == {"王*密"}
