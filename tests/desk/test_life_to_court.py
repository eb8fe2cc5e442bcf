"""The life of a loan that ends in court: missed dates, letters, mediation, suit, judgment, settlement, certificate.

The ledger balances after every act, and the gate has a verdict for every act that reaches out to the borrower.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from forbear.basics.errors import AnswerIsNo
from forbear.desk.audit.models import Entry as Told
from forbear.desk.contact.models import Attempt, Receipt, RuleSet
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.verify import verify as verify_ledger
from forbear.desk.letters import archived, telling
from forbear.desk.letters.models import Letter
from forbear.desk.letters.writing import Wanted as WantedLetter
from forbear.desk.letters.writing import ask_for
from forbear.desk.litigation import filing
from forbear.desk.litigation.claims import claim_now, judged, money_of
from forbear.desk.litigation.clocks import clock_of
from forbear.desk.litigation.models import Event
from forbear.desk.money.acts import Wanted as WantedAct
from forbear.desk.money.acts import propose_act
from forbear.desk.people.approvals import approve
from forbear.desk.record.models import Loan
from forbear.recovery.letters import verify
from tests.desk.letters.conftest import late, lender, people, signing_file

__all__ = ["late", "lender", "people", "signing_file"]
pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def at(month: int, day: int) -> datetime:
    """Noon in Shanghai."""
    return datetime(2026, month, day, 4, tzinfo=UTC)


def balanced() -> None:
    assert list(verify_ledger()) == []


def letter(people, kind: str, when: datetime, **words: str) -> Letter:
    """A letter of a kind, approved where another must."""
    given = [f"{name}={value}" for name, value in {"pay_to": "转账至示例银行", **words}.items()]
    made = ask_for(people[0], WantedLetter(kind=kind, loan_id="L1", language="zh-CN", words=given), when)
    if not isinstance(made, Letter):
        approve(people[1], made.pk, when)
        made = Letter.objects.get(kind=kind)
    assert verify(made.document()).good
    assert all(one["answer"] in ("allowed", "deferred") and one["rules"] for one in made.verdicts.values())
    return made


def posted(people, made: Letter, when: datetime) -> None:
    """Send a letter, and have the provider say that it was posted."""
    planned = archived.send(people[0], made, when)
    rules, _ = RuleSet.objects.get_or_create(fingerprint="f", defaults={"rules": []})
    given = {"planned": planned, "provider": "post", "reserved_at": when, "lease_until": when, "rules": rules}
    attempt = Attempt.objects.create(attempt_id=f"a-{made.pk}", state="sent", **given)
    Receipt.objects.create(provider="post", key=made.pk, attempt=attempt, result="sent", at=when)
    telling.tell(when)


def stage(people, suit, name: str, when: datetime, amounts=None, **told: str) -> Event:
    return filing.note(people[0], suit, filing.Note(name, when.date(), told, amounts or {}), when)


def to_court(people, suit, name: str, when: datetime, declared=(), claimed=0, **told: str) -> Event:
    means = {"surplus": "100000"} if name == "filed" else {}
    words = [f"{key}={value}" for key, value in {**told, **means}.items()]
    declared = [*declared, "contract", "disbursal", "identity"]
    wanted = filing.Wanted(
        suit_id=suit.pk, stage=name, on=when.date(), words=words, declared=declared, claimed=claimed
    )
    approve(people[1], filing.propose_stage(people[0], wanted, when).pk, when)
    return filing.now_of(suit)


def test_a_loan_to_court_and_back(late, people):
    loan = Loan.objects.get(pk="L1")
    # Her first installment came, the following did not: reminders and a notice.
    book("payment", "L1", date(2026, 2, 15), 212_63, "P1", "P1", actor="bank", at=at(2, 15))
    balanced()
    letter(people, "reminder", at(3, 10))
    posted(people, letter(people, "arrears", at(4, 20)), at(4, 20))
    # Mediation fails; a lawyer writes; fifteen days must pass.
    suit = filing.open_suit(people[0], loan, at(5, 4))
    stage(people, suit, "mediation_asked", at(5, 4), where="示例调解中心")
    assert clock_of(loan, at(5, 5)).clock.ends_on is None, "while mediators have it no time runs"
    stage(people, suit, "mediation_failed", at(5, 20))
    assert clock_of(loan, at(5, 21)).clock.ends_on == date(2029, 7, 15), "from the last installment, still to come"
    lawyers = {
        "lawyer_name": "李例章",
        "lawyer_license": "1310",
        "answer_by": "2026-06-20",
        "law_firm": "示例律师事务所",
    }
    more = {"law_firm_address": "上海", "mediation": "示例调解中心"}
    lba = letter(people, "letter_before_action", at(5, 25), **lawyers, **more)
    posted(people, lba, at(5, 25))
    claim = claim_now(loan, date(2026, 6, 9))
    with pytest.raises(AnswerIsNo, match="LENDER-LIT-01"):
        to_court(people, suit, "filed", at(6, 9), claimed=claim.total, procedure="simplified", court="示例法院")
    claim = claim_now(loan, date(2026, 7, 20))
    assert claim.parts["principal"] == balances(["L1"], date(2026, 7, 20))["L1"].arrears_principal
    filed = to_court(
        people, suit, "filed", at(7, 20), claimed=claim.total, procedure="simplified", court="示例法院"
    )
    assert filed.verdict["answer"] == "allowed"
    assert clock_of(loan, at(8, 1)).clock.ends_on is None, "while the court has it no time runs"
    stage(people, suit, "accepted", at(7, 27), case_number="（2026）示民初1号")
    # Judgment, in force, not performed in time; the doubled part runs beside.
    sums = {
        "principal": claim.parts["principal"],
        "interest": claim.total - claim.parts["principal"],
        "costs_awarded": 25_00,
    }
    stage(people, suit, "judgment", at(8, 20), sums, performance_ends_on="2026-09-10")
    stage(people, suit, "effective", at(9, 5), performance_ends_on="2026-09-10")
    found = judged(suit, date(2026, 10, 10), at(10, 10))
    assert found.owed["doubled"] == claim.parts["principal"] * 175 * 30 // 1_000_000
    with pytest.raises(AnswerIsNo, match="CN-LIT-05"):
        to_court(people, suit, "enforcement", at(10, 10), court="示例法院")
    enforced = to_court(
        people, suit, "enforcement", at(10, 10), declared=["necessities_left_out"], court="示例法院"
    )
    assert enforced.verdict["answer"] == "allowed"
    # She settles: pays most, the rest is let go by two people, through the ledger.
    stage(people, suit, "settled", at(10, 20), {"agreed": 900_00}, pay_by="2026-10-31")
    book("payment", "L1", date(2026, 10, 25), 900_00, "P2", "P2", actor="bank", at=at(10, 25))
    balanced()
    left = balances(["L1"], date(2026, 10, 26))["L1"]
    parts = {
        "principal": left.principal_outstanding,
        "interest": left.interest_outstanding,
        "fees": left.fees_outstanding,
    }
    wanted = WantedAct(
        kind="waiver", loan_id="L1", effective_on=date(2026, 10, 26), reason="settlement",
        amounts={name: amount for name, amount in parts.items() if amount},
    )  # fmt: skip
    with pytest.raises(AnswerIsNo, match="not paid"):
        letter(people, "paid_in_full", at(10, 26))
    approve(people[1], propose_act(people[0], wanted, at(10, 26)).pk, at(10, 26))
    balanced()
    assert balances(["L1"], date(2026, 10, 26))["L1"].outstanding == 0
    assert money_of(suit).received == 900_00
    stage(people, suit, "closed", at(10, 27), what="settled and paid")
    certificate = letter(people, "paid_in_full", at(10, 27))
    assert certificate.sums["outstanding"] == 0
    assert certificate.sums["waived"] == left.outstanding
    letter(people, "statement", at(10, 27))
    # Every act to the outside has its verdict; the log tells of every step.
    assert not [one for one in Event.objects.filter(stage__in=("filed", "enforcement")) if not one.verdict]
    assert Told.objects.filter(action="letter.written").count() == Letter.objects.count() == 5
    assert Told.objects.filter(action="suit.stage").count() == Event.objects.count()
    balanced()


def test_a_settlement_before_any_court(late, people):
    """At the first word of a settlement the file closes without one paper of a court."""
    suit = filing.open_suit(people[0], Loan.objects.get(pk="L1"), at(5, 4))
    stage(people, suit, "settled", at(5, 6), {"agreed": 500_00}, pay_by="2026-05-20")
    book("payment", "L1", date(2026, 5, 10), 500_00, "P1", "P1", actor="bank", at=at(5, 10))
    stage(people, suit, "closed", at(5, 11), what="paid")
    assert money_of(suit).costs == 0
    assert filing.now_of(suit).next_on is None
    assert at(5, 11) - at(5, 4) < timedelta(days=8)
    balanced()
