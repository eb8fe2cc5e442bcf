"""The dispatcher, step by step: what leaves, what waits, what never does, and what is written down of each."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.contact import dispatching, limits, resolving, switches
from forbear.desk.contact.dispatching import step
from forbear.desk.contact.inbound import stop
from forbear.desk.contact.models import AgentTask, Attempt, Planned, ProviderState, RuleSet
from forbear.desk.contact.planning import cancel, deferred, plan
from forbear.desk.ledger.booking import Payment, pay
from forbear.desk.record.models import Case, Contact, Fact


def until_idle(outbox):
    while not step(outbox.providers["a"]).idle:
        pass


def test_a_planned_contact_leaves_once_with_the_sum_owed_then(outbox):
    outbox.plan()
    done = step(outbox.providers["a"])
    assert (done.claimed, done.sent) == (1, 1)
    (sent,) = outbox.far["a"].sent
    assert sent["to"] == "+8613900000001"
    assert sent["text"] == "您有 1,053.15 元逾期，如已还请忽略。"
    assert outbox.states() == ["sent"]
    assert Contact.objects.get().result == "sent"
    assert step(outbox.providers["a"]).idle


def test_an_attempt_names_the_rules_it_was_asked_and_the_audit_log_names_the_contact(outbox):
    outbox.plan()
    step(outbox.providers["a"])
    attempt = Attempt.objects.get()
    assert any(rule.startswith("cn/CN-TIME-01:") for rule in attempt.rules.rules)
    assert RuleSet.objects.count() == 1
    assert Contact.objects.get().contact_id == attempt.attempt_id
    assert Entry.objects.get(action="contact.reserved").facts == {"contacts": [attempt.attempt_id]}


def test_what_is_planned_twice_under_a_key_is_one(outbox):
    assert outbox.plan(key="k").pk == outbox.plan(key="k").pk
    with pytest.raises(WrongUse, match="another contact"):
        outbox.plan(channel="email", key="k")


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"body": ""}, "names nothing"),
        ({"body": "{name}"}, "names name"),
        ({"body": "{arrears.__class__}"}, "names arrears.__class__"),
        ({"body": "{"}, "names {"),
        ({"purpose": "threat"}, "no purpose"),
        ({"channel": "fax"}, "no channel"),
        ({"cause": "a\nb"}, "the cause"),
        ({"wanted_until": date(2020, 1, 1)}, "no longer be wanted"),
    ],
)
def test_what_cannot_be_said_or_sent_is_refused_when_it_is_planned(outbox, wish, said):
    given = dict(wish)
    if "wanted_until" in given:
        given["wanted_until"] = outbox.at - timedelta(days=1)
    with pytest.raises(WrongUse, match=said):
        outbox.plan(**given)
    assert not Planned.objects.exists()


def test_a_channel_is_closed_until_two_people_open_it_and_reaches_only_its_list(outbox):
    from forbear.desk.contact.models import ChannelState

    outbox.borrower(2)
    ChannelState.objects.all().delete()
    outbox.plan()
    outbox.plan("B2")
    assert step(outbox.providers["a"]).idle
    outbox.open(mode="allow_list", allowed=("B2",))
    step(outbox.providers["a"])
    assert [one["to"] for one in outbox.far["a"].sent] == ["+8613900000002"]
    assert outbox.states() == ["waiting", "sent"]


def test_by_night_it_waits_for_the_morning_and_comes_back_if_it_is_wanted_still(outbox):
    outbox.later(hours=13)  # eleven at night
    kept = outbox.plan(wanted_until=outbox.at + timedelta(days=1))
    over = outbox.plan(wanted_until=outbox.at + timedelta(hours=2), key="over")
    step(outbox.providers["a"])
    step(outbox.providers["a"])
    kept.refresh_from_db()
    over.refresh_from_db()
    assert (kept.state, kept.deferrals, over.state) == ("waiting", 1, "lapsed")
    assert {"CN-TIME-01", "CN-TIME-01-LOCAL"} <= set(kept.rules)
    assert [one.pk for one in deferred()] == [kept.pk]
    outbox.at = kept.next_at
    step(outbox.providers["a"])
    assert len(outbox.far["a"].sent) == 1


def test_twenty_two_reminders_in_one_day_are_one(outbox):
    for number in range(22):
        outbox.plan(key=f"r{number}", wanted_until=outbox.at + timedelta(hours=10))
    for _ in range(30):
        step(outbox.providers["a"])
        outbox.later(minutes=20)
    assert len(outbox.far["a"].sent) == 1
    assert sorted(set(outbox.states())) == ["lapsed", "sent"]


def test_reminders_do_not_go_on_for_ever_and_end_with_the_debt(outbox):
    for day in range(20):
        outbox.plan(key=f"d{day}", not_before=outbox.at + timedelta(days=day))
    for _ in range(7):
        until_idle(outbox)
        outbox.later(days=1)
    sent = len(outbox.far["a"].sent)
    assert 0 < sent <= 4  # a week
    pay(Payment("P", "L1", outbox.at.date(), 200_000, "P"), actor="till", at=outbox.at)
    for _ in range(20):
        until_idle(outbox)
        outbox.later(days=1)
    assert len(outbox.far["a"].sent) == sent
    assert "not_wanted" in outbox.states()


def test_a_payment_of_today_by_the_borrowers_own_date_is_seen(outbox):
    outbox.at = outbox.at.replace(hour=1)  # nine in the morning of the 30th in Shanghai, still the 30th in UTC
    outbox.plan(not_before=outbox.at)
    pay(Payment("P", "L1", date(2026, 6, 30), 200_000, "P"), actor="till", at=outbox.at)
    step(outbox.providers["a"])
    assert (outbox.states(), outbox.far["a"].sent) == (["not_wanted"], [])


def test_a_payment_dated_a_day_ahead_of_the_borrowers_own_is_seen(outbox):
    """Found by the storm: paid on the 30th in Shanghai, while it is the evening of the 29th where she is."""
    outbox.at = outbox.at.replace(hour=1)
    Fact.objects.filter(borrower_id="B1", fact="time_zone").update(value="America/New_York")
    outbox.plan(not_before=outbox.at)
    pay(Payment("P", "L1", date(2026, 6, 30), 200_000, "P"), actor="till", at=outbox.at)
    step(outbox.providers["a"])
    assert (outbox.states(), outbox.far["a"].sent) == (["not_wanted"], [])


def test_a_part_paid_a_day_ahead_is_taken_off_the_sum_that_is_told(outbox):
    outbox.at = outbox.at.replace(hour=1)
    Fact.objects.filter(borrower_id="B1", fact="time_zone").update(value="America/New_York")
    outbox.plan(not_before=outbox.at)
    pay(Payment("P", "L1", date(2026, 6, 30), 50_315, "P"), actor="till", at=outbox.at)
    step(outbox.providers["a"])
    (sent,) = outbox.far["a"].sent
    assert sent["text"] == "您有 550.00 元逾期，如已还请忽略。"


def test_a_payment_between_the_leave_and_the_message_stops_it(outbox, monkeypatch):
    """The loan's account moved after the words were made: the sum would be wrong, so nothing leaves."""
    outbox.plan()
    deliver = dispatching.deliver

    def paid_meanwhile(provider, held):
        pay(Payment("P", "L1", outbox.at.date(), 200_000, "P"), actor="till", at=outbox.at)
        return deliver(provider, held)

    monkeypatch.setattr(dispatching, "deliver", paid_meanwhile)
    step(outbox.providers["a"])
    assert outbox.far["a"].sent == []
    assert outbox.attempts() == [("a", "not_sent")]
    step(outbox.providers["a"])
    assert outbox.states() == ["not_wanted"]


