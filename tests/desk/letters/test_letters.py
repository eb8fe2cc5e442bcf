"""Letters at the desk: sums are the ledger's, nothing is written past the gate, what was written stays."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta

import pypdfium2
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from forbear.basics.errors import AnswerIsNo, ForbearError, WrongUse
from forbear.basics.money import shown
from forbear.desk.audit.models import Entry as Told
from forbear.desk.contact.models import Planned
from forbear.desk.contact.words import NotSendable, NotWanted
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book
from forbear.desk.letters import archived, telling
from forbear.desk.letters.models import Letter
from forbear.desk.letters.writing import Wanted, ask_for, draft, sums_of
from forbear.desk.people.approvals import approve
from forbear.desk.people.models import Approval, User
from forbear.desk.privacy.keys import forget
from forbear.desk.privacy.models import DataKey
from forbear.desk.privacy.rotation import reencrypt
from forbear.desk.record.models import Fact
from forbear.desk.wording.rendering import render
from forbear.recovery.letters import verify
from tests.desk.letters.conftest import NOON

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
LAWYER = [
    *("lawyer_name=李例章", "lawyer_license=1310", "answer_by=2026-05-20", "law_firm=示例律师事务所"),
    *("law_firm_address=上海", "mediation=示例调解中心", "pay_to=转账"),
]


def want(kind="arrears", language="zh-CN", words=("pay_to=转账至示例银行",)):
    return Wanted(kind=kind, loan_id="L1", language=language, words=list(words))


def text_of(pdf):
    return re.sub(r"\s+", "", "".join(p.get_textpage().get_text_range() for p in pypdfium2.PdfDocument(pdf)))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_letter_states_the_ledgers_sums_is_signed_and_archived(late, people, language):
    made = ask_for(people[0], want(language=language), NOON)
    assert isinstance(made, Letter)
    balance = balances(["L1"], date(2026, 4, 20))["L1"]
    assert made.sums["arrears"] == balance.arrears_total
    assert made.sums["outstanding"] == balance.outstanding
    pdf = Letter.objects.get(pk=made.pk).document()
    assert shown(balance.arrears_total, "CNY", language) in text_of(pdf)
    found = verify(pdf)
    assert found.good
    assert (found.sha256, found.by) == (made.sha256, "示例消费金融有限公司")
    assert made.verdicts["letter"]["answer"] == "allowed"
    assert made.verdicts["letter"]["rules"]
    assert Told.objects.get(action="letter.written").facts["sha256"] == made.sha256


def test_no_name_stands_in_the_archive_in_the_clear(late, people):
    made = ask_for(people[0], want(), NOON)
    raw = bytes(Letter.objects.values_list("pdf", flat=True).get(pk=made.pk))
    assert b"%PDF" not in raw
    assert "王安样" not in str(Letter.objects.filter(pk=made.pk).defer("pdf").values().get())


def test_what_was_written_stays(late, people):
    made = ask_for(people[0], want(), NOON)
    for harm in ("UPDATE letters SET sha256 = 'x'", "DELETE FROM letters", "UPDATE letters SET sums = '{}'"):
        from django.db import connection

        with pytest.raises(DatabaseError, match="stays"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(harm)
    list(reencrypt())  # new keys change the sealed bytes and nothing else
    assert verify(Letter.objects.get(pk=made.pk).document()).sha256 == made.sha256


def test_an_erased_borrowers_letter_is_gone_and_its_fingerprint_stays(late, people):
    made = ask_for(people[0], want(), NOON)
    DataKey.objects.filter(borrower_id="B1").update(wrapped=None, destroyed_at=NOON)  # as an erasure does
    forget()
    again = Letter.objects.get(pk=made.pk)
    assert again.sha256 == made.sha256
    with pytest.raises(AnswerIsNo, match="erased"):
        again.document()


def test_no_certificate_before_the_ledger_says_paid(late, people):
    with pytest.raises(AnswerIsNo, match="not paid"):
        ask_for(people[0], want("paid_in_full", words=()), NOON)
    owed = balances(["L1"], date(2026, 4, 20))["L1"].outstanding
    book("payment", "L1", date(2026, 4, 20), owed - 1, "P1", "P1", actor="t", at=NOON)
    with pytest.raises(AnswerIsNo, match="not paid"):
        ask_for(people[0], want("paid_in_full", words=()), NOON)
    book("payment", "L1", date(2026, 4, 20), 1, "P2", "P2", actor="t", at=NOON)
    made = ask_for(people[0], want("paid_in_full", words=()), NOON)
    assert made.sums["outstanding"] == 0
    assert made.sums["paid_total"] == owed
    with pytest.raises(AnswerIsNo, match="nothing of this loan is overdue"):
        ask_for(people[0], want(), NOON)


def test_written_off_is_not_paid(late, people):
    book("write-off", "L1", date(2026, 4, 20), None, "w", "w", actor="t", at=NOON)
    with pytest.raises(AnswerIsNo, match="not paid"):
        ask_for(people[0], want("paid_in_full", words=()), NOON)


def test_a_statement_adds_up_whatever_happened(late, people):
    on = date(2026, 2, 20)
    first = book("payment", "L1", on, 300_00, "P1", "P1", actor="t", at=NOON)
    book("penalty", "L1", date(2026, 3, 1), 5_00, "c", "c", actor="t", at=NOON + timedelta(seconds=1))
    book("waiver", "L1", date(2026, 3, 2), {"interest": 2_00}, "w", "w", actor="t", at=NOON + timedelta(seconds=2))
    book("payment", "L1", date(2026, 2, 16), 50_00, "P0", "P0", actor="t", at=NOON + timedelta(seconds=3))
    book(
        "reversal",
        "L1",
        date(2026, 3, 10),
        None,
        "r",
        "r",
        actor="t",
        at=NOON + timedelta(seconds=4),
        entry=first.entry_id,
    )
    made = ask_for(people[0], want("statement", words=["from_on=2026-02-18"]), NOON)
    assert made.sums["closing"] == balances(["L1"], date(2026, 4, 20))["L1"].outstanding
    assert made.sums["opening"] == balances(["L1"], date(2026, 2, 17))["L1"].outstanding


def test_every_kind_that_the_loan_allows_reads_well(late, people):
    reminder = draft(want("reminder"), NOON)
    assert reminder.facts.values["due_on"] == date(2026, 5, 15)
    bureau = want(
        "bureau_notice", words=["pay_to=x", "bureau_name=金融信用信息基础数据库", "report_from=2026-05-10"]
    )
    assert draft(bureau, NOON).facts.values["arrears"] == balances(["L1"], date(2026, 4, 20))["L1"].arrears_total


def test_a_missing_fact_is_named(late, people, settings):
    settings.LENDER = {**settings.LENDER, "address": ""}
    with pytest.raises(WrongUse, match="lender_address"):
        ask_for(people[0], want(), NOON)
    assert not Letter.objects.exists()


@pytest.mark.parametrize("state", ["dispute_open", "bankrupt", "deceased"])
def test_nothing_is_written_past_the_gate(late, people, state):
    Fact.objects.create(borrower_id="B1", fact=state, value="true", since=NOON)
    with pytest.raises(AnswerIsNo, match="the gate does not allow"):
        ask_for(people[0], want(), NOON)
    assert not Letter.objects.exists()


def test_a_lawyers_letter_takes_two_people_and_unchanged_sums(late, people):
    writer, second = people
    proposed = ask_for(writer, want("letter_before_action", words=LAWYER), NOON)
    assert isinstance(proposed, Approval)
    assert not Letter.objects.exists()
    with pytest.raises(ForbearError):
        approve(writer, proposed.pk, NOON)
    book("payment", "L1", date(2026, 4, 20), 1_00, "P1", "P1", actor="t", at=NOON)
    with pytest.raises(AnswerIsNo, match="have changed"):
        approve(second, proposed.pk, NOON)
    from forbear.desk.people.approvals import withdraw

    withdraw(writer, proposed.pk, NOON)
    again = ask_for(writer, want("letter_before_action", words=LAWYER), NOON)
    with pytest.raises(AnswerIsNo, match="waits"):
        ask_for(writer, want("letter_before_action", words=LAWYER), NOON)
    approve(second, again.pk, NOON)
    made = Letter.objects.get()
    assert (made.by, made.approved_by) == (writer, second)
    assert set(made.verdicts) == {"letter", "letter_before_action"}
    assert "律师函" in text_of(made.document())
    assert not any("王" in str(value) for value in Approval.objects.values_list("payload", flat=True))


def test_no_lawyers_letter_in_hardship(late, people):
    Fact.objects.create(borrower_id="B1", fact="hardship", value="true", since=NOON)
    with pytest.raises(AnswerIsNo, match="LENDER-LIT-02"):
        ask_for(people[0], want("letter_before_action", words=LAWYER), NOON)


def test_no_key_no_letter(late, people, settings):
    settings.SIGNING = {"key": "", "passphrase": ""}
    with pytest.raises(WrongUse) as told:
        ask_for(people[0], want(), NOON)
    assert "FORBEAR_SIGNING_KEY" in told.value.hint


def test_who_may_not_write_does_not(late):
    risk = User.objects.create_user("risk", role="risk")
    with pytest.raises(PermissionDenied):
        ask_for(risk, want(), NOON)


class Row:
    template_version = None
    channel = "letter"
    loan_id = "L1"
    owed = ()
    body = "x"

    def __init__(self, cause):
        self.cause = cause


def test_it_is_sent_as_it_is_while_its_sums_hold(late, people):
    made = ask_for(people[0], want(), NOON)
    planned = archived.send(people[0], made, NOON)
    assert planned.purpose == "overdue"
    assert archived.send(people[0], made, NOON).pk == planned.pk
    words = render(Row(planned.cause), "B1", NOON)
    assert verify(words.document).sha256 == made.sha256
    book("payment", "L1", date(2026, 4, 20), 1_00, "P1", "P1", actor="t", at=NOON)
    with pytest.raises(NotWanted, match="changed"):
        render(Row(planned.cause), "B1", NOON)
    with pytest.raises(NotSendable):
        render(Row("letter:none"), "B1", NOON)
    other = ask_for(people[0], want("statement", words=()), NOON)
    assert archived.stale(other, NOON) == ""
    with pytest.raises(AnswerIsNo):
        archived.send(people[0], made, NOON)


def test_money_dated_a_day_ahead_of_her_own_stops_a_letter(late, people):
    made = ask_for(people[0], want(), NOON)
    assert archived.stale(made, NOON) == ""
    book("payment", "L1", NOON.date() + timedelta(days=1), 1_00, "P1", "P1", actor="t", at=NOON)
    assert "changed" in archived.stale(made, NOON)


@pytest.mark.parametrize(("result", "days"), [("sent", 0), ("delivered", 0)])
def test_a_posted_letter_starts_its_clock_once(late, people, result, days):
    from forbear.desk.contact.models import Attempt, Receipt, RuleSet

    proposed = ask_for(people[0], want("letter_before_action", words=LAWYER), NOON)
    approve(people[1], proposed.pk, NOON)
    made = Letter.objects.get()
    planned = archived.send(people[0], made, NOON)
    rules = RuleSet.objects.create(fingerprint="f", rules=[])
    given = {"planned": planned, "provider": "post", "reserved_at": NOON, "lease_until": NOON, "rules": rules}
    attempt = Attempt.objects.create(attempt_id="a", state="sent", **given)
    assert telling.tell(NOON) == 0, "in the provider's folder it is not posted yet"
    Receipt.objects.create(provider="post", key="k", attempt=attempt, result=result, at=NOON + timedelta(hours=3))
    assert telling.tell(NOON + timedelta(hours=4)) == 1
    assert telling.tell(NOON + timedelta(hours=5)) == 0
    fact = Fact.objects.get(fact="letter_before_action_sent")
    assert (fact.loan_id, fact.since) == ("L1", NOON + timedelta(hours=3))


def test_the_pages(late, people, as_role, settings):
    client = as_role("manager", username="boss")
    at = timezone.now()
    page = client.get("/letters/of/B1").content.decode()
    assert "逾期通知" in page or "Notice of arrears" in page
    given = {"kind": "arrears", "loan": "L1", "language": "zh-CN", "pay_to": "转账"}
    seen = client.post("/letters/preview/B1", given).content.decode()
    assert "王*样" in seen or "王**" in seen
    assert "王安样" not in seen
    client.post("/letters/write/B1", given, follow=True)
    if not Letter.objects.exists():  # the gate's hours: at night it is written all the same, sent later
        raise AssertionError(f"not written at {at}")
    letter = Letter.objects.get()
    assert letter.reference in client.get("/letters").content.decode()
    answer = client.post(f"/letters/download/{letter.pk}")
    assert verify(answer.content).sha256 == letter.sha256
    assert Told.objects.filter(action="letter.downloaded").exists()
    assert Told.objects.filter(action="borrower.reveal", facts__field="letter").exists()
    client.post(f"/letters/send/{letter.pk}")
    assert Planned.objects.get().cause == f"letter:{letter.pk}"
    assert client.post("/letters/write/B1", {**given, "loan": "other"}).status_code == 404
    assert client.post("/letters/download/none").status_code == 404
    assert io.BytesIO(answer.content).read(5) == b"%PDF-"
    assert sums_of(draft(want(), NOON).facts)["arrears"] > 0
