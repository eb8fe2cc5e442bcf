"""Experiments on the desk: defined, started by two, joined by lot, watched daily, stopped by a guard, concluded."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.experiments import defining, running, watching
from forbear.desk.experiments.defining import CHAMPION, LEAST, Wanted
from forbear.desk.experiments.models import Experiment, Look, Member
from forbear.desk.imports.from_desk import close_from_desk
from forbear.desk.imports.importing import import_book
from forbear.desk.ledger.booking import Payment, pay
from forbear.desk.people import approvals
from forbear.desk.record.models import Borrower, Case, Complaint, Contact
from forbear.desk.replies.models import Task
from forbear.desk.replies.reading import done
from forbear.desk.strategies import planning, versions
from forbear.desk.strategies.models import Decided
from forbear.testing.books import write_good_book
from forbear.testing.lending import lend

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
NOW = datetime(2026, 6, 30, 20, tzinfo=UTC)
DAY = NOW.date()


def text(more: str = "", version: str = "1") -> str:
    return f'extends = "sample"\nname = "ours"\nversion = "{version}"\n{more}'


@pytest.fixture
def people(user_of):
    return user_of("manager"), user_of("manager", "manager2"), user_of("compliance")


@pytest.fixture
def write(people):
    """Keeps a text as a version."""
    return lambda more, version: versions.write(people[0], text(more, version), "", NOW)


@pytest.fixture
def champion(people, write):
    """Ours 1, in force."""
    first = write("", "1")
    approvals.approve(people[2], versions.propose(people[0], first.pk, NOW).pk, NOW)
    return first


@pytest.fixture
def calm(write, champion):
    """A challenger that loosens nothing."""
    return write("[capacities]\nagent_minutes = 0\n", "2")


@pytest.fixture
def started(people, calm):
    """Starts an experiment of champion, calm at 30 % and a slice of 10 %."""

    def start(**more) -> Experiment:
        wanted = Wanted("summer", [(calm.pk, Decimal("0.3"))], Decimal("0.1"), **more)
        made = defining.define(people[0], wanted, NOW)
        approvals.approve(people[1], defining.propose(people[0], made.pk, NOW).pk, NOW)
        return Experiment.objects.get(pk=made.pk)

    return start


def late(count: int, bucket: str = "M1", start: int = 0) -> list[str]:
    """Borrowers with open cases."""
    ids = [f"{bucket}-{n:04}" for n in range(start, start + count)]
    Borrower.objects.bulk_create(Borrower(borrower_id=one) for one in ids)
    Case.objects.bulk_create(Case(case_id=f"C{one}", borrower_id=one, bucket=bucket) for one in ids)
    return ids


def arms(row) -> dict[str, str]:
    return dict(Member.objects.filter(experiment=row).values_list("borrower_id", "arm"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": ""}, "has a name"),
        ({"challengers": []}, "at least one challenger"),
        ({"least": Decimal("0.001")}, "at least 1 %"),
        ({"least": Decimal("0.9")}, "shares are above 0"),
        ({"result_days": 0}, "from 1 to 180"),
        ({"margin": 2.0}, "margin"),
        ({"challengers": [(999, Decimal("0.3"))]}, "no such version"),
    ],
)
def test_what_makes_no_experiment_is_refused(people, calm, more, said):
    wanted = {"name": "x", "challengers": [(calm.pk, Decimal("0.3"))], "least": Decimal("0.1"), **more}
    with pytest.raises(WrongUse, match=said):
        defining.define(people[0], Wanted(**wanted), NOW)
    assert not Experiment.objects.exists()


def test_it_starts_by_two_and_one_that_loosens_by_compliance(people, write, champion, started):
    manager, other, compliance = people
    looser = write('peace_share = "0.01"\n', "3")
    made = defining.define(manager, Wanted("loose", [(looser.pk, Decimal("0.2"))], Decimal("0.05")), NOW)
    assert defining.loosens(made) == ["peace_share"]
    asked = defining.propose(manager, made.pk, NOW)
    with pytest.raises(PermissionDenied):
        approvals.approve(other, asked.pk, NOW)
    started()
    with pytest.raises(AnswerIsNo, match="another experiment is running"):
        approvals.approve(compliance, asked.pk, NOW)


def test_an_arm_is_kept_and_each_bucket_is_shared_out_by_the_shares(started):
    row = started()
    late(50, "M1"), late(30, "M2")
    assert running.join(row, DAY, NOW) == 80
    first = arms(row)
    by_bucket = Counter((m.stratum, m.arm) for m in Member.objects.filter(experiment=row))
    assert by_bucket == {
        ("M1", CHAMPION): 30, ("M1", "challenger_1"): 15, ("M1", LEAST): 5,
        ("M2", CHAMPION): 18, ("M2", "challenger_1"): 9, ("M2", LEAST): 3,
    }  # fmt: skip
    Case.objects.filter(bucket="M2").update(bucket="M1")
    late(20, "M1", start=50)
    assert running.join(row, DAY + timedelta(days=1), NOW) == 20
    assert {who: arm for who, arm in arms(row).items() if who in first} == first
    assert running.join(row, DAY + timedelta(days=1), NOW) == 0
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Member.objects.update(arm=LEAST)


def test_another_strategy_in_force_ends_it(people, write, started):
    row = started()
    tighter = write('peace_share = "0.5"\n', "9")
    approvals.approve(people[1], versions.propose(people[0], tighter.pk, NOW).pk, NOW)
    assert running.for_the_night(DAY, NOW) == ()
    assert Experiment.objects.get(pk=row.pk).state == "ended"


def test_what_came_and_what_was_complained_of_is_counted_within_its_days(started):
    row = started(result_days=10, guard_days=5)
    joined = date(2026, 6, 1)
    for n, arm in enumerate((CHAMPION, "challenger_1"), start=1):
        lend(f"L{n}", borrower_id=f"B{n}")
        Member.objects.create(experiment=row, borrower_id=f"B{n}", arm=arm, stratum="M1", joined_on=joined)
    for n, (loan, on, amount) in enumerate(
        [("L1", 1, 900), ("L1", 2, 1_100), ("L1", 11, 400), ("L1", 12, 800), ("L2", 5, 700)]
    ):
        pay(Payment(f"P{n}", loan, date(2026, 6, on), amount, f"k{n}"), actor="tests", at=NOW)
    for n, (who, at) in enumerate([("B2", 3), ("B2", 6), ("B2", 7), ("B1", 20)]):
        instant = datetime(2026, 6, at, 12, tzinfo=UTC)
        Complaint.objects.create(complaint_id=f"Q{n}", borrower_id=who, channel="sms", received_at=instant)
        Contact.objects.create(contact_id=f"K{n}", borrower_id=who, channel="sms", at=instant, direction="out")
    of = watching.measured(row, date(2026, 6, 12))
    assert [list(of[arm]["result"]) for arm in (CHAMPION, "challenger_1")] == [[15.0], [7.0]]
    assert [list(of[arm]["complaints"]) for arm in (CHAMPION, "challenger_1")] == [[0.0], [2.0]]
    assert list(of["challenger_1"]["contacts"]) == [2.0]
    assert all(len(of[arm]["result"]) == 0 for arm in of if arm == LEAST)
    assert len(watching.measured(row, date(2026, 6, 11))[CHAMPION]["result"]) == 0, "its days are not over"


@pytest.fixture
def complained(started):
    """An experiment in which the challenger's borrowers complain, every one, and nobody else does."""
    row = started(result_days=5, guard_days=5)
    late(400)
    running.join(row, DAY, NOW)
    wronged = [who for who, arm in arms(row).items() if arm == "challenger_1"]
    Complaint.objects.bulk_create(
        Complaint(complaint_id=f"Q{who}", borrower_id=who, channel="sms", received_at=NOW + timedelta(days=2))
        for who in wronged
    )
    return row