def test_after_a_stop_nothing_leaves_and_the_opt_out_is_not_lost(outbox):
    outbox.plan()
    stop("B1", outbox.at)
    step(outbox.providers["a"])
    assert outbox.states() == ["cancelled"]
    outbox.plan(key="later")  # somebody plans anew all the same
    step(outbox.providers["a"])
    assert outbox.states() == ["cancelled", "refused"]
    assert "LENDER-STATE-06" in Planned.objects.get(key="later").rules
    assert outbox.far["a"].sent == []


def test_cancel_takes_out_only_the_channels_it_names(outbox):
    outbox.plan()
    outbox.plan(channel="email", key="e")
    assert cancel("B1", "dispute", ["email"], at=outbox.at) == 1
    assert outbox.states() == ["waiting", "cancelled"]


def test_a_refusal_for_now_goes_to_the_other_provider_and_one_for_good_ends_it(outbox):
    outbox.far["a"].manners.throttles = 1
    outbox.add("b", order=2)
    outbox.plan()
    step(outbox.providers["a"])
    assert step(outbox.providers["a"]).idle  # it is not asked again in this round
    step(outbox.providers["b"])
    assert outbox.attempts() == [("a", "refused"), ("b", "sent")]
    assert outbox.results() == ["failed", "sent"]
    outbox.later(days=1)
    outbox.far["a"].manners.throttles, outbox.far["a"].manners.refuses = 0, 1
    outbox.plan(key="dead")
    step(outbox.providers["a"])
    assert step(outbox.providers["b"]).idle
    assert outbox.states() == ["sent", "unsendable"]


