"""The life of a loan, end to end: applied for, paid out, reminded, missed, hardship told, a plan that breaks, a second
that holds, the debt cured, the record restored. The ledger balances after every act, and the gate has spoken on each.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from forbear.basics.errors import AnswerIsNo
from forbear.desk.applications import deciding, paying_out
from forbear.desk.contact.dispatching import step
from forbear.desk.contact.models import Attempt
from forbear.desk.ledger.balances import balances, items
from forbear.desk.ledger.booking import Payment, pay
from forbear.desk.ledger.verify import verify
from forbear.desk.people.approvals import approve
from forbear.desk.plans import services
from forbear.desk.plans.models import Plan
from forbear.desk.record.models import Borrower, Case, Contact, Fact, Installment
from forbear.desk.replies.acting import Said, act
from tests.desk.applications.conftest import sandbox, taken
from tests.desk.contact.conftest import FACTS, outbox

__all__ = ["outbox", "sandbox", "taken"]
pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
INCOME, SPENDING = Decimal("6000"), Decimal("4000")


class Life:
    """One loan and the people around it; `at` is the outbox's clock."""

    def __init__(self, outbox, user_of) -> None:
        self.outbox = outbox
        self.agent, self.manager = user_of("agent", "ann"), user_of("manager", "max")
        self.other, self.risk = user_of("manager", "mia"), user_of("risk", "rik")
        self.borrower = self.loan = ""

    @property
    def at(self) -> datetime:
        return self.outbox.at

    def go_to(self, day: date, hour: int = 3) -> datetime:
        """Late morning in Shanghai on a day."""
        self.outbox.at = datetime.combine(day, time(hour), UTC)
        return self.at

    def balanced(self) -> None:
        assert list(verify()) == []

    def remind(self, key: str, purpose: str = "overdue") -> str:
        """Plan a message and let it leave if it may; how it ended."""
        planned = self.outbox.plan(self.borrower, key=key, purpose=purpose)
        while not step(self.outbox.providers["a"]).idle:
            pass
        planned.refresh_from_db()
        return str(planned.state)

    def pays(self, name: str, amount: int) -> None:
        day = self.at.date()
        pay(Payment(name, self.loan, day, amount, name), actor="till", at=self.at)
        self.balanced()

    def dpd(self) -> int:
        return balances([self.loan], self.at.date())[self.loan].dpd

    def plan(self, evidence: str, *, lighter_than: int | None = None) -> Plan:
        """Ask for the best plan, agree, put it forward."""
        told = services.options_for(self.loan, INCOME, SPENDING, self.at)
        assert told, services.offers(self.loan, INCOME, SPENDING, self.at)
        one = next(option for option in told if lighter_than is None or option.peak < lighter_than)
        plan = services.ask(
            self.loan,
            one.option_id,
            None,
            self.at,
            income=INCOME,
            spending=SPENDING,
            channel="portal",
            evidence=evidence,
        )
        services.agree(plan.pk, None, self.at)
        return services.grant(plan.pk, self.agent, self.at)


@pytest.fixture
def life(outbox, user_of):
    return Life(outbox, user_of)


def test_from_application_to_a_restored_record(life, sandbox, taken):
    apply_and_pay_out(life, taken)
    first_due = Installment.objects.filter(loan_id=life.loan).order_by("number").first().due_on
    life.go_to(first_due + timedelta(days=3))
    assert life.dpd() == 3
    assert life.remind("reminder") == "sent"
    tell_of_hardship(life)
    first = first_plan(life)
    breaks(life, first)
    second = second_plan(life, first)
    keeps(life, second)
    restored(life, second)
    every_act_has_a_verdict(life)


def apply_and_pay_out(life: Life, taken) -> None:
    application = taken(by=life.agent, at=life.at, amount=1_200_000, term=12)
    deciding.check_and_decide(application, by=life.agent, at=life.at)
    application.refresh_from_db()
    paying_out.accept(application, "equal_installment", True, by=life.agent, at=life.at)
    application.refresh_from_db()
    proposal = paying_out.propose_disbursal(application, by=life.manager, at=life.at)
    approve(life.other, proposal.pk, life.at)
    application.refresh_from_db()
    life.loan, life.borrower = application.loan_id, application.borrower_id
    Borrower.objects.filter(pk=life.borrower).update(time_zone="Asia/Shanghai")
    for fact, value in FACTS.items():
        Fact.objects.create(borrower_id=life.borrower, fact=fact, value=value)
    Case.objects.create(case_id="C-life", borrower_id=life.borrower, dpd=0, bucket="M1", arrears=0)
    life.balanced()


