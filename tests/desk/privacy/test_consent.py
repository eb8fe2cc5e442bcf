"""Consent: every statement stays, the last one holds, and the gate knows at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.privacy.consent import history, holds, purposes, say
from forbear.desk.record.models import Consent, Fact

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def said(given: bool, at: datetime = AT, **more):
    return say(
        "B1", more.pop("purpose", "provision"), given, at, source=more.pop("source", "call"), by="tests", **more
    )


def fact_at(at: datetime, fact: str = "separate_consent_provision") -> bool:
    open_facts = [f for f in Fact.objects.filter(fact=fact, since__lte=at) if f.until is None or f.until > at]
    assert len(open_facts) <= 1
    return bool(open_facts)


def test_what_was_said_last_holds_and_all_of_it_stays(borrower):
    said(True, wording="v2 of 2026")
    said(False, AT + HOUR)
    said(True, AT + 3 * HOUR, until=AT + 5 * HOUR)
    expected = {-1: False, 0: True, 1: False, 2: False, 3: True, 4: True, 5: False}
    assert {n: holds("B1", "provision", AT + n * HOUR) for n in expected} == expected
    assert {n: fact_at(AT + n * HOUR) for n in expected} == expected
    assert [row.given for row in history("B1")] == [True, False, True]
    assert Entry.objects.filter(action="consent.said").count() == 3


def test_a_channel_has_its_own_and_taking_one_back_takes_back_all(borrower):
    said(True)
    said(True, AT + HOUR, channel="sms")
    said(False, AT + 2 * HOUR, channel="call")
    assert holds("B1", "provision", AT + 3 * HOUR, "sms")
    assert not holds("B1", "provision", AT + 3 * HOUR, "call")
    assert list(Fact.objects.filter(until=None).values_list("channel", flat=True)) == ["sms"]


def test_every_purpose_names_a_fact_that_the_gate_asks_for():
    from pathlib import Path

    asked = (Path(__file__).parents[3] / "docs" / "gate-facts.md").read_text("utf-8")
    for name, purpose in purposes().items():
        assert not purpose["fact"] or f"`{purpose['fact']}`" in asked, name


def test_the_gate_lets_an_export_through_only_while_she_agrees(borrower):
    from forbear.conduct import judge_one, sending
    from forbear.conduct.situation import proposal
    from forbear.desk.record.gate import packs

    def against(at: datetime) -> set[str]:
        from django.db import connection

        act = {
            "borrower_id": "B1",
            "channel": "assignment",
            "at": at,
            "sender": "lender",
            "to_other_controller": "true",
        }
        past, facts = sending.known_of(connection, "B1")
        return {one.rule_id for one in judge_one(proposal(act, 1, None, "act"), facts, past, packs()).against}

    rule = "CN-PRIV-03-CONSENT"
    assert rule in against(AT)
    said(True)
    assert rule not in against(AT + HOUR)
    said(False, AT + 2 * HOUR)
    assert rule in against(AT + 2 * HOUR)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"purpose": "everything"}, "no purpose"),
        ({"source": "rumor"}, "no source"),
        ({"until": AT}, "lies ahead"),
        ({"at": AT - HOUR}, "later on this"),
    ],
)
def test_what_cannot_have_been_said_is_refused(borrower, more, words):
    said(True)
    with pytest.raises(WrongUse, match=words):
        said(True, more.pop("at", AT), **more)


def test_nothing_said_is_changed(borrower):
    said(True)
    for change in (lambda: Consent.objects.update(given=False), lambda: Consent.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