def test_when_nobody_takes_it_a_round_is_waited_for_and_in_the_end_it_has_failed(outbox, monkeypatch):
    monkeypatch.setattr(limits, "FAILURES", 1_000)
    outbox.far["a"].manners.throttles = 1
    outbox.plan(wanted_until=outbox.at + timedelta(days=30))
    for _ in range(40):
        step(outbox.providers["a"])
        outbox.later(hours=2)
    assert outbox.states() == ["failed"]
    assert Attempt.objects.count() == 8


@pytest.mark.parametrize("fault", ["loses_answer", "loses_request", "forgets"])
def test_an_unknown_outcome_counts_and_is_settled_by_asking_never_by_sending_again(outbox, fault):
    setattr(outbox.far["a"].manners, fault, 1)
    outbox.plan()
    outbox.plan(key="next", wanted_until=outbox.at + timedelta(hours=8))
    step(outbox.providers["a"])
    assert outbox.attempts() == [("a", "unknown")]
    assert outbox.results() == [None]
    step(outbox.providers["a"])  # the second finds the day's text used up
    assert outbox.states() == ["unknown", "lapsed"]
    setattr(outbox.far["a"].manners, fault, 0)
    Attempt.objects.update(lease_until=outbox.at - timedelta(days=400))
    resolving.ask(outbox.providers["a"], outbox.at)
    left = fault != "loses_request"
    assert outbox.attempts() == [("a", "sent" if left else "not_sent")]
    assert Planned.objects.order_by("pk").first().state == ("sent" if left else "waiting")
    for _ in range(3):
        step(outbox.providers["a"])
    assert len(outbox.far["a"].sent) == 1


def test_what_stands_against_a_contact_is_told_once_however_many_rules_say_it(outbox):
    outbox.at = outbox.at.replace(hour=15)  # eleven at night in Shanghai: three rules keep the same hours
    outbox.plan()
    step(outbox.providers["a"])
    held = Planned.objects.get()
    assert len(held.rules) > 1
    assert held.why == "outside 08:00 to 22:00 in Asia/Shanghai"


def test_a_worker_with_nothing_to_do_writes_nothing(outbox, django_assert_num_queries):
    outbox.plan(not_before=outbox.at + timedelta(hours=1))
    before = ProviderState.objects.get(provider="a")
    with django_assert_num_queries(3):  # the channel, the switch, whether anything is due
        assert step(outbox.providers["a"]).idle
    assert ProviderState.objects.get(provider="a").tokens_at == before.tokens_at


def test_a_dead_workers_attempt_is_taken_for_unknown_and_a_receipt_settles_it(outbox, monkeypatch):
    outbox.plan()
    monkeypatch.setattr(dispatching, "deliver", lambda *_: [])  # it died after its commit
    step(outbox.providers["a"])
    assert outbox.attempts() == [("a", "reserved")]
    assert resolving.abandoned() == 0  # its lease holds still
    Attempt.objects.update(lease_until=outbox.at - timedelta(days=400))
    assert resolving.abandoned() == 1
    outbox.far["a"].tell(key="late", id=Attempt.objects.get().attempt_id, result="delivered")
    resolving.fetch_news(outbox.providers["a"], outbox.at)
    assert (outbox.attempts(), outbox.states(), outbox.results()) == ([("a", "delivered")], ["sent"], ["delivered"])


