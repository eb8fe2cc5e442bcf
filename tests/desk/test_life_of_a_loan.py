"""The life of a loan, end to end: applied for, paid out, reminded, missed, hardship told and a plan chosen on the
borrower's own page; the plan breaks and the bureau is told, a second holds, the debt is cured, the bureau's record
corrected and in its time taken away. The ledger balances after every act, the gate has spoken on each that reaches
out, and the audit log is sealed and proved at the end.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from forbear.basics.errors import AnswerIsNo
from forbear.desk.applications import deciding, paying_out
from forbear.desk.audit.models import Entry
from forbear.desk.audit.sealing import seal
from forbear.desk.audit.verifying import verify as verify_audit
from forbear.desk.bureau import correcting, running
from forbear.desk.bureau.models import Held, Item, Run
from forbear.desk.contact.dispatching import step
from forbear.desk.contact.models import Attempt
from forbear.desk.ledger.balances import balances, items
from forbear.desk.ledger.booking import Payment, pay
from forbear.desk.ledger.verify import verify
from forbear.desk.people.approvals import approve
from forbear.desk.people.models import Approval
from forbear.desk.plans import services
from forbear.desk.plans.models import Plan
from forbear.desk.portal.checking import answers_of
from forbear.desk.record.gate import leave_of
from forbear.desk.record.models import Borrower, Case, Contact, Fact, Installment
from tests.desk.applications.conftest import sandbox, taken
from tests.desk.bureau.test_bureau import vouch
from tests.desk.contact.conftest import FACTS, outbox
from tests.desk.portal.conftest import come_in

__all__ = ["outbox", "sandbox", "taken"]
pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
INCOME, SPENDING = Decimal("6000"), Decimal("4000")


class Life:
    """One loan and the people around it; `at` is the outbox's clock."""

    def __init__(self, outbox, user_of) -> None:
        self.outbox = outbox
        self.agent, self.manager = user_of("agent", "ann"), user_of("manager", "max")
        self.other, self.risk = user_of("manager", "mia"), user_of("risk", "rik")
        self.compliance = user_of("compliance", "cai")
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

    def page(self) -> Client:
        """Her own page, come in by a new link."""
        return come_in(self.borrower, answers_of(self.borrower))

    def chooses(self, evidence: str) -> Plan:
        """On her page: tell of her month, choose the first plan that fits, see what it costs, agree to it."""
        client = self.page()
        month = {"income": str(INCOME), "spending": str(SPENDING), "dependants": "1"}
        fits = client.post(f"/my/plans/fit/{self.loan}", month).content.decode()
        option = re.search(r'name="option" value="([^"]+)"', fits)
        assert option, fits
        answer = client.post(f"/my/plans/ask/{self.loan}", {**month, "option": option[1]})
        assert answer.status_code == 302, answer.content.decode()
        path = answer.headers["Location"]
        plan = Plan.objects.get(pk=int(path.rsplit("/", 1)[1]))
        if plan.state == "asked":
            services.offer(plan.pk, self.agent, self.at, evidence=evidence)
        assert client.post(path, {"do": "agree", "confirmed": "1"}).status_code == 302
        services.put_forward(plan.pk, self.agent, self.at)
        plan.refresh_from_db()
        return plan

    def told_to_the_bureau(self) -> Item:
        """A run made by one and sent by another; what it did with her loan."""
        run = running.make(self.manager, self.at.date(), self.at)
        approve(self.compliance, Approval.objects.get(state="proposed", kind=running.SEND).pk, self.at)
        self.balanced()
        return Item.objects.get(run=run, loan=self.loan)


@pytest.fixture
def life(outbox, user_of, monkeypatch):
    monkeypatch.setattr(timezone, "now", outbox.now)
    return Life(outbox, user_of)


def test_from_application_to_a_restored_record(life, sandbox, taken):
    apply_and_pay_out(life, taken)
    first_due = Installment.objects.filter(loan_id=life.loan).order_by("number").first().due_on
    life.go_to(first_due + timedelta(days=3))
    assert life.dpd() == 3
    assert life.remind("reminder") == "sent"
    correcting.noticed(life.manager, [life.loan], life.at, life.at)
    tell_of_hardship(life)
    first = first_plan(life)
    breaks(life, first)
    reported(life)
    second = second_plan(life, first)
    keeps(life, second)
    corrected(life)
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
    agreed = {"fact": "bureau_consent_written", "value": "true", "since": life.at}
    Fact.objects.create(borrower_id=life.borrower, **agreed)
    vouch(life.compliance)
    Case.objects.create(case_id="C-life", borrower_id=life.borrower, dpd=0, bucket="M1", arrears=0)
    life.balanced()


def tell_of_hardship(life: Life) -> None:
    life.outbox.later(hours=1)
    client = life.page()
    given = {"cause": ["work"], "text": "我失业了"}
    answer = client.post("/my/hardship", given, follow=True)
    assert "It is paused already" in answer.content.decode()
    assert "Contact is paused" in client.get("/my/").content.decode()
    assert not any(one.allowed for one in leave_of(life.borrower, life.at, ("call", "sms")))
    life.outbox.later(days=1)
    assert life.remind("while in hardship") != "sent"


def first_plan(life: Life) -> Plan:
    plan = life.chooses("notice of dismissal")
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


def reported(life: Life) -> None:
    item = life.told_to_the_bureau()
    assert (item.act, item.answer, item.why) == ("tell", "told", "")
    assert item.rules
    assert Held.objects.get(pk=life.loan).fields["state"] == "逾期"


def second_plan(life: Life, first: Plan) -> Plan:
    plan = life.chooses("payslip of the new job")
    with pytest.raises(AnswerIsNo, match="broken"):  # the second waits for a fortnight
        services.grant(plan.pk, life.risk, life.at)
    services.withdraw(plan.pk, life.agent, life.at)
    life.outbox.later(days=14)
    plan = life.chooses("payslip of the new job")
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


def corrected(life: Life) -> None:
    """Between two runs the bureau is told that the debt is paid: one proposes it, another approves."""
    before = Held.objects.get(pk=life.loan)
    proposal = correcting.propose_change(life.manager, life.loan, "correct", "paid in full by the plan", life.at)
    approve(life.compliance, proposal.pk, life.at)
    held = Held.objects.get(pk=life.loan)
    assert (before.fields["state"], held.fields["state"]) == ("逾期", "结清")
    assert Decimal(held.fields["balance"]) == Decimal(held.fields["past_due"]) == 0
    assert held.expires_on is not None
    assert Entry.objects.get(action="bureau.changed").facts["rules"]


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
    told = life.page().get("/my/way-back").content.decode()
    assert "done:" in told
    assert str(record) in told
    life.go_to(record)
    assert all(step.done for step in services.way_back(life.borrower, life.at)[0].steps if step.code != "correct")
    life.go_to(Held.objects.get(pk=life.loan).expires_on + timedelta(days=1))
    item = life.told_to_the_bureau()
    assert (item.act, item.answer) == ("delete", "told")
    assert Held.objects.get(pk=life.loan).deleted_at == life.at


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
    for action in ("application.accepted", "application.disbursed"):
        assert "CN-INT-01" in Entry.objects.get(action=action).facts["rules"]
    assert Run.objects.filter(state="sent").count() == 2
    assert not Item.objects.filter(act="tell", rules="").exists()
    life.balanced()
    seal()
    proof = verify_audit()
    assert proof.broken == ""
    assert proof.links == Entry.objects.count()
