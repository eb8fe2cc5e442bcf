"""Paying: what was seen is booked, once, whole; a provider's word is verified, compared, never lost or doubled."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry as Told
from forbear.desk.ledger.balances import Balance, balances
from forbear.desk.ledger.models import Entry
from forbear.desk.portal import paying
from forbear.desk.portal.models import Intent, News
from forbear.desk.portal.numbers import plain
from forbear.desk.portal.pay import registry, told
from forbear.desk.portal.pay.base import Begun, Paid, Unreachable
from forbear.desk.portal.pay.sandbox import Sandbox, told_of
from forbear.desk.replies.models import Task
from forbear.desk.wording.rendering import today_of
from forbear.testing.lending import lend
from tests.desk.portal.conftest import make_borrower

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def begin(client: Client, **more) -> Intent:
    answer = client.post("/my/pay", {"currency": "CNY", "much": "overdue", "provider": "sandbox", **more})
    assert answer.status_code == 302, answer.content.decode()
    return Intent.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])


def paid_of(intent: Intent, **more) -> Paid:
    at = timezone.now()
    return replace(Paid(f"sandbox-{plain(intent.pk)}", plain(intent.pk), intent.amount, "CNY", at), **more)


def tell(paid: Paid, **headers) -> int:
    sent, body = told_of(paid, timezone.now())
    return (
        Client()
        .post("/paid/sandbox", body, content_type="application/json", headers={**sent, **headers})
        .status_code
    )


def payments_of(loan: str = "L1") -> list[Entry]:
    return list(Entry.objects.filter(loan_id=loan, kind="payment").exclude(cause="P1").order_by("entry_id"))


def test_paying_by_the_sandbox_from_end_to_end(inside, sandbox):
    before = balances(["L1"], today_of("B1", timezone.now()))["L1"]
    made = begin(inside)
    page = inside.get(f"/my/pay/{made.pk}")
    assert f'href="/my/sandbox/{plain(made.pk)}"' in page.content.decode()
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert not payments_of()
    assert inside.post(f"/my/sandbox/{plain(made.pk)}", {"do": "back"}).status_code == 302
    assert not payments_of()
    inside.post(f"/my/sandbox/{plain(made.pk)}", {"do": "pay"})
    inside.post(f"/my/sandbox/{plain(made.pk)}", {"do": "pay"})  # the button twice
    page = inside.get(f"/my/pay/{made.pk}").content.decode()
    assert "Your payment has arrived" in page
    after = balances(["L1"], today_of("B1", timezone.now()))["L1"]
    assert after.paid_total - before.paid_total == made.amount == before.arrears_total
    assert after.arrears_total == 0
    assert len(payments_of()) == 1
    assert "arrived" in inside.get("/my/receipts").content.decode()
    assert "You are up to date" in inside.get("/my/way-back").content.decode() or after.outstanding == 0


@pytest.mark.parametrize("much", ["part", "all"])
def test_a_part_and_all_of_it(inside, sandbox, much):
    made = begin(inside, much=much, amount="12.34")
    due = paying.due_of("B1", timezone.now())[0]
    assert made.amount == (1_234 if much == "part" else due.outstanding)
    assert tell(paid_of(made)) == 200
    if much == "all":
        assert balances(["L1"], today_of("B1", timezone.now()))["L1"].outstanding == 0
        assert "There is nothing to pay" in inside.get("/my/pay").content.decode()


@pytest.mark.parametrize(
    "given",
    [
        {"much": "part", "amount": "0"},
        {"much": "part", "amount": "-1"},
        {"much": "part", "amount": "9999999"},
        {"much": "part", "amount": "1.001"},
        {"much": "part", "amount": "x"},
        {"much": "part", "amount": "1e30"},
        {"much": "part", "amount": "NaN"},
        {"much": ""},
        {"currency": "USD"},
        {"provider": "stripe"},
        {"provider": ""},
    ],
)
def test_what_cannot_be_paid_is_refused_with_a_word(inside, sandbox, given):
    sent = {"currency": "CNY", "much": "overdue", "provider": "sandbox", **given}
    answer = inside.post("/my/pay", sent)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Intent.objects.exists()


def test_the_same_word_again_books_nothing(inside, sandbox):
    made = begin(inside)
    for _ in range(3):
        assert tell(paid_of(made)) == 200
    assert len(payments_of()) == 1
    assert [row.outcome for row in News.objects.all()] == ["booked"]
    assert Told.objects.filter(action="portal.payment_told").count() == 1


def test_a_forged_changed_or_old_word_is_not_read(inside, sandbox):
    made = begin(inside)
    sent, body = told_of(paid_of(made), timezone.now())
    old, _ = told_of(paid_of(made), timezone.now() - timedelta(minutes=6))
    larger = json.dumps({**json.loads(body), "amount": made.amount * 2}).encode()
    for headers, content in (
        ({}, body),
        ({**sent, "Forbear-Signature": "v1=" + "0" * 64}, body),
        (sent, larger),
        (old, body),
        ({**sent, "Forbear-Timestamp": old["Forbear-Timestamp"]}, body),
        ({**sent, "Forbear-Timestamp": "soon"}, body),
        ({**sent, "Forbear-Signature": "é"}, body),
    ):
        answer = Client().post("/paid/sandbox", content, content_type="application/json", headers=headers)
        assert answer.status_code == 401, headers
    assert not News.objects.exists()
    assert not payments_of()
    assert Client().post("/paid/wechat", body, content_type="application/json").status_code == 404
    assert Client().get("/paid/sandbox").status_code == 405
    assert tell(paid_of(made)) == 200


@pytest.mark.parametrize("change", [{"amount": 1}, {"currency": "USD"}])
def test_another_sum_or_currency_is_kept_and_given_to_a_person(inside, sandbox, change):
    made = begin(inside)
    assert tell(paid_of(made, **change)) == 200
    made.refresh_from_db()
    assert made.state == "differs"
    assert not payments_of()
    news = News.objects.get()
    assert (news.outcome, news.intent_id) == ("differs", made.pk)
    assert Task.objects.filter(borrower_id="B1", kind="check_payment", done_at=None).exists()
    assert "no money is lost" in inside.get(f"/my/pay/{made.pk}").content.decode()


def test_a_second_payment_of_an_order_is_kept_and_not_booked(inside, sandbox):
    made = begin(inside)
    tell(paid_of(made))
    tell(paid_of(made, payment="another"))
    assert len(payments_of()) == 1
    assert sorted(News.objects.values_list("outcome", flat=True)) == ["booked", "differs"]
    assert Task.objects.filter(kind="check_payment").count() == 1


def test_a_payment_of_an_order_that_nobody_knows_is_kept(hers, sandbox):
    assert tell(Paid("p", "000000000000", 5, "CNY", timezone.now())) == 200
    assert News.objects.get().outcome == "unknown"


def test_what_the_ledger_refuses_is_kept_and_given_to_a_person(inside, sandbox):
    made = begin(inside)
    Intent.objects.filter(pk=made.pk).update(shares=[["no such loan", made.amount]])
    assert tell(paid_of(made)) == 200
    assert News.objects.get().outcome == "refused"
    assert not payments_of()
    assert Task.objects.filter(kind="check_payment").exists()


def test_all_shares_are_booked_or_none(inside, sandbox):
    made = begin(inside)
    Intent.objects.filter(pk=made.pk).update(shares=[["L1", made.amount - 1], ["no such loan", 1]])
    tell(paid_of(made))
    assert not payments_of()


def test_money_that_comes_late_counts(inside, sandbox):
    made = begin(inside)
    Intent.objects.filter(pk=made.pk).update(state="ended", ends_at=made.opened_at + timedelta(seconds=1))
    assert tell(paid_of(made)) == 200
    assert len(payments_of()) == 1
    assert Intent.objects.get().state == "paid"


def test_it_counts_from_her_own_day_and_never_from_before_she_began(inside, sandbox):
    made = begin(inside)
    tell(paid_of(made, paid_at=made.opened_at - timedelta(days=400)))

    assert payments_of()[0].effective_on == today_of("B1", made.opened_at)


def test_two_loans_are_paid_the_longest_overdue_first(inside, sandbox):
    from datetime import date

    lend("L9", borrower_id="B1", disbursed_on=date(2026, 4, 15))
    first, second = paying.due_of("B1", timezone.now())[0].loans
    assert first.dpd > second.dpd
    made = begin(inside, much="part", amount=str((first.arrears_total + 100) / 100))
    assert made.shares == [[first.loan_id, first.arrears_total], [second.loan_id, 100]]
    tell(paid_of(made))
    assert [len(payments_of(loan)) for loan in (first.loan_id, second.loan_id)] == [1, 1]
    assert sum(entry.amount for loan in ("L1", "L9") for entry in payments_of(loan)) == made.amount


def balance(loan_id: str, arrears: int, rest: int, written_off: int, dpd: int) -> Balance:
    return Balance(loan_id, "CNY", arrears, 0, 0, 0, 1, None, dpd, arrears + rest, 0, 0, 0, 0, 0, written_off, 0, 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 999)),
        min_size=1,
        max_size=6,
    ),
    st.floats(0, 1.1),
)
@settings(max_examples=200, deadline=None)
def test_a_split_comes_to_the_sum_and_asks_of_no_loan_more_than_it_owes(rows, share):
    loans = tuple(
        sorted((balance(f"L{n}", *row) for n, row in enumerate(rows)), key=lambda one: (-one.dpd, one.loan_id))
    )
    owed = sum(one.outstanding + one.written_off for one in loans)
    due = paying.Due("CNY", sum(one.arrears_total for one in loans), owed, loans)
    amount = int(owed * share)
    if not 0 < amount <= owed:
        with pytest.raises(WrongUse):
            paying.split(amount, due)
        return
    parts = dict(paying.split(amount, due))
    assert sum(parts.values()) == amount
    by_id = {one.loan_id: one for one in loans}
    assert all(0 < part <= by_id[loan].outstanding + by_id[loan].written_off for loan, part in parts.items())
    if amount <= due.overdue:  # nothing goes to what is not due while something is overdue
        assert all(part <= by_id[loan].arrears_total for loan, part in parts.items())


def test_a_lost_notice_is_asked_for(inside, sandbox, monkeypatch):
    made = begin(inside)
    monkeypatch.setattr(Sandbox, "ask", lambda self, number, ref: paid_of(made))
    assert "Your payment has arrived" in inside.get(f"/my/pay/{made.pk}").content.decode()
    assert len(payments_of()) == 1


def test_the_background_asks_for_open_orders_and_ends_old_ones(inside, sandbox, monkeypatch):
    made, old = begin(inside), begin(inside)
    past = timezone.now() - timedelta(minutes=10)
    Intent.objects.filter(pk=made.pk).update(opened_at=past)
    Intent.objects.filter(pk=old.pk).update(opened_at=past - timedelta(days=5), ends_at=past - timedelta(days=4))
    asked = []

    def ask(self, number, ref):
        asked.append(number)
        if len(asked) == 1:
            raise Unreachable("away")
        return paid_of(made)

    monkeypatch.setattr(Sandbox, "ask", ask)
    assert paying.ask_open_now() == 1
    assert Intent.objects.get(pk=old.pk).state == "ended"
    paying.ask_open_now()
    assert len(asked) == 1  # not again so soon
    Intent.objects.update(asked_at=past)
    paying.ask_open_now()
    assert Intent.objects.get(pk=made.pk).state == "paid"


def test_a_provider_that_does_not_take_the_order_is_said_and_nothing_is_owed_to_it(inside, sandbox, monkeypatch):
    def away(self, order):
        raise Unreachable("the provider is away", "try again later")

    monkeypatch.setattr(Sandbox, "begin", away)
    answer = inside.post("/my/pay", {"currency": "CNY", "much": "overdue", "provider": "sandbox"})
    assert answer.status_code == 400
    assert "the provider is away" in answer.content.decode()


def test_the_payers_address_is_the_one_that_the_proxy_saw(inside, sandbox, settings, monkeypatch):
    seen = []
    monkeypatch.setattr(Sandbox, "begin", lambda self, order: seen.append(order.ip) or Begun("/x"))
    forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    for behind in (False, True):
        settings.BEHIND_PROXY = behind
        given = {"currency": "CNY", "much": "overdue", "provider": "sandbox"}
        assert inside.post("/my/pay", given, headers=forged).status_code == 302
    assert seen == ["127.0.0.1", "203.0.113.9"]


def test_many_open_orders_are_enough(inside, sandbox):
    for _ in range(paying.MOST_OPEN):
        begin(inside)
    assert inside.post("/my/pay", {"currency": "CNY", "much": "overdue", "provider": "sandbox"}).status_code == 400


def test_without_a_provider_the_page_says_how_to_pay_otherwise(inside, settings):
    settings.PAY_PROVIDERS = ""
    registry.providers.cache_clear()
    page = inside.get("/my/pay").content.decode()
    assert "Paying on this page is not set up" in page
    registry.providers.cache_clear()


def test_the_sandbox_is_for_this_machine_alone(settings):
    from urllib.parse import urlsplit

    settings.PUBLIC_URL = urlsplit("https://desk.example.com")
    with pytest.raises(WrongUse, match="sandbox lets anyone pay"):
        registry.made("sandbox", {}, "pay.toml")


@pytest.mark.django_db(transaction=True)
def test_told_many_times_at_once_it_is_booked_once(committed, sandbox):
    make_borrower(1, "13912345678")
    at = timezone.now()
    made = paying.begin("B1", 50_00, paying.due_of("B1", at)[0], "sandbox", at)
    paid = paid_of(made)

    def say(_n: int) -> str:
        try:
            return told.put("sandbox", paid, at).outcome
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(say, range(12))) == {"booked"}
    assert [entry.amount for entry in payments_of()] == [50_00]
    assert News.objects.count() == 1
