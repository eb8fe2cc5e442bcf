"""From a text to the strategy in force and back: by two people, looser ones by compliance, nothing ever changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from forbear.basics.errors import AnswerIsNo, UnreadableFile, WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.people import approvals
from forbear.desk.strategies import versions
from forbear.desk.strategies.models import Use, Version

from .conftest import NOW, text

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
TIGHT = 'peace_share = "0.10"\n'


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (text('burden_price = "cheap"\n'), r"line 4, burden_price: .*'cheap'"),
        (text("\n[capacities]\nsms_quota = -1\n"), "capacities must be finite"),
        (text("\n[capacities]\nfax_quota = 1\n"), "line 6, capacities: no action uses fax_quota"),
        (text("nonsense = 1\n"), "line 4, nonsense"),
        (text("packs = [,]\n"), "not TOML: .*line 4"),
        ('extends = "other"\n', "line 1, extends: 'other' is no shipped strategy"),
        (text('values = "learned"\n'), "line 4, values: there is no folder"),
    ],
)
def test_a_text_that_is_no_strategy_is_refused_with_line_and_key(people, given, said):
    with pytest.raises((UnreadableFile, WrongUse), match=said):
        versions.write(people[0], given, "", NOW)
    assert not Version.objects.exists()


def test_files_beside_a_text_lie_in_the_folder_of_the_desk_alone(people, tmp_path, monkeypatch):
    monkeypatch.setenv("FORBEAR_STRATEGY_FILES", str(tmp_path))
    for outside in ("/etc/passwd", "../own.toml"):
        with pytest.raises(WrongUse, match="lies elsewhere"):
            versions.write(people[0], text(f'own_actions = "{outside}"\n'), "", NOW)


def test_the_first_strategy_needs_compliance_and_a_tighter_one_any_other_person(people):
    manager, other, compliance = people
    first = versions.write(manager, text(), "begin", NOW)
    asked = versions.propose(manager, first.pk, NOW)
    with pytest.raises(PermissionDenied):
        approvals.approve(other, asked.pk, NOW)
    approvals.approve(compliance, asked.pk, NOW)
    assert versions.in_force().version == first
    assert versions.in_force().loosens == ["first"]
    tighter = versions.write(manager, text(TIGHT, version="2"), "fewer", NOW)
    asked = versions.propose(manager, tighter.pk, NOW)
    with pytest.raises(approvals.OwnProposal):
        approvals.approve(manager, asked.pk, NOW)
    approvals.approve(other, asked.pk, NOW)
    assert versions.for_the_night().sha256 == tighter.read.sha256
    told = Entry.objects.filter(action="strategy.in_force").order_by("entry_id")
    assert [one.facts["sha256"] for one in told] == [first.sha256, tighter.sha256]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('peace_share = "0.01"\n', "peace_share"),
        ('peace_above = "0.99"\n', "peace_above"),
        ('burden_price = "0"\n', "burden_price"),
        ("ahead_days = 9\n", "ahead_days"),
        ("[capacities]\nvisit_slots = 3\n", "capacities.visit_slots"),
        ('[vouched.visit]\nid_shown = "true"\n', "vouched.visit.id_shown"),
        ("[assume]\nhas_address = true\n", "assume.has_address"),
        ('packs = ["cn"]\n', "packs"),
        ("dispatch = true\n", "dispatch"),
    ],
)
def test_what_loosens_a_rule_is_for_compliance(people, held, more, key):
    manager, other, compliance = people
    held(text())
    looser = versions.write(manager, text(more, version="2"), "", NOW)
    assert versions.loosens(looser) == [key]
    asked = versions.propose(manager, looser.pk, NOW)
    with pytest.raises(PermissionDenied):
        approvals.approve(other, asked.pk, NOW)
    assert versions.in_force().version.label == "1"
    approvals.approve(compliance, asked.pk, NOW)
    assert versions.in_force().version.label == "2"


def test_more_of_what_there_is_loosens_nothing(people, held):
    held(text())
    more = versions.write(people[0], text("[capacities]\nagent_minutes = 9000\n", version="2"), "", NOW)
    assert versions.loosens(more) == []


def test_a_proposal_holds_against_what_it_was_compared_with_alone(people, held):
    manager, other, _ = people
    held(text())
    late = versions.propose(manager, versions.write(manager, text(TIGHT, version="2"), "", NOW).pk, NOW)
    held(text('peace_share = "0.20"\n', version="3"))
    with pytest.raises(AnswerIsNo, match="another version came in force"):
        approvals.approve(other, late.pk, NOW)
    assert versions.in_force().version.label == "3"


def test_going_back_is_two_peoples_too_and_history_only_grows(people, held):
    manager, other, compliance = people
    first = held(text())
    held(text(TIGHT, version="2"))
    back = versions.propose(manager, first.pk, NOW + timedelta(days=1))
    with pytest.raises(PermissionDenied):  # it leaves fewer in peace than the second
        approvals.approve(other, back.pk, NOW + timedelta(days=1))
    approvals.approve(compliance, back.pk, NOW + timedelta(days=1))
    assert [use.version.label for use in Use.objects.order_by("use_id")] == ["1", "2", "1"]
    with pytest.raises(WrongUse, match="in force already"):
        versions.propose(manager, first.pk, NOW)
    for change in (
        lambda: Version.objects.update(text="x"),
        lambda: Use.objects.all().delete(),
        lambda: Use.objects.update(from_at=NOW),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_the_same_text_is_one_version(people):
    assert versions.write(people[0], text(), "", NOW) == versions.write(people[1], text() + "\r\n", "", NOW)
