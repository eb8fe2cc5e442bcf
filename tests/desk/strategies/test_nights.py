"""A night from the desk: by the strategy in force, its decisions logged, its messages planned once if it may."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from forbear.desk.contact.models import Planned
from forbear.desk.contact.planning import plan
from forbear.desk.imports.from_desk import close_from_desk
from forbear.desk.imports.worklist import load_worklist
from forbear.desk.nights.models import Step
from forbear.desk.record.models import Borrower, Case
from forbear.desk.strategies import planning, replaying, versions
from forbear.desk.strategies.models import Decided, Replay
from forbear.desk.strategies.texts import read_text
from forbear.desk.wording import drafting
from forbear.desk.wording.checking import Draft
from forbear.desk.wording.tables import steps
from forbear.night import close
from forbear.testing.books import write_good_book

from .conftest import AS_OF, NOW, text

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
committing = pytest.mark.django_db(transaction=True)
SENDING = "dispatch = true\n"


@pytest.fixture
def words(people):
    """Approves a template of a step for SMS in both languages."""
    manager, _, compliance = people

    def put(step: str) -> None:
        for tongue in ("zh", "en"):
            body = {
                "zh": "【{lender}】您好，逾期{days_late}天，逾期金额{arrears}。如有困难，请致电{phone}。{stop_word}",
                "en": "{lender}: {arrears} is {days_late} days late. Call {phone}. {stop_word}",
            }[tongue]
            made = drafting.write(manager, step, Draft(steps()[step], tongue, "sms", "cn", body, ""), "", NOW)
            drafting.propose(manager, made.pk, NOW)
            drafting.approve(compliance, made.pk, NOW)

    return put


@pytest.fixture(scope="module")
def closes(tmp_path_factory):
    """Closes of the book that the desk has, each made once: by day and strategy."""
    root = tmp_path_factory.mktemp("closes")
    write_good_book(root / "book", loans=25, seed=5)
    made = {}

    def of(as_of, read):
        if (as_of, read.sha256) not in made:
            made[as_of, read.sha256] = close(
                root / "book", as_of=as_of, out=root / str(len(made)), strategy=read
            ).out
        return made[as_of, read.sha256]

    return of


@pytest.fixture
def night(closes):
    """Loads a night: what one from the desk does, without its reading of the desk."""

    def load(as_of=AS_OF, at=NOW, strategy=None):
        load_worklist(closes(as_of, strategy or versions.for_the_night()), actor="tests", at=at)

    return load


def from_desk(out, as_of=AS_OF, at=NOW, **more):
    return close_from_desk(as_of=as_of, out=out, actor="tests", at=at, **more)


def messages():
    return Decided.objects.filter(as_of=AS_OF, action__in=list(planning.channels()))


@committing
def test_the_night_takes_the_strategy_in_force_and_writes_its_fingerprint(on_the_desk, held, tmp_path):
    closed, _ = from_desk(tmp_path / "none")
    assert "decisions" not in closed.portfolio
    version = held(text())
    closed, _ = from_desk(tmp_path / "out")
    assert closed.portfolio["decisions"]["strategy"]["sha256"] == version.sha256
    assert version.sha256 in (tmp_path / "out" / "manifest.json").read_text()
    steps_of = {one.borrower_id: one.action for one in Step.objects.all()}
    assert {one.borrower_id: one.action for one in Decided.objects.all()} == steps_of
    assert set(Decided.objects.values_list("strategy", flat=True)) == {version.sha256}
    assert all(0 < one.chance <= 1 and one.other for one in Decided.objects.all())
    named, _ = from_desk(tmp_path / "named", strategy="careful")
    assert named.portfolio["decisions"]["strategy"]["name"] == "careful"


def test_nothing_is_planned_unless_the_text_says_so_and_two_people_approved_it(on_the_desk, held, words, night):
    words("late_1_7"), words("late_8_30"), words("late_over_30")
    held(text())
    night()
    assert planning.told(AS_OF) == {"off": messages().count()}
    night(strategy=read_text(text(SENDING, version="mine")))
    assert planning.told(AS_OF) == {"not_approved": messages().count()}
    assert messages().count() > 3
    assert not Planned.objects.exists()


def test_messages_are_planned_once_for_each_night_and_borrower(on_the_desk, held, words, night):
    words("late_1_7"), words("late_8_30"), words("late_over_30")
    held(text(SENDING + "[capacities]\npush_quota = 0\n"))
    someone = Borrower.objects.order_by("pk")[0]
    plan(someone.borrower_id, "sms", at=NOW, purpose="overdue", key="other", cause="by hand", body="{arrears}")
    night()
    planned = {one.borrower_id: one for one in Planned.objects.filter(cause__startswith="night:")}
    assert planned.keys() == set(messages().values_list("borrower_id", flat=True))
    assert len(planned) > 3
    for row in messages():
        one = planned[row.borrower_id]
        assert (one.channel, one.purpose, one.loan_id) == ("sms", "overdue", row.loans)
        assert (one.not_before, one.wanted_until) == (row.not_before, row.not_before + timedelta(days=1))
        assert one.template_version is not None
    night(at=NOW + timedelta(minutes=9))
    assert {one.borrower_id: one.pk for one in Planned.objects.filter(cause__startswith="night:")} == {
        who: one.pk for who, one in planned.items()
    }
    assert planning.told(AS_OF) == {"planned": len(planned)}
    later = AS_OF + timedelta(days=1)
    night(as_of=later, at=NOW + timedelta(days=1))
    states = dict(Planned.objects.filter(cause=f"night:{AS_OF}").values_list("borrower_id", "state"))
    assert set(states.values()) == {"cancelled"}, "a later night decides anew"
    assert Planned.objects.get(key="other").state == "waiting"


def test_missing_words_lose_nothing_and_are_planned_when_they_come(on_the_desk, held, words, people, night, client):
    held(text(SENDING + "[capacities]\npush_quota = 0\n"))
    night()
    count = messages().count()
    assert planning.told(AS_OF) == {"no_template": count}
    assert sum(n for *_, n in planning.missing(AS_OF)) == count
    assert Case.objects.filter(closed_at__isnull=True).count() >= count
    client.force_login(people[0])
    page = client.get("/strategies", headers={"accept-language": "en"}).content.decode()
    assert "Words that are missing" in page
    slots = {step for step, *_ in planning.missing(AS_OF)}
    for step in slots:
        words(step)
    planning.plan_night(AS_OF, NOW)
    assert planning.told(AS_OF) == {"planned": count} == {"planned": Planned.objects.count()}


def test_an_older_night_plans_nothing(on_the_desk, held, words, night):
    words("late_1_7"), words("late_8_30"), words("late_over_30")
    held(text(SENDING))
    night()
    before = Planned.objects.count()
    night(as_of=AS_OF - timedelta(days=40))
    assert Planned.objects.count() == before


@committing
def test_a_replay_stands_beside_the_strategy_in_force_and_beside_the_log(
    on_the_desk, held, people, tmp_path, monkeypatch
):
    held(text())
    past = date(2025, 5, 1)
    from_desk(tmp_path / "past", as_of=past, at=NOW + timedelta(minutes=1))
    from_desk(tmp_path / "out", at=NOW + timedelta(minutes=2))
    nothing = "".join(f"{one} = 0\n" for one in ("push_quota", "sms_quota", "agent_minutes", "plan_reviews"))
    calm = versions.write(people[0], text(f"[capacities]\n{nothing}", version="2"), "", NOW)
    asked = replaying.ask(people[0], calm.pk, NOW)
    assert replaying.ask(people[0], calm.pk, NOW) == asked
    monkeypatch.setattr(replaying, "LEAST", 5)
    monkeypatch.setattr(replaying.timezone, "now", lambda: NOW + timedelta(days=1))
    assert replaying.replay_now() == 1
    done = Replay.objects.get()
    assert done.state == "done", done.why
    told = done.told
    assert {name: now for name, now, _ in told["steps"] if now} == told["night"]
    assert {name for name, _, then in told["steps"] if then} == {"wait"}
    assert told["moved"] == sum(n for *_, n in told["moves"]) == told["sums"]["now"]["treated"] > 0
    log = told["log"]
    assert log["nights"] == [past.isoformat()]
    assert log["decisions"] == Decided.objects.filter(as_of=past).count() > 5
    assert (log["overlap"]["unsupported"], log["overlap"]["is_enough"]) == (0, False)
    came = replaying.results_of(past)
    looked = set(Decided.objects.filter(as_of=past).values_list("borrower_id", flat=True))
    seen = sum(amount for who, amount in came.items() if who in looked) / 100 / len(looked)
    assert 0 < log["seen"]["value"] == pytest.approx(seen)


def test_a_replay_without_a_night_says_so(people, db):
    version = versions.write(people[0], text(), "", NOW)
    replaying.ask(people[0], version.pk, NOW)
    replaying.replay_now()
    assert Replay.objects.get().state == "failed"
    assert "no night was loaded" in Replay.objects.get().why