def test_a_guard_stops_by_itself_and_tells_a_person(complained, people):
    before = watching.look(complained, NOW + timedelta(days=3))
    assert before.told["arms"]["challenger_1"]["gain"]["value"] is None, "nobody's days are over"
    after = watching.look(complained, NOW + timedelta(days=8))
    told = after.told["arms"]
    assert told["challenger_1"]["stopped_by"] == ["complaints"]
    assert told["challenger_1"]["harm"]["low"] > 0
    assert told[LEAST]["stopped_by"] == []
    assert watching.look(complained, NOW + timedelta(days=8)) is None
    row = Experiment.objects.get(pk=complained.pk)
    assert row.state == "stopped", "no challenger is left"
    assert running.for_the_night(DAY, NOW) == ()
    task = Task.objects.get()
    assert (task.kind, task.borrower_id, task.due_on) == ("experiment_stopped", None, DAY + timedelta(days=9))
    done(people[0], task.pk, "looked into", NOW)
    with pytest.raises(WrongUse, match="stopped"):
        defining.end(people[0], row.pk, "challenger_1", "it was bad", NOW)
    assert defining.end(people[0], row.pk, "", "it was bad", NOW) is None


def test_a_winner_becomes_the_rule_by_a_second_person(started, people, calm):
    row = started()
    asked = defining.end(people[0], row.pk, "challenger_1", "fewer contacts, as much money", NOW)
    assert versions.in_force().version.label == "1"
    approvals.approve(people[1], asked.pk, NOW)
    assert versions.in_force().version == calm
    assert Experiment.objects.get(pk=row.pk).conclusion == "fewer contacts, as much money"


