"""A plan's life: asked, offered, agreed, granted by two, booked as previewed, watched, kept or broken; the way back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.ledger.balances import balances, items
from forbear.desk.ledger.booking import Payment, book, pay
from forbear.desk.ledger.verify import verify
from forbear.desk.people.approvals import OwnProposal
from forbear.desk.plans import services
from forbear.desk.plans.booking import preview
from forbear.desk.plans.models import Plan
from forbear.desk.plans.offering import day_of
from forbear.desk.record.gate import leave_of
from forbear.desk.record.models import Fact
from tests.desk.plans.conftest import AT, MEANS

pytestmark = pytest.mark.django_db
FAR = date(2199, 1, 1)


SPENDING = {"payment_holiday": 3000, "longer_term": 5000, "settlement": 5400, "step_up": 4800, "rate_waiver": 5430}


def means(kind: str) -> dict[str, Decimal]:
    """An income of 6,000 and what leaves a surplus that suits the kind."""
    return {**MEANS, "spending": Decimal(SPENDING.get(kind, 4200))}


def chosen(kind: str, at=AT, **more):
    told = services.offers("L1", **means(kind), at=at, **more).told
    found = next((one for one in told.all if one.kind == kind), None)
    assert found, f"{kind} is not among the options: {told.refused}"
    return found


def asked(kind: str, people, at=AT, **more) -> Plan:
    option = chosen(kind, at, **{k: v for k, v in more.items() if k not in ("evidence",)})
    return services.ask("L1", option.option_id, people["agent"], at, **means(kind), **more)


def granted(kind: str, people, at=AT, **more) -> Plan:
    plan = asked(kind, people, at, evidence="payslips", **more)
    services.agree(plan.pk, people["agent"], at)
    services.grant(plan.pk, people["manager"], at)
    return services.grant(plan.pk, people["risk"], at)


def test_options_fit_the_surplus_and_are_asked_for_by_their_id(late, people):
    told = services.options_for("L1", MEANS["income"], MEANS["spending"], AT)
    assert 1 <= len(told) <= 4
    assert all(one.peak <= 1_800_00 and one.annual_cost <= Decimal("0.24") for one in told)
    plan = services.ask("L1", told[0].option_id, people["agent"], AT, **MEANS)
    assert plan.option["option_id"] == told[0].option_id
    with pytest.raises(WrongUse):
        services.ask("L1", "of nothing", people["agent"], AT, **MEANS)


KINDS = [
    "catch_up",
    "extension",
    "deferral_with_interest",
    "deferral_without_interest",
    "payment_holiday",
    "longer_term",
    "step_up",
    "arrears_parked",
    "arrears_capitalized",
    "penalty_waiver",
    "rate_waiver",
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_booked_is_what_was_previewed_and_agreed(kind, late, people):
    plan = asked(kind, people, evidence="payslips")
    services.agree(plan.pk, people["agent"], AT)
    seen = preview(plan, day_of("B1", AT), AT)
    assert not Plan.objects.filter(pk=plan.pk, state="granted").exists()
    services.grant(plan.pk, people["manager"], AT)
    done = services.grant(plan.pk, people["risk"], AT)
    assert done.state == "granted"
    assert seen.unpaid == tuple(
        (day, amount) for day, amount in ((date.fromisoformat(d), a) for d, a in done.option["payments"])
    )
    unpaid = {}
    for one in items("L1", FAR):
        if one.unpaid:
            unpaid[one.due_on] = unpaid.get(one.due_on, 0) + one.unpaid
    assert tuple(sorted(unpaid.items())) == seen.unpaid
    assert balances(["L1"], day_of("B1", AT))["L1"].dpd == 0 or done.kind == "catch_up"
    assert list(verify()) == []


def test_asking_pauses_contact_and_granting_lets_it_go_on(late, people):
    plan = asked("catch_up", people)
    assert plan.state == "offered"
    assert Fact.objects.filter(borrower_id="B1", fact="hardship", until=None).count() == 1
    assert not any(leave.allowed for leave in leave_of("B1", AT + timedelta(minutes=1), ("sms", "call")))
    services.agree(plan.pk, people["agent"], AT)
    services.grant(plan.pk, people["manager"], AT)
    done = services.grant(plan.pk, people["risk"], AT + timedelta(hours=1))
    assert not Fact.objects.filter(borrower_id="B1", fact="hardship", until=None).exists()
    assert Fact.objects.filter(borrower_id="B1", fact="plan_kept", until=None, loan_id="L1").count() == 1
    assert done.verdict["answer"] == "allowed"
    assert "LENDER-PLAN-01" in done.verdict["rules"]


def test_four_eyes_and_the_limits_of_a_role(late, people):
    plan = asked("rate_waiver", people, evidence="payslips, dismissal")
    with pytest.raises(WrongUse):
        services.grant(plan.pk, people["manager"], AT)
    services.agree(plan.pk, people["agent"], AT)
    services.grant(plan.pk, people["manager"], AT)
    with pytest.raises(OwnProposal):
        services.grant(plan.pk, people["manager"], AT)
    with pytest.raises(PermissionDenied):
        services.grant(plan.pk, people["agent"], AT)
    assert Plan.objects.get(pk=plan.pk).state == "agreed"
    assert services.grant(plan.pk, people["other"], AT).state == "granted"


def test_no_grant_without_the_gates_leave(late, people):
    plan = asked("catch_up", people)
    services.agree(plan.pk, people["agent"], AT)
    services.grant(plan.pk, people["manager"], AT)
    plan.refresh_from_db()
    plan.option["facts"]["leaves_living_costs"] = "false"
    plan.save(update_fields=["option"])
    with pytest.raises(AnswerIsNo, match="LENDER-PLAN-01"):
        services.grant(plan.pk, people["risk"], AT)
    assert Plan.objects.get(pk=plan.pk).state == "agreed"


def test_money_that_came_meanwhile_asks_for_a_new_plan(late, people):
    plan = asked("catch_up", people)
    services.agree(plan.pk, people["agent"], AT)
    services.grant(plan.pk, people["manager"], AT)
    pay(Payment("X", "L1", date(2026, 11, 27), 100_00, "X"), actor="tests", at=AT)
    with pytest.raises(AnswerIsNo, match="changed"):
        services.grant(plan.pk, people["risk"], AT)
    services.withdraw(plan.pk, people["agent"], AT)
    assert granted("catch_up", people).state == "granted"


def test_evidence_is_asked_where_the_lender_gives_something(late, people):
    plan = asked("rate_waiver", people)
    assert plan.state == "asked"
    with pytest.raises(WrongUse):
        services.agree(plan.pk, people["agent"], AT)
    with pytest.raises(WrongUse):
        services.offer(plan.pk, people["agent"], AT, evidence=" ")
    assert services.offer(plan.pk, people["agent"], AT, evidence="notice of dismissal").state == "offered"


def test_a_loan_has_one_live_plan(late, people):
    first = asked("catch_up", people)
    with pytest.raises(AnswerIsNo):
        asked("extension", people)
    services.withdraw(first.pk, people["agent"], AT)
    asked("extension", people)
    with pytest.raises(IntegrityError), transaction.atomic():
        Plan.objects.filter(pk=first.pk).update(state="agreed")


def test_payments_keep_it_and_a_token_does_not(late, people):
    plan = granted("longer_term", people)
    first, amount = date.fromisoformat(plan.option["payments"][0][0]), plan.option["payments"][0][1]
    pay(Payment("K1", "L1", first, amount, "K1"), actor="tests", at=AT + timedelta(days=1))
    after = AT + timedelta(days=(first - AT.date()).days + 7)
    services.watch(after)
    plan.refresh_from_db()
    assert (plan.state, plan.paid, plan.short) == ("granted", 1, 0)
    second = date.fromisoformat(plan.option["payments"][1][0])
    pay(Payment("K2", "L1", second, 10_00, "K2"), actor="tests", at=AT + timedelta(days=2))
    late_at = AT + timedelta(days=(second - AT.date()).days + 2)
    services.watch(late_at)
    plan.refresh_from_db()
    assert (plan.state, plan.missed_on) == ("granted", second)
    broken_at = AT + timedelta(days=(second - AT.date()).days + 7)
    assert services.watch(broken_at) == 1
    plan.refresh_from_db()
    assert (plan.state, plan.missed_on) == ("broken", second)
    assert not Fact.objects.filter(borrower_id="B1", fact="plan_kept", until=None).exists()


def test_a_second_plan_waits_and_is_lighter(late, people):
    plan = granted("catch_up", people)
    broken_at = AT + timedelta(days=60)
    assert services.watch(broken_at) == 1
    told = services.offers("L1", MEANS["income"], MEANS["spending"], broken_at)
    assert told.told.all
    assert all(one.peak < plan.option["peak"] for one in told.told.all)
    lighter = next(one for one in told.told.all if one.option_id not in told.ruled_out)
    second = services.ask("L1", lighter.option_id, people["agent"], broken_at, **MEANS, evidence="payslips")
    services.agree(second.pk, people["agent"], broken_at)
    services.grant(second.pk, people["manager"], broken_at)
    with pytest.raises(AnswerIsNo, match="broken"):
        services.grant(second.pk, people["risk"], broken_at)


def test_kept_to_its_end_and_the_way_back(late, people):
    before = services.way_back("B1", AT)
    assert [step.code for step in before[0].steps][:1] == ["arrears"]
    assert before[0].steps[0].on is None
    plan = granted("catch_up", people)
    for place, (day, amount) in enumerate(plan.option["payments"]):
        on = date.fromisoformat(day)
        pay(Payment(f"K{place}", "L1", on, amount, f"K{place}"), actor="tests", at=AT + timedelta(days=1 + place))
    last = date.fromisoformat(plan.option["payments"][-1][0])
    end = AT + timedelta(days=(last - AT.date()).days + 1)
    assert services.watch(end) == 1
    plan.refresh_from_db()
    assert (plan.state, plan.paid) == ("kept", len(plan.option["payments"]))
    steps = {step.code: step for step in services.way_back("B1", end)[0].steps}
    assert steps["arrears"].done
    assert steps["record"].on == date(last.year + 5, last.month, (last + timedelta(days=1)).day)
    assert steps["record"].rule == "CN-BUR-03"
    assert balances(["L1"], last + timedelta(days=1))["L1"].outstanding == 0


def test_a_settlement_lets_the_rest_go_and_needs_more_than_a_manager(late, people):
    later = AT + timedelta(days=200)
    plan = asked("settlement", people, later, savings=Decimal("2000"), evidence="dismissal")
    services.agree(plan.pk, people["agent"], later)
    services.grant(plan.pk, people["manager"], later)
    with pytest.raises(AnswerIsNo, match="beyond"):
        services.grant(plan.pk, people["other"], later)
    done = services.grant(plan.pk, people["risk"], later)
    assert done.state == "granted"
    assert sum(one.unpaid for one in items("L1", FAR)) == done.option["total"]
    assert list(verify()) == []


def test_a_penalty_paid_in_part_moves_whole_and_the_sum_is_kept(late, people):
    book("penalty", "L1", date(2026, 11, 2), 60_00, "more", "penalty:2", actor="tests", at=AT, number=4)
    pay(Payment("T", "L1", date(2026, 11, 20), 20_00, "T"), actor="tests", at=AT)
    plan = granted("longer_term", people)
    assert sum(one.unpaid for one in items("L1", FAR)) == plan.option["total"]
    assert list(verify()) == []
