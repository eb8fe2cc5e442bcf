"""Receipts in people's hands: matched, split, set aside, given back, undone; one winner of a race."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.models import Entry as AuditEntry
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.verify import verify
from forbear.desk.money import receipts
from forbear.desk.money.keeping import due, tidy
from forbear.desk.money.models import Receipt, Share
from forbear.desk.money.payments import payments, propose_reversal
from forbear.desk.money.previews import effects, is_stale
from forbear.desk.money.shares import rest
from forbear.desk.people.approvals import approve
from forbear.desk.privacy import put
from forbear.desk.privacy.keys import forget
from forbear.desk.privacy.models import DataKey
from forbear.desk.privacy.payers import reveal_payer
from forbear.testing.lending import lend
from tests.desk.money.conftest import entry

NOW = datetime(2026, 4, 1, tzinfo=UTC)
FAR = date(2199, 1, 1)


@pytest.fixture
def people(user_of):
    return user_of("manager"), user_of("manager", "second")


@pytest.fixture
def parked(db, take):
    lend("LN0001")
    lend("LN0002", borrower_id="B2")
    take(entry("500.00", name="赵六", account="6217000000009999", text="rent for may"))
    return Receipt.objects.get()


def paid(*loans: str) -> list[int]:
    found = balances(loans, FAR)
    return [found[loan].paid_total for loan in loans]


def again(receipt: Receipt) -> Receipt:
    return Receipt.objects.get(pk=receipt.pk)


def test_a_receipt_is_matched_by_hand_split_and_the_rest_given_back(parked, people):
    manager, second = people
    receipts.match(manager, parked.pk, [("LN0001", 20_000)], NOW)
    assert (again(parked).state, rest(parked), again(parked).borrower_id) == ("parked", 30_000, "B1")
    receipts.match(manager, parked.pk, [("LN0002", 10_000)], NOW)
    assert (again(parked).borrower_id, paid("LN0001", "LN0002")) == (None, [20_000, 10_000])
    asked = receipts.propose_return(manager, parked.pk, None, "the payer asked for it", NOW)
    assert rest(again(parked)) == 20_000
    approve(second, asked.pk, NOW)
    assert (again(parked).state, again(parked).returned, rest(again(parked))) == ("matched", 20_000, 0)
    assert [e.action for e in AuditEntry.objects.filter(subject=f"receipt:{parked.pk}").order_by("entry_id")] == [
        "receipt.matched",
        "receipt.matched",
        "approval.proposed",
        "receipt.returned",
        "approval.executed",
    ]
    assert list(verify()) == []


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [("LN0001", 0)],
        [("LN0001", -1)],
        [("LN0001", 50_001)],
        [("LN0001", 30_000), ("LN0002", 20_001)],
        [("LN0001", 1), ("LN0001", 1)],
        [("LN9999", 1)],
    ],
)
def test_parts_that_do_not_fit_book_nothing(parked, people, parts):
    with pytest.raises(WrongUse):
        receipts.match(people[0], parked.pk, parts, NOW)
    assert paid("LN0001", "LN0002") == [0, 0]
    assert not Share.objects.exists()


def test_a_loan_in_another_currency_is_proposed_against_and_refused(parked, people):
    from forbear.desk.record.models import Loan

    Loan.objects.filter(pk="LN0001").update(currency="USD")
    with pytest.raises(WrongUse, match="USD"):
        receipts.match(people[0], parked.pk, [("LN0001", 1)], NOW)


def test_a_match_is_undone_by_two_and_matched_anew(parked, people):
    manager, second = people
    receipts.match(manager, parked.pk, [("LN0001", 50_000)], NOW)
    asked = receipts.propose_unmatch(manager, parked.pk, "it was another's", NOW)
    with pytest.raises(AnswerIsNo, match="waits for a second person"):
        receipts.propose_unmatch(manager, parked.pk, "again", NOW)
    (effect,) = effects(asked)
    approve(second, asked.pk, NOW)
    after = balances(["LN0001"], FAR)["LN0001"]
    assert {n: a for n, _, a in effect.standing if n != "unapplied"} == {
        name: getattr(after, f"{name}_outstanding") for name, before, a in effect.standing if name != "unapplied"
    }
    assert (again(parked).state, again(parked).borrower_id, paid("LN0001")) == ("parked", None, [0])
    receipts.match(manager, parked.pk, [("LN0002", 50_000)], NOW)
    assert paid("LN0001", "LN0002") == [0, 50_000]
    assert again(parked).payer_name == "赵六"
    assert list(verify()) == []


def test_a_payment_reversed_by_its_own_way_parks_the_money_again(parked, people):
    manager, second = people
    (share,) = receipts.match(manager, parked.pk, [("LN0001", 50_000)], NOW)
    (payment,) = payments(payment_id=share.payment_id, most=1)
    asked = propose_reversal(payment, date(2026, 2, 25), "wrong", by=manager, at=NOW)
    unmatching = receipts.propose_unmatch(manager, parked.pk, "wrong", NOW)
    approve(second, asked.pk, NOW)
    assert (again(parked).state, rest(again(parked))) == ("parked", 50_000)
    assert is_stale(unmatching)
    with pytest.raises(AnswerIsNo):
        approve(second, unmatching.pk, NOW)
    assert list(verify()) == []


@pytest.mark.parametrize("matched", [True, False])
def test_what_the_bank_takes_back_is_taken_off_the_loan_by_two(parked, people, take, matched):
    manager, second = people
    if matched:
        receipts.match(manager, parked.pk, [("LN0001", 50_000)], NOW)
    take(entry("500.00", "2026-02-24", way="DBIT", reversal=True, name="赵六"), entry("500.00", "2026-02-19"))
    back = Receipt.objects.get(reversal=True)
    assert receipts.taken_back(back)[0].pk == parked.pk
    with pytest.raises(AnswerIsNo, match="took money away"):
        receipts.match(manager, back.pk, [("LN0001", 1)], NOW)
    asked = receipts.propose_bounce(manager, back.pk, parked.pk, "returned by the bank", NOW)
    approve(second, asked.pk, NOW)
    assert (again(parked).state, again(parked).reason, again(back).state, again(back).reason) == (
        "returned",
        "bounce",
        "other",
        "bounce",
    )
    assert paid("LN0001") == [0]
    with pytest.raises(AnswerIsNo):
        receipts.match(manager, parked.pk, [("LN0001", 1)], NOW)
    assert list(verify()) == []


def test_what_is_no_borrowers_is_set_aside_with_a_reason_and_taken_up_again(parked, people):
    manager, _ = people
    with pytest.raises(WrongUse, match="no reason"):
        receipts.set_aside(manager, parked.pk, "", NOW)
    receipts.set_aside(manager, parked.pk, "own_transfer", NOW)
    with pytest.raises(AnswerIsNo):
        receipts.match(manager, parked.pk, [("LN0001", 1)], NOW)
    receipts.take_up(manager, parked.pk, NOW)
    assert again(parked).state == "parked"


def test_who_may_not_does_not(parked, user_of):
    with pytest.raises(PermissionDenied):
        receipts.propose_return(user_of("service"), parked.pk, None, "x", NOW)
    with pytest.raises(PermissionDenied):
        reveal_payer(user_of("service", "other"), parked, "payer_name", "payment", NOW)
    assert again(parked).returned == 0


def test_two_people_at_once_one_winner(transactional_db, user_of):
    from django.utils import timezone

    from forbear.desk.money.taking import take_file
    from tests.desk.ledger.test_races import at_once
    from tests.desk.money.conftest import document, statement

    for number in range(32):
        lend(f"LN{number:04}")
    take_file(document(statement(entry("500.00"))), "a", None, actor="t", at=timezone.now())
    receipt_id, manager = Receipt.objects.get().pk, user_of("manager")

    def one(n):
        try:
            return receipts.match(manager, receipt_id, [(f"LN{n:04}", 50_000)], NOW)[0].loan_id
        except AnswerIsNo:
            return None

    won = [loan for loan in at_once(one) if loan]
    assert len(won) == 1
    assert sum(balance.paid_total for balance in balances([f"LN{n:04}" for n in range(32)], FAR).values()) == 50_000
    assert list(verify()) == []


def test_a_look_is_logged_with_its_reason_and_counted(parked, people, settings):
    manager, _ = people
    assert reveal_payer(manager, parked, "payer_name", "payment", NOW) == "赵六"
    seen = AuditEntry.objects.get(action="borrower.reveal")
    assert (seen.subject, seen.facts) == (f"receipt:{parked.pk}", {"field": "payer_name", "reason": "payment"})
    for wrong in (("mark", "payment"), ("text", "curiosity")):
        with pytest.raises(WrongUse):
            reveal_payer(manager, parked, *wrong, NOW)


def test_matched_texts_go_with_the_borrower_and_others_by_rule(parked, people, take):
    from forbear.desk.privacy.erasing import _shred

    manager, _ = people
    put("B1", "name", "钱七", "tests")
    receipts.match(manager, parked.pk, [("LN0001", 50_000)], NOW)
    take(entry("9.00", name="孙八", text="nobody's"), entry("8.00", name="周九", text="waits"))
    aside, waits = Receipt.objects.filter(state="parked").order_by("receipt_id")
    receipts.set_aside(manager, aside.pk, "not_a_borrowers", NOW)

    _shred("B1", NOW)
    forget()
    gone = again(parked)
    assert (gone.payer_name, gone.text, gone.name_hash, gone.account_hash) == ("", "", None, None)
    assert gone.amount == 50_000

    assert not due(NOW + timedelta(days=89)).exists()
    later = NOW + timedelta(days=91)
    DataKey.objects.filter(purpose="receipts").update(made_at=NOW)
    assert tidy(later).receipts == 1
    assert again(aside).payer_name == ""
    assert again(waits).payer_name == "周九"
    assert tidy(later + timedelta(days=1)).keys == 0  # what waits stands under the old key still
    receipts.match(manager, waits.pk, [("LN0002", 800)], later)
    assert tidy(later + timedelta(days=1)).keys == 1
    assert again(waits).payer_name == "周九"


def test_a_reencryption_takes_receipts_along(parked, people):
    from forbear.desk.privacy.rotation import reencrypt, sweep

    receipts.match(people[0], parked.pk, [("LN0001", 50_000)], NOW)
    before = bytes(again(parked).__dict__["payer_name"])
    assert sum(reencrypt()) >= 1
    assert bytes(again(parked).__dict__["payer_name"]) != before
    sweep(timedelta(0))
    forget()
    assert again(parked).payer_name == "赵六"