def test_receipts_come_twice_early_and_in_any_order_and_the_best_known_stays(outbox):
    from forbear.desk.contact import receipts
    from forbear.desk.contact.channels.base import News

    early = News("r1", "delivered", ref="r-early")
    assert receipts.take("a", [early, early], outbox.at) == 1
    outbox.plan()
    step(outbox.providers["a"])
    attempt = Attempt.objects.get()
    Attempt.objects.update(provider_ref="r-early")
    assert resolving.match_late(outbox.at) == 1
    assert outbox.results() == ["delivered"]
    told = [News("r2", "undelivered", attempt.attempt_id), News("r3", "read", attempt.attempt_id)]
    receipts.take("a", told, outbox.at)
    receipts.take("a", [News("r2", "undelivered", attempt.attempt_id)], outbox.at)
    assert outbox.results() == ["read"]


def test_a_dead_number_is_not_tried_again(outbox):
    from forbear.desk.contact import receipts
    from forbear.desk.contact.channels.base import News

    outbox.plan()
    step(outbox.providers["a"])
    receipts.take(
        "a", [News("r", "undelivered", Attempt.objects.get().attempt_id, detail="dead_number")], outbox.at
    )
    assert Fact.objects.get(fact="dead_number").number == Contact.objects.get().number
    outbox.later(days=1)
    outbox.plan(key="again")
    step(outbox.providers["a"])
    assert outbox.states() == ["sent", "unsendable"]


def test_an_answer_that_says_stop_is_kept_at_once_and_once(outbox):
    outbox.plan(key="tomorrow", not_before=outbox.at + timedelta(days=1))
    told = {"key": "m1", "from": "13900000001", "text": " 退订。", "at": outbox.at.isoformat()}
    outbox.far["a"].tell(**told)
    outbox.far["a"].tell(**told)
    assert resolving.fetch_news(outbox.providers["a"], outbox.at) == 1
    assert outbox.states() == ["cancelled"]
    assert Fact.objects.filter(fact="cease_request").count() == 1
    assert Contact.objects.get(direction="in").channel == "sms"


def test_the_switches(outbox):
    outbox.plan()
    switches.pause("tests", outbox.at)
    assert step(outbox.providers["a"]).idle
    switches.stop_all("tests", outbox.at, channel="sms")
    switches.resume("tests", outbox.at)
    assert step(outbox.providers["a"]).idle  # the channel's own switch still holds
    switches.resume("tests", outbox.at, channel="sms")
    assert step(outbox.providers["a"]).sent == 1
    with pytest.raises(WrongUse, match="no channel"):
        switches.drain("tests", outbox.at, channel="fax")


def test_a_stop_holds_for_what_is_reserved_already(outbox, monkeypatch):
    outbox.plan()
    deliver = dispatching.deliver

    def stopped_meanwhile(provider, held):
        switches.stop_all("tests", outbox.at)
        return deliver(provider, held)

    monkeypatch.setattr(dispatching, "deliver", stopped_meanwhile)
    step(outbox.providers["a"])
    assert (outbox.far["a"].sent, outbox.attempts(), outbox.states()) == ([], [("a", "not_sent")], ["waiting"])


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_jumps_lets_nothing_leave_on_an_old_leave(outbox, monkeypatch, hours):
    outbox.plan()
    deliver = dispatching.deliver

    def jumped(provider, held):
        outbox.later(hours=hours)
        return deliver(provider, held)

    monkeypatch.setattr(dispatching, "deliver", jumped)
    step(outbox.providers["a"])
    assert (outbox.far["a"].sent, outbox.states()) == ([], ["waiting"])


def test_a_clock_behind_the_history_waits_and_does_not_end_it(outbox):
    outbox.plan()
    step(outbox.providers["a"])
    outbox.later(hours=-1)
    outbox.plan(key="second")
    step(outbox.providers["a"])
    waiting = Planned.objects.get(key="second")
    assert (waiting.state, waiting.deferrals) == ("waiting", 0)
    assert "a clock is wrong" in waiting.why


