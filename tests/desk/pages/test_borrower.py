"""The borrower's page: what the gate says, a call from leave to outcome, promises and notes; nobody else's borrower."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from forbear.desk.pages import borrower as page_of
from forbear.desk.record.models import Borrower, Case, Contact, Fact, Note, Promise, Vouched

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def known(user_of):
    """Borrower `a/b c` (identities may be any text) with a case, of whom the gate knows enough for a call."""
    who = Borrower.objects.create(borrower_id="a/b c", time_zone="Asia/Shanghai")
    Case.objects.create(case_id="C1", borrower=who, dpd=12, bucket="M1", arrears=123_456, outstanding=900_000)
    for name, value in {
        "time_zone": "Asia/Shanghai",
        "legality_cleared": "true",
        "number_source": "contract",
    }.items():
        Fact.objects.create(borrower=who, fact=name, value=value)
    officer = user_of("compliance", "vouching")
    for fact in ("identified", "recorded"):
        Vouched.objects.create(channel="call", fact=fact, grounds="the dialer does it", since=LONG_AGO, by=officer)
    return who


@pytest.fixture
def at_noon(monkeypatch):
    """Noon of a Wednesday in Shanghai, for the page and for the database's clock: at weekends nobody may be called."""
    from forbear.conduct import sending

    noon = datetime(2026, 11, 25, 4, tzinfo=UTC)
    monkeypatch.setattr(page_of.timezone, "now", lambda: noon)
    lock = sending.lock_borrower
    monkeypatch.setattr(sending, "lock_borrower", lambda *given: lock(*given) and noon)
    return noon


ADDRESS = "/borrowers/a/b%20c"


def test_the_page_says_what_is_owed_what_happened_and_what_may_be_done(known, as_role, at_noon):
    Note.objects.create(note_id="N1", borrower=known, at=at_noon, text="<b>asked for a plan</b>")
    page = as_role("agent", language="en").get(ADDRESS).content.decode()
    assert "¥1,234.56" in page
    assert "yes, now" in page
    assert "(CN-ID-01)" in page  # why the other channels are shut
    assert "&lt;b&gt;asked for a plan&lt;/b&gt;" in page


def test_a_call_goes_from_leave_to_outcome_to_promise(known, as_role, at_noon):
    agent = as_role("agent", language="en")
    page = agent.post("/calls/to/a/b%20c", follow=True).content.decode()
    call = Contact.objects.get()
    assert (call.result, call.channel, call.by.username) == (None, "call", "agent")
    assert "How did it go?" in page
    assert "¥1,234.56" not in agent.get(ADDRESS).content.decode()  # no sum before the person is verified
    page = agent.post(f"/calls/outcome/{call.pk}", {"outcome": "promise"}, follow=True).content.decode()
    assert "tick the checklist first" in page
    for point in ("identified", "verified"):
        agent.post(f"/calls/tick/{call.pk}", {"point": point})
    assert "¥1,234.56" in agent.get(ADDRESS).content.decode()
    page = agent.post(f"/calls/outcome/{call.pk}", {"outcome": "promise"}, follow=True).content.decode()
    assert Contact.objects.get().result == "promise"
    assert "Promised to pay" in page
    due = (at_noon + timedelta(days=3)).date()
    agent.post("/promises/of/a/b%20c", {"amount": "1,234.50", "due_on": str(due)}, follow=True)
    made = Promise.objects.get()
    assert (made.amount, made.due_on, made.currency) == (123_450, due, "CNY")


def test_a_call_that_the_gate_refuses_is_not_written_and_the_reason_is_told(known, as_role, at_noon):
    Fact.objects.create(borrower=known, fact="cease_request", value="true", since=LONG_AGO)
    page = as_role("agent", language="en").post("/calls/to/a/b%20c", follow=True).content.decode()
    assert not Contact.objects.exists()
    assert "Not now:" in page


@pytest.mark.parametrize(
    ("amount", "day", "told"),
    [("abc", "2026-12-01", "not an amount"), ("1.234", "2026-12-01", "more decimals"), ("5", "soon", "not a day")],
)
def test_a_promise_that_cannot_be_read_is_told_and_not_kept(known, as_role, amount, day, told):
    page = as_role("agent", language="en").post(
        "/promises/of/a/b%20c", {"amount": amount, "due_on": day}, follow=True
    )
    assert told in page.content.decode()
    assert not Promise.objects.exists()


def test_a_case_is_put_off_to_a_day_and_comes_back_to_the_list(known, as_role):
    agent = as_role("agent")
    agent.post("/cases/take/C1")
    day = timezone.now().date() + timedelta(days=2)
    went = agent.post("/cases/release/C1", {"next_action_on": str(day)})
    assert went["Location"] == "/worklist"
    case = Case.objects.get()
    assert (case.claimed_by, case.next_action_on) == (None, day)


def test_an_agency_finds_only_whom_it_was_given(known, as_role):
    partner = as_role("agency")
    assert partner.get(ADDRESS).status_code == 404
    assert partner.post("/notes/of/a/b%20c", {"text": "x"}).status_code == 404
    Case.objects.update(agency_id="A1")
    assert partner.get(ADDRESS).status_code == 200


def test_compliance_reads_and_does_not_work(known, as_role):
    officer = as_role("compliance", username="officer")
    assert officer.get(ADDRESS).status_code == 200
    assert officer.post("/calls/to/a/b%20c").status_code == 403


def test_the_page_takes_few_queries_whatever_happened(known, as_role, django_assert_max_num_queries):
    for number in range(40):
        Contact.objects.create(
            contact_id=f"K{number}",
            borrower=known,
            at=LONG_AGO + timedelta(days=number),
            channel="sms",
            result="sent",
        )
    agent = as_role("agent")
    with django_assert_max_num_queries(23):
        agent.get(ADDRESS)


def test_personal_data_is_masked_and_seen_one_by_one_with_a_logged_reason(known, as_role):
    from forbear.desk.audit.models import Entry
    from forbear.desk.privacy import put

    put(known, "phone", "13912345678", "tests")
    agent = as_role("agent", language="en")
    page = agent.get(ADDRESS).content.decode()
    assert "139****5678" in page
    assert "13912345678" not in page
    form = {"value": "phone:0", "reason": "identity_check"}
    seen = agent.post("/borrowers/show/a/b%20c", form)
    assert "139" in seen.content.decode().split('class="secret">')[1][:20].replace("+86", "")
    assert "no-store" in seen["Cache-Control"]
    assert Entry.objects.filter(action="borrower.reveal").count() == 1
    refused = agent.post("/borrowers/show/a/b%20c", {**form, "reason": "curious"}).content.decode()
    assert 'class="secret"' not in refused
    assert as_role("agency").post("/borrowers/show/a/b%20c", form).status_code == 404