def test_the_pages_from_definition_to_conclusion(as_role, champion, calm, complained, people):
    for days in (8, 9):
        watching.look(complained, NOW + timedelta(days=days))
    manager, compliance = as_role("manager", username="m3", language="en"), as_role("risk", language="en")
    where = f"/experiments/{complained.pk}"
    page = manager.get(where).content.decode()
    assert "stopped: too many complaints" in page
    assert '<polygon class="band"' in page
    assert "Challenger 1" in page
    manager.post(f"{where}/end", {"winner": "", "why": "it stays"})
    assert "it stays" in manager.get("/experiments").content.decode()
    form = {"name": "autumn", "version_1": calm.pk, "share_1": "25", "least": "5", "result_days": "30",
            "guard_days": "7", "margin": "0.5"}  # fmt: skip
    assert (
        "no percentage" in manager.post("/experiments/define", {**form, "least": "x"}, follow=True).content.decode()
    )
    made = manager.post("/experiments/define", form)
    new = Experiment.objects.get(name="autumn")
    assert made.headers["Location"] == f"/experiments/{new.pk}"
    assert {arm.name: str(arm.share) for arm in new.arms.all()} == {
        CHAMPION: "0.7000", "challenger_1": "0.2500", LEAST: "0.0500",
    }  # fmt: skip
    manager.post(f"/experiments/{new.pk}/propose")
    assert "Another person approves it" in compliance.get(f"/experiments/{new.pk}").content.decode()
    waits = approvals.Approval.objects.get(state="proposed")
    other = as_role("manager", username="m4", language="en")
    other.post(f"/experiments/{new.pk}/decide/{waits.pk}", {"answer": "approve"})
    assert Experiment.objects.get(pk=new.pk).state == "running"
    other.post(f"/experiments/{new.pk}/look")
    assert Look.objects.filter(experiment=new).count() == 1


def test_the_api_from_definition_to_conclusion(as_role, champion, calm, people):
    manager = as_role("manager", username="m3")

    def asked(where="", **body):
        where = f"/api/v1/experiments{where}"
        if not body:
            return manager.get(where)
        return manager.post(where, json.dumps(body), content_type="application/json")

    body = {"name": "autumn", "challengers": [{"version_id": calm.pk, "share": "0.3"}], "least_contact": 0.1}
    made = asked(**body)
    assert made.status_code == 201, made.content
    assert [(one["name"], one["version_id"], one["share"]) for one in made.json()["arms"]] == [
        (CHAMPION, champion.pk, "0.6000"), ("challenger_1", calm.pk, "0.3000"), (LEAST, None, "0.1000"),
    ]  # fmt: skip
    where = f"/{made.json()['experiment_id']}"
    refused = [asked(**body), asked(**{**body, "least_contact": 0.9, "name": "x"}), asked(f"{where}/end", why="no")]
    assert [one.status_code for one in refused] == [422, 422, 422]
    waits = asked(f"{where}/propose", x=1)
    assert (waits.status_code, waits.json()["kind"]) == (202, "experiments.start")
    approvals.approve(people[1], waits.json()["approval_id"], NOW)
    late(20)
    row = running.under_way()
    running.join(row, DAY, NOW)
    told = asked(where).json()
    assert (told["state"], [one["joined"] for one in told["arms"]]) == ("running", [12, 6, 2])
    first = asked(f"{where}/members?page=15").json()
    rest = asked(f"{where}/members?after={first[-1]['member_id']}").json()
    assert {one["borrower_id"]: one["arm"] for one in first + rest} == arms(row)
    assert [asked(f"{where}/look", x=1).status_code for _ in range(2)] == [201, 409]
    (look,) = asked(f"{where}/looks").json()
    assert look["told"]["arms"]["challenger_1"]["gain"]["value"] is None
    ended = asked(f"{where}/end", winner="challenger_1", why="fewer contacts").json()
    assert (ended["experiment"]["state"], ended["waits"]["kind"]) == ("ended", "strategies.use")
    assert [one["name"] for one in asked().json()] == ["autumn"]
    assert asked("/999").status_code == 404
    assert "key" not in json.dumps(asked(where).json())


@pytest.mark.django_db(transaction=True)
def test_a_night_from_the_desk_decides_for_each_arm_by_its_own_strategy(started, tmp_path, calm, champion):
    write_good_book(tmp_path / "book", loans=25, seed=5)
    import_book(tmp_path / "book", actor="tests", at=NOW)
    close_from_desk(as_of=DAY, out=tmp_path / "first", actor="tests", at=NOW)
    row = started()
    closed, _ = close_from_desk(as_of=DAY, out=tmp_path / "second", actor="tests", at=NOW)
    assert {one["arm"] for one in closed.portfolio["decisions"]["arms"]} == {"", CHAMPION, "challenger_1", LEAST}
    given = arms(row)
    assert given.keys() == set(Case.objects.filter(closed_at__isnull=True).values_list("borrower_id", flat=True))
    prints = {CHAMPION: champion.sha256, "challenger_1": calm.sha256}
    for one in Decided.objects.filter(as_of=DAY):
        assert one.arm == given.get(one.borrower_id, "")
        assert one.strategy == prints.get(one.arm, one.strategy)
        assert one.action == "wait" or one.arm != LEAST
    assert planning.senders().keys() >= set(prints.values())