def test_at_the_last_second_before_ten_at_night_nothing_starts(outbox):
    outbox.at = outbox.at.replace(hour=13, minute=59, second=57)
    outbox.plan()
    step(outbox.providers["a"])
    assert outbox.far["a"].sent == []
    assert Planned.objects.get().state == "waiting"


def test_her_wishes_narrow(outbox):
    Fact.objects.create(borrower_id="B1", fact="contact_window", value="18:00-20:00")
    planned = outbox.plan()
    step(outbox.providers["a"])
    planned.refresh_from_db()
    assert (planned.state, planned.next_at.hour) == ("waiting", 10)  # six in the evening in Shanghai
    outbox.at = planned.next_at
    Fact.objects.create(borrower_id="B1", fact="channel_declined", value="true", channel="sms")
    step(outbox.providers["a"])
    assert outbox.states() == ["refused"]


def test_the_circuit_opens_after_failures_and_the_rate_holds_for_all_workers_together(outbox):
    outbox.far["a"].manners.away = 1
    for number in range(2, 9):
        outbox.plan(outbox.borrower(number), key=f"x{number}", wanted_until=outbox.at + timedelta(days=9))
    for _ in range(limits.FAILURES):
        Planned.objects.update(next_at=outbox.at, tried=[], tries=0)
        step(outbox.providers["a"], most=1)
    assert ProviderState.objects.get().open_until is not None
    assert step(outbox.providers["a"]).idle
    outbox.far["a"].manners.away = 0
    ProviderState.objects.update(open_until=None, tokens=0)
    Planned.objects.update(next_at=outbox.at, tried=[], tries=0)
    account = outbox.providers["a"].account
    assert limits.taken(account, 100) <= 1  # one message tries a circuit that was open
    limits.note(account, [])
    ProviderState.objects.update(failures=0, tokens=3)
    slow = outbox.put(
        "slow", {"channel": "sms", "kind": "http", "url": outbox.far["a"].url, "rate": 0.001, "burst": 2}
    )
    ProviderState.objects.filter(provider="slow").update(tokens=3)
    assert limits.taken(slow.account, 100) == 2
    assert limits.taken(slow.account, 100) == 0


def test_calls_and_visits_become_tasks_and_nothing_is_reserved(outbox):
    outbox.put("people", {"channel": "call", "kind": "task"})
    outbox.open("call")
    Fact.objects.create(borrower_id="B1", fact="recorded", value="true")
    outbox.plan(channel="call", body="")
    assert step(outbox.providers["people"]).sent == 1
    task = AgentTask.objects.get()
    assert (task.kind, task.done_at, outbox.states()) == ("call", None, ["handed"])
    assert Case.objects.get(borrower_id="B1").next_action_on == outbox.at.date()
    assert not Contact.objects.exists()


def test_words_that_are_forbidden_are_not_sent(outbox):
    outbox.plan(body="再不还款就找人上门打断你的腿，告诉你所有的亲戚朋友。")
    step(outbox.providers["a"])
    assert (outbox.states(), outbox.far["a"].sent) == (["unsendable"], [])


def test_a_provider_whose_code_fails_leaves_an_unknown_outcome(outbox, monkeypatch):
    outbox.plan()
    monkeypatch.setattr(outbox.providers["a"], "send", lambda *_: 1 / 0)
    step(outbox.providers["a"])
    assert outbox.attempts() == [("a", "unknown")]


def test_one_batch_takes_one_contact_of_a_borrower_and_many_borrowers(outbox):
    for number in range(2, 7):
        outbox.borrower(number)
    for number in range(1, 7):
        outbox.plan(f"B{number}", key=f"one{number}")
        outbox.plan(f"B{number}", key=f"two{number}")
    done = step(outbox.providers["a"])
    assert (done.claimed, done.sent) == (12, 6)


def test_plan_refuses_an_unknown_borrower(outbox):
    with pytest.raises(WrongUse, match="no borrower 'nobody'"):
        plan("nobody", "sms", purpose="notice", key="n", cause="c", body="x", at=outbox.at)


def test_a_wrong_clock_by_night_ends_nothing_either(outbox):
    outbox.plan()
    step(outbox.providers["a"])
    outbox.later(hours=-8)
    outbox.plan(key="second", not_before=outbox.at)
    step(outbox.providers["a"])
    assert Planned.objects.get(key="second").state == "waiting"
