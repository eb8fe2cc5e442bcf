"""The rules as the gate enforces them; and compliance's vouching, without which no channel opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.people.models import Approval
from forbear.desk.record.gate import CHANNELS, leave_of, packs
from forbear.desk.record.models import Borrower, Fact, Vouched
from forbear.desk.record.vouching import end, only_vouching_lacks, vouch, wanted

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)  # in Shanghai, a Wednesday


def test_every_rule_is_there_with_its_citation_in_the_readers_language(as_role):
    page = as_role("agent", language="en").get("/rules").content.decode()
    assert page.count('class="card rule"') == len(packs().rules)
    _, rule = packs().rule("CN-REC-01")
    assert rule.title.en in page
    assert rule.title.zh in as_role("risk", language="zh-hans").get("/rules").content.decode()


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"act": "visit"}, lambda rule: "visit" in rule.acts),
        ({"words": "cn-rec-01"}, lambda rule: rule.id == "CN-REC-01"),
        ({"state": "unseen"}, lambda rule: not rule.verified),
    ],
)
def test_rules_are_searched_and_filtered(as_role, asked, fits):
    shown = {told.rule_id for told in as_role("agency").get("/rules", asked).context["rules"]}
    wanted_ids = {rule.id for _, rule in packs().rules if fits(rule)}
    assert shown == wanted_ids if asked != {"words": "cn-rec-01"} else shown >= wanted_ids


def test_what_no_rule_speaks_of_is_told(as_role):
    page = as_role("agent", language="en").get("/rules?words=zzz").content.decode()
    assert "No rule speaks of this" in page


def known_borrower() -> Borrower:
    who = Borrower.objects.create(borrower_id="B1", time_zone="Asia/Shanghai")
    facts = {"time_zone": "Asia/Shanghai", "legality_cleared": "true", "number_source": "contract"}
    Fact.objects.bulk_create(Fact(borrower=who, fact=fact, value=value) for fact, value in facts.items())
    return who


def test_a_channel_opens_when_all_is_vouched_for_and_shuts_when_it_ends(user_of):
    who, officer = known_borrower(), user_of("compliance")
    (shut,) = leave_of(who.pk, NOON, ["call"])
    assert only_vouching_lacks(shut.verdict)
    rows = [vouch(officer, "call", one.fact, "the dialer does it", NOON) for one in wanted("call")]
    assert leave_of(who.pk, NOON, ["call"])[0].allowed
    end(officer, rows[0].pk, NOON)
    assert not leave_of(who.pk, NOON, ["call"])[0].allowed
    assert [entry.action for entry in Entry.objects.order_by("entry_id")] == [
        *["gate.vouched"] * len(rows),
        "gate.vouched_end",
    ]


def test_what_else_is_missing_is_not_put_down_to_vouching():
    who = Borrower.objects.create(borrower_id="B2", time_zone="Asia/Shanghai")
    assert not only_vouching_lacks(leave_of(who.pk, NOON, ["call"])[0].verdict)


def test_all_that_is_wanted_of_each_channel_may_be_vouched_for(user_of):
    officer = user_of("compliance")
    for channel in CHANNELS:
        for one in wanted(channel):
            assert vouch(officer, channel, one.fact, "so it is", NOON).value == one.value
    assert Vouched.objects.count() == sum(len(wanted(channel)) for channel in CHANNELS) > 10


@pytest.mark.parametrize(
    ("channel", "fact", "grounds", "until"),
    [
        ("call", "legality_cleared", "x", None),  # about the borrower, not about the channel
        ("pigeon", "recorded", "x", None),
        ("call", "recorded", " ", None),
        ("call", "recorded", "x", NOON - timedelta(days=1)),
    ],
)
def test_what_cannot_be_vouched_for_is_refused(user_of, channel, fact, grounds, until):
    with pytest.raises(WrongUse):
        vouch(user_of("compliance"), channel, fact, grounds, NOON, until)
    assert not Vouched.objects.exists()


def test_nothing_is_vouched_for_twice_nor_ended_twice(user_of):
    officer = user_of("compliance")
    row = vouch(officer, "call", "recorded", "x", NOON)
    with pytest.raises(WrongUse):
        vouch(officer, "call", "recorded", "x", NOON)
    end(officer, row.pk, NOON + timedelta(hours=1))
    with pytest.raises(WrongUse):
        end(officer, row.pk, NOON + timedelta(hours=2))


FORM = {"channel": "call", "fact": "recorded", "grounds": "<b>recorder</b>"}


def decide(client, answer, **more):
    waits = Approval.objects.get(state="proposed")
    form = {"answer": answer, **more}
    return client.post(f"/rules/vouching/{waits.pk}/decide", form, follow=True).content.decode()


def test_compliance_vouches_on_the_page_another_approves_and_others_only_read(as_role):
    officer, manager = as_role("compliance", language="en"), as_role("manager", language="en")
    page = officer.post("/rules/vouch", FORM, follow=True).content.decode()
    assert "another person approves" in page
    assert "&lt;b&gt;recorder&lt;/b&gt;" in page
    assert "proposed already" in officer.post("/rules/vouch", FORM, follow=True).content.decode()
    decide(officer, "approve")
    assert not Vouched.objects.exists(), "nobody vouches alone"
    agent = as_role("agent", language="en")
    said = agent.get("/rules/vouched").content.decode()
    assert "I vouch for it" not in said
    assert "decide" not in said
    assert agent.post("/rules/vouch", FORM).status_code == 403
    assert agent.post(f"/rules/vouching/{Approval.objects.get().pk}/decide").status_code == 403
    assert "vouched for" in decide(manager, "approve")
    row = Vouched.objects.get()
    assert (row.by.username, row.fact, Approval.objects.get().decided_by.username) == (
        "compliance",
        "recorded",
        "manager",
    )
    assert agent.post(f"/rules/vouched/end/{row.pk}").status_code == 403
    page = officer.post(f"/rules/vouched/end/{row.pk}", follow=True).content.decode()
    assert "recorder" in page  # kept among those that ended
    assert Vouched.objects.get().until is not None


@pytest.mark.parametrize(
    ("who", "answer", "more"), [("c2", "refuse", {"reason": "no recorder"}), ("c1", "withdraw", {})]
)
def test_what_was_proposed_is_refused_or_taken_back_and_opens_nothing(as_role, who, answer, more):
    officers = {name: as_role("compliance", username=name, language="en") for name in ("c1", "c2")}
    officers["c1"].post("/rules/vouch", FORM)
    decide(officers[who], "perhaps", reason="an answer that no button sends")
    assert Approval.objects.get().state == "proposed"
    decide(officers[who], answer, **more)
    assert Approval.objects.get().state in ("refused", "withdrawn")
    assert not Vouched.objects.exists()
    gone = officers["c2"].post(
        f"/rules/vouching/{Approval.objects.get().pk}/decide", {"answer": "approve"}, follow=True
    )
    assert "does not wait any more" in gone.content.decode()
    officers["c1"].post("/rules/vouch", FORM)
    assert Approval.objects.filter(state="proposed").count() == 1, "it can be proposed again"


def test_the_borrowers_page_leads_to_what_is_missing(as_role, monkeypatch):
    from forbear.desk.pages import borrower as page_of

    known_borrower()
    monkeypatch.setattr(page_of.timezone, "now", lambda: NOON)
    assert 'href="/rules/vouched#c-call"' in as_role("agent").get("/borrowers/B1").content.decode()
