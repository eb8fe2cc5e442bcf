"""A call from leave to outcome, the dialer's side of it, and promises from their making to their end."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.calls import dialing, talking
from forbear.desk.calls.judging import Part
from forbear.desk.calls.models import Sheet
from forbear.desk.calls.promising import promise, settle, withdraw
from forbear.desk.ledger.booking import book
from forbear.desk.record.models import Case, Contact, Fact, Promise
from forbear.desk.wording import drafting
from forbear.desk.wording.shipping import shipped
from tests.desk.replies.conftest import NOON, PHONE

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture
def script(user_of, officer, spoken_for):
    """The Chinese script is in force."""
    name, draft = next((n, d) for n, d in shipped() if (n, d.language, d.jurisdiction) == ("call", "zh", "cn"))
    row = drafting.write(None, name, draft, "", NOON)
    drafting.propose(user_of("manager"), row.pk, NOON)
    return drafting.approve(officer, row.pk, NOON)


@pytest.fixture
def open_call(owing, anna, script):
    Contact.objects.create(contact_id="K1", borrower=owing, at=NOON, channel="call", by=anna)
    return talking.begin(anna, "K1", "zh-hans")


def sheet():
    return Sheet.objects.select_related("contact", "script").get()


def test_no_sum_before_the_right_person_is_verified(open_call, anna):
    assert "逾期" not in talking.talk(sheet(), NOON).say
    assert not talking.talk(sheet(), NOON).sums
    with pytest.raises(WrongUse):
        talking.tick(anna, "K1", "verified", NOON)  # not before she said who calls
    talking.tick(anna, "K1", "identified", NOON)
    talking.go(anna, "K1", "verify")
    with pytest.raises(WrongUse):
        talking.go(anna, "K1", "amount")
    talking.tick(anna, "K1", "verified", NOON)
    talking.go(anna, "K1", "amount")
    shown = talking.talk(sheet(), NOON)
    assert "¥1,053.15" in shown.say
    assert shown.sums
    assert [e.action for e in Entry.objects.filter(action__startswith="call.")] == [
        "call.identified",
        "call.verified",
    ]


def test_a_talk_with_the_borrower_needs_both_points(open_call, anna):
    with pytest.raises(WrongUse):
        talking.may_end(sheet(), "promise")
    talking.may_end(sheet(), "no_answer")
    talking.tick(anna, "K1", "identified", NOON)
    talking.tick(anna, "K1", "verified", NOON)
    talking.may_end(sheet(), "promise")


def test_each_outcome_is_reached_by_two_keys_and_proposes_what_follows():
    from forbear.desk.record.work import OUTCOMES

    reached = [one for _, results in talking.OUTCOMES.values() for one in results]
    assert sorted(reached) == sorted(OUTCOMES)
    assert talking.follow_up("no_answer", date(2026, 6, 30)) == ("call", date(2026, 7, 1))
    assert talking.follow_up("promise", date(2026, 6, 30)) == ("wait", None)


def test_another_agent_does_not_tick(open_call, user_of):
    with pytest.raises(WrongUse):
        talking.tick(user_of("agent", "bo"), "K1", "identified", NOON)


def test_who_declined_calls_is_not_called(owing, as_role):
    Fact.objects.create(borrower=owing, fact="channel_declined", value="true", channel="call", since=NOON)
    page = as_role("manager", language="en").post("/calls/to/B1", follow=True).content.decode()
    assert "does not want to be called" in page
    assert not Contact.objects.exists()


class Dialer(BaseHTTPRequestHandler):
    """A dialer on loopback that keeps what it was told."""

    told: ClassVar[list] = []
    code = 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).told.append((dict(self.headers), body))
        self.send_response(type(self).code)
        self.end_headers()
        self.wfile.write(b'{"dial_id": "D7"}')

    def log_message(self, *_given):
        pass


@pytest.fixture
def dialer(settings):
    Dialer.told, Dialer.code = [], 200
    server = HTTPServer(("127.0.0.1", 0), Dialer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.DIALER = {"url": f"http://127.0.0.1:{server.server_port}/dial", "secret": "s3cret"}
    yield Dialer
    server.shutdown()
    server.server_close()


def test_the_dialer_gets_the_number_signed_and_the_agent_does_not(open_call, anna, dialer):
    assert dialing.dial(anna, "K1", NOON).said == "accepted"
    headers, body = dialer.told[0]
    assert json.loads(body) == {"call_id": "K1", "agent": "anna", "number": "+86" + PHONE}
    seconds = str(int(NOON.timestamp()))
    digest = hmac.new(b"s3cret", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Forbear-Signature"] == f"t={seconds},v1={digest}"
    assert headers["Idempotency-Key"] == "K1"
    assert sheet().dial_id == "D7"
    assert Contact.objects.get(pk="K1").number.startswith("n-")
    with pytest.raises(WrongUse):
        dialing.dial(anna, "K1", NOON)  # never twice
    assert len(dialer.told) == 1


@pytest.mark.parametrize(("code", "said"), [(409, "refused"), (503, "unknown")])
def test_what_the_dialer_does_not_take_is_told(open_call, anna, dialer, code, said):
    dialer.code = code
    assert dialing.dial(anna, "K1", NOON).said == said


def test_a_dialer_that_is_away_may_be_dialing(open_call, anna, settings):
    settings.DIALER = {"url": "http://127.0.0.1:9/dial", "secret": "s"}
    assert dialing.dial(anna, "K1", NOON).said == "unknown"
    with pytest.raises(WrongUse):
        dialing.dial(anna, "K1", NOON)


def test_the_screen_shows_no_number_and_no_sum(owing, script, as_role):
    agent = as_role("manager", username="worker", language="zh-hans")
    who = agent.get("/").context["user"]
    Contact.objects.create(contact_id="K2", borrower=owing, at=NOON, channel="call", by_id=who.pk)
    page = agent.get("/calls/screen/K2").content.decode()
    assert PHONE not in page
    assert "1,263.78" not in page
    assert "1,263.78" not in agent.get("/borrowers/B1").content.decode()
    agent.post("/calls/tick/K2", {"point": "identified"})
    agent.post("/calls/tick/K2", {"point": "verified"})
    assert "1,263.78" in agent.get("/calls/screen/K2").content.decode()
    agent.post("/calls/outcome/K2", {"outcome": "conversation"})
    assert Contact.objects.get(pk="K2").result == "conversation"
    assert as_role("agent", username="other").get("/calls/screen/K2").status_code == 404


def pay(amount, on, at, key="1"):
    book("payment", "L1", on, amount, f"P{key}", f"k{key}", actor="tests", at=at)


def test_a_promise_holds_calls_back_until_its_last_day(owing, anna):
    promise(anna, "B1", [Part(date(2026, 7, 3), 20_000), Part(date(2026, 7, 10), 20_000)], NOON, currency="CNY")
    fact = Fact.objects.get(fact="promise_open")
    assert fact.until.isoformat() == "2026-07-10T16:00:00+00:00"  # the midnight after, in Shanghai
    assert len(set(Promise.objects.values_list("series", flat=True))) == 1
    withdraw(anna, Promise.objects.first().pk, NOON)
    assert set(Promise.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert Fact.objects.get(fact="promise_open").until == NOON


def test_a_promise_belongs_to_the_strategy_of_its_contact(owing, anna):
    Contact.objects.create(contact_id="K1", borrower_id="B1", channel="call", at=NOON, strategy="careful")
    promise(anna, "B1", [Part(date(2026, 7, 3), 100)], NOON, currency="CNY", contact_id="K1")
    promise(anna, "B1", [Part(date(2026, 7, 4), 100)], NOON, currency="CNY")
    assert list(Promise.objects.order_by("due_on").values_list("strategy", flat=True)) == ["careful", None]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [Part(date(2026, 7, 3), 0)],
        [Part(date(2026, 7, 3), -5)],
        [Part(date(2026, 6, 29), 100)],
        [Part(date(2026, 9, 29), 100)],
        [Part(date(2026, 7, 3), 100)] * 7,
    ],
)
def test_a_promise_that_cannot_be_is_refused(owing, anna, parts):
    with pytest.raises(WrongUse):
        promise(anna, "B1", parts, NOON, currency="CNY")
    assert not Promise.objects.exists()


@pytest.mark.parametrize(
    ("paid", "state"), [(0, "broken"), (100, "broken"), (10_000, "part_kept"), (19_900, "kept"), (20_000, "kept")]
)
def test_promises_are_judged_from_the_ledger(owing, anna, paid, state):
    promise(anna, "B1", [Part(date(2026, 7, 3), 20_000)], NOON, currency="CNY")
    if paid:
        pay(paid, date(2026, 7, 2), NOON + timedelta(days=2))
    assert settle(NOON + timedelta(days=1)) == 0
    later = NOON + timedelta(days=7)
    assert settle(later) == 1
    assert settle(later) == 0
    assert Promise.objects.get().state == state
    assert Case.objects.get().next_action_on == (None if state == "kept" else date(2026, 7, 7))


def test_money_from_before_the_promise_keeps_nothing(owing, anna):
    pay(20_000, date(2026, 6, 29), NOON - timedelta(days=1))
    promise(anna, "B1", [Part(date(2026, 7, 3), 20_000)], NOON, currency="CNY")
    settle(NOON + timedelta(days=7))
    assert Promise.objects.get().state == "broken"


def test_a_payment_that_was_reversed_keeps_nothing(owing, anna):
    promise(anna, "B1", [Part(date(2026, 7, 3), 20_000)], NOON, currency="CNY")
    pay(20_000, date(2026, 7, 1), NOON + timedelta(days=1))
    from forbear.desk.ledger.models import Entry as Booked

    entry = Booked.objects.get(kind="payment")
    book("reversal", "L1", date(2026, 7, 2), None, "returned", "rev", actor="tests", at=NOON + timedelta(days=2),
         entry=entry.pk)  # fmt: skip
    settle(NOON + timedelta(days=7))
    assert Promise.objects.get().state == "broken"