def tell_of_hardship(life: Life) -> None:
    life.outbox.later(hours=1)
    act("hardship", Said(life.borrower, life.at, "sms", "我失业了", by=life.agent))
    life.outbox.later(days=1)
    assert life.remind("while in hardship") != "sent"


def first_plan(life: Life) -> Plan:
    plan = life.plan("notice of dismissal")
    sent = Attempt.objects.count()
    granted = services.grant(plan.pk, life.risk, life.at)
    life.balanced()
    assert granted.state == "granted"
    assert sum(one.unpaid for one in items(life.loan, date(2199, 1, 1))) == granted.option["total"]
    assert Attempt.objects.count() == sent
    return granted


def breaks(life: Life, plan: Plan) -> None:
    first = date.fromisoformat(plan.option["payments"][0][0])
    life.go_to(first)
    life.pays("token", 20_00)
    life.go_to(first + timedelta(days=6))
    assert services.watch(life.at) == 1
    plan.refresh_from_db()
    assert (plan.state, plan.missed_on) == ("broken", first)
    assert Case.objects.get(pk="C-life").next_action_on == life.at.date()
    assert not Fact.objects.filter(borrower_id=life.borrower, fact="plan_kept", until=None).exists()


def second_plan(life: Life, first: Plan) -> Plan:
    plan = life.plan("payslip of the new job", lighter_than=first.option["peak"])
    with pytest.raises(AnswerIsNo, match="broken"):  # the second waits for a fortnight
        services.grant(plan.pk, life.risk, life.at)
    services.withdraw(plan.pk, life.agent, life.at)
    life.outbox.later(days=14)
    plan = life.plan("payslip of the new job", lighter_than=first.option["peak"])
    granted = services.grant(plan.pk, life.risk, life.at)
    life.balanced()
    assert granted.option["peak"] < first.option["peak"]
    assert granted.option["classification"]["after"] == "substandard"
    return granted


def keeps(life: Life, plan: Plan) -> None:
    for place, (day, amount) in enumerate(plan.option["payments"]):
        life.go_to(date.fromisoformat(day))
        life.pays(f"plan {place}", amount)
        life.outbox.later(days=1)
        services.watch(life.at)
    plan.refresh_from_db()
    assert (plan.state, plan.paid) == ("kept", len(plan.option["payments"]))
    assert balances([life.loan], life.at.date())[life.loan].outstanding == 0
    assert life.remind("after the cure") != "sent"


def restored(life: Life, plan: Plan) -> None:
    (way,) = services.way_back(life.borrower, life.at)
    steps = {step.code: step for step in way.steps}
    assert steps["arrears"].done
    status, record = steps["status"].on, steps["record"].on
    assert status is not None
    assert record is not None
    life.go_to(max(status, life.at.date()) + timedelta(days=1))
    later = {step.code: step for step in services.way_back(life.borrower, life.at)[0].steps}
    assert later["status"].done
    assert not later["record"].done
    assert record.year == life_end(plan).year + 5
    life.go_to(record)
    assert all(step.done for step in services.way_back(life.borrower, life.at)[0].steps if step.code != "correct")


def life_end(plan: Plan) -> date:
    assert plan.ended_at is not None
    return plan.ended_at.date()


def every_act_has_a_verdict(life: Life) -> None:
    for contact in Contact.objects.filter(borrower_id=life.borrower, direction="out"):
        assert Attempt.objects.get(pk=contact.contact_id).rules.rules
    plans = Plan.objects.filter(borrower_id=life.borrower).exclude(granted_at=None)
    assert plans.count() == 2
    for plan in plans:
        assert plan.verdict["answer"] == "allowed"
        assert {"CN-PAY-03", "LENDER-PLAN-01", "CN-INT-07-PLAN"} <= set(plan.verdict["rules"])
    life.balanced()
