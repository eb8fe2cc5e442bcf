"""The rules as the gate enforces them; and compliance's vouching, without which no channel opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
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


def test_compliance_vouches_on_the_page_others_only_read(as_role):
    officer = as_role("compliance", language="en")
    form = {"channel": "call", "fact": "recorded", "grounds": "<b>recorder</b>"}
    page = officer.post("/rules/vouch", form, follow=True).content.decode()
    assert "&lt;b&gt;recorder&lt;/b&gt;" in page
    agent = as_role("agent", language="en")
    assert "I vouch for it" not in agent.get("/rules/vouched").content.decode()
    assert agent.post("/rules/vouch", form).status_code == 403
    row = Vouched.objects.get()
    assert agent.post(f"/rules/vouched/end/{row.pk}").status_code == 403
    page = officer.post(f"/rules/vouched/end/{row.pk}", follow=True).content.decode()
    assert "recorder" in page  # kept among those that ended
    assert Vouched.objects.get().until is not None


def test_the_borrowers_page_leads_to_what_is_missing(as_role, monkeypatch):
    from forbear.desk.pages import borrower as page_of

    known_borrower()
    monkeypatch.setattr(page_of.timezone, "now", lambda: NOON)
    assert 'href="/rules/vouched#c-call"' in as_role("agent").get("/borrowers/B1").content.decode()
