"""Over a real wire: signed, retried, in order, never lost; slow, failing, losing and dead receivers; kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from standardwebhooks import Webhook as Library
from standardwebhooks import WebhookVerificationError

from forbear.desk.audit.models import Entry
from forbear.desk.outbound import delivering, sending
from forbear.desk.outbound.delivering import deliver_some, due
from forbear.desk.outbound.models import Delivery, Event, Webhook
from forbear.desk.outbound.retrying import plan
from forbear.desk.outbound.sending import send
from forbear.desk.outbound.subscribing import disable, redeliver, resume, secret, skip, tried
from tests.desk.outbound.conftest import Receiver, drip, lose

pytestmark = [pytest.mark.postgres]
TOLD = ["case.opened"]


class Clock:
    """A clock that a test moves on; a minute ahead, so that all that is told meanwhile is due."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) + timedelta(minutes=1)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **more: float) -> None:
        self.now += timedelta(**more)


def tell(lane: str, number: int, kind: str = "case.opened") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT webhook_tell(%s, %s, now(), %s)", [kind, lane, json.dumps({"lane": lane, "number": number})]
        )


def deliver_all(hook: Webhook, clock: Clock, rounds: int = 200) -> None:
    for _ in range(rounds):
        if not deliver_some(hook.pk, clock=clock):
            return


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Delivery.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def in_order(receiver: Receiver) -> bool:
    seen: dict[str, int] = {}
    for body in receiver.bodies:
        lane, number = body["data"]["lane"], body["data"]["number"]
        if number < seen.get(lane, -1):
            return False
        seen[lane] = number
    return True


@pytest.mark.django_db
def test_a_message_is_signed_so_that_the_standard_s_own_library_verifies_it(receiver, subscribe):
    hook, shown = subscribe(receiver.url, TOLD)
    tell("B1", 1)
    deliver_all(hook, Clock())
    (headers, body), library = receiver.got[0], Library(shown)
    told = library.verify(body, headers)
    assert told["type"] == "case.opened"
    assert told["data"] == {"lane": "B1", "number": 1}
    assert datetime.fromisoformat(told["timestamp"]).tzinfo
    assert headers["Content-Type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        library.verify(body.replace(b"B1", b"B2"), headers)
    assert states() == {"delivered": 1}


@pytest.mark.django_db
def test_while_secrets_change_both_sign(receiver, subscribe, user_of):
    hook, old = subscribe(receiver.url, TOLD)
    new, clock = secret(user_of("administrator", "ada"), hook.pk, datetime.now(UTC)), Clock()
    tell("B1", 1)
    deliver_all(hook, clock)
    clock.pass_by(hours=25)
    tell("B1", 2)
    deliver_all(hook, clock)
    (first, body), (second, later) = receiver.got
    assert len(first["webhook-signature"].split()) == 2
    for one in (old, new):
        Library(one).verify(body, first)
    assert len(second["webhook-signature"].split()) == 1
    assert old.encode() not in bytes(Webhook.objects.get().secret) + bytes(Webhook.objects.get().secret_before)
    assert later


@pytest.mark.django_db
def test_a_failure_is_tried_again_later_and_later_under_the_same_id_and_bytes(receiver, subscribe):
    hook, _ = subscribe(receiver.url, TOLD)
    receiver.answers = lambda nth, _: [500, 302, lose, (503, {"Retry-After": "900"}), 200][nth - 1]
    clock = Clock()
    tell("B1", 1)
    waits = []
    for _ in range(5):
        deliver_all(hook, clock)
        row = Delivery.objects.get()
        waits.append((row.due_at - clock.now).total_seconds())
        clock.now = max(row.due_at, clock.now)
    assert states() == {"delivered": 1}
    assert len(set(receiver.ids)) == 1
    assert len({body for _, body in receiver.got}) == 1
    assert [3 < waits[0] < 7, 14 < waits[1] < 26, 58 < waits[2] < 102, waits[3] == 900] == [True] * 4
    assert len(Delivery.objects.get().said) <= sending.SNIPPET


@pytest.mark.django_db
def test_nothing_overtakes_within_a_lane_and_other_lanes_go_on(receiver, subscribe):
    hook, _ = subscribe(receiver.url, TOLD)
    receiver.answers = lambda nth, body: 500 if body["data"]["lane"] == "B1" and nth < 40 else 200
    for number in range(5):
        tell("B1", number)
        tell("B2", number)
    clock = Clock()
    deliver_all(hook, clock)
    assert [b["data"]["number"] for b in receiver.bodies if b["data"]["lane"] == "B2"] == list(range(5))
    assert {b["data"]["number"] for b in receiver.bodies if b["data"]["lane"] == "B1"} == {0}
    receiver.answers = lambda nth, body: 200
    for _ in range(20):
        clock.pass_by(hours=7)
        deliver_all(hook, clock)
    assert states() == {"delivered": 10}
    assert in_order(receiver)


@pytest.mark.django_db
def test_a_message_that_fails_for_days_is_stuck_told_and_let_go_or_sent_again_by_a_person(
    receiver, subscribe, user_of
):
    hook, _ = subscribe(receiver.url, TOLD)
    receiver.answers = lambda nth, body: 400 if body["data"].get("lane") == "B1" else 200
    tell("B1", 1)
    tell("B1", 2)
    clock = Clock()
    for day in range(30):
        tell("B2", day)
        deliver_all(hook, clock)
        clock.pass_by(hours=3)
    assert Webhook.objects.get().state == "active"
    assert states() == {"delivered": 30, "stuck": 1, "waiting": 1}
    assert Entry.objects.filter(action="webhook.stuck", subject=f"webhook:{hook.pk}").count() == 1
    admin, stuck = user_of("administrator", "ada"), Delivery.objects.get(state="stuck")
    receiver.answers = lambda nth, body: 200
    redeliver(admin, hook.pk, stuck.event.message_id, clock.now)
    deliver_all(hook, clock)
    assert states() == {"delivered": 32}
    receiver.answers = lambda nth, body: 400
    tell("B1", 3)
    tell("B1", 4)
    deliver_all(hook, clock)
    skip(admin, hook.pk, Event.objects.order_by("-event_id")[1].message_id)
    receiver.answers = lambda nth, body: 200
    deliver_all(hook, clock)
    assert states() == {"delivered": 33, "skipped": 1}


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["gone", "dead"])
def test_a_dead_subscription_is_parked_told_and_goes_on_where_it_was(receiver, subscribe, user_of, way):
    hook, _ = subscribe(receiver.url, TOLD)
    receiver.answers = lambda nth, body: 410 if way == "gone" else lose
    for number in range(20):
        tell(f"B{number}", number)
    clock, tries = Clock(), 0
    while Webhook.objects.get().state == "active" and tries < 400:
        deliver_all(hook, clock)
        clock.pass_by(minutes=15)
        tries += 1
    parked = Webhook.objects.get()
    assert (parked.state, parked.state_because) == ("parked", way)
    assert Entry.objects.filter(action="webhook.parked").count() == 1
    assert len(receiver.got) < (5 if way == "gone" else 60), "it is left in peace between the tries"
    assert due(clock.now + timedelta(days=9)) == []
    tell("B1", 99)
    receiver.answers = lambda nth, body: 200
    resume(user_of("administrator", "ada"), hook.pk, clock.now)
    before = len(receiver.got)
    deliver_all(hook, clock)
    assert states() == {"delivered": 21}
    assert len(receiver.got) == before + 21
    disable(user_of("administrator", "bea"), hook.pk)
    tell("B1", 100)
    assert Event.objects.count() == 21


def test_a_slow_subscription_holds_no_other_up(receiver, subscribe, committed, monkeypatch):
    slow, quick, over = Receiver(), receiver, threading.Event()
    slow.answers = lambda nth, body: 204 if over.wait(60) else 500
    monkeypatch.setattr(sending.send, "__kwdefaults__", {**sending.send.__kwdefaults__, "seconds": 60.0})
    try:
        subscribe(slow.url, TOLD, name="slow")
        _, _ = subscribe_again(subscribe, quick.url)
        for number in range(12):
            tell(f"B{number}", number)
        until = time.monotonic() + 30
        while len(quick.got) < 12 and time.monotonic() < until:
            delivering.deliver_now()
            time.sleep(0.02)
        assert len(quick.got) == 12, "the slow one answers only after this"
    finally:
        over.set()
        for worker in delivering._workers.values():
            worker.join(10)
        slow.close()


def subscribe_again(subscribe, url: str):
    return subscribe(url, TOLD, name="quick")


@pytest.mark.django_db
def test_an_answer_that_drips_ends_at_the_deadline(receiver):
    receiver.answers = lambda nth, body: drip(1)
    began = time.monotonic()
    said = send(receiver.url, {"webhook-id": "x"}, b"{}", seconds=0.3)
    assert time.monotonic() - began < 1
    assert not said.ok


def test_of_many_workers_at_once_each_message_is_sent_by_one_and_in_order(receiver, subscribe, committed):
    hook, _ = subscribe(receiver.url, TOLD)
    for number in range(10):
        for lane in range(8):
            tell(f"B{lane}", number)

    def work() -> None:
        idle = 0
        while idle < 5:
            idle = 0 if deliver_some(hook.pk) else idle + 1
            time.sleep(0.005)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states() == {"delivered": 80}
    assert len(receiver.ids) == len(set(receiver.ids)) == 80
    assert in_order(receiver)


WORKER = """
import os, sys, django
django.setup()
from django.db import connections
from forbear.desk.outbound import delivering
given = dict(pair.split("=", 1) for pair in os.environ["TEST_POSTGRES"].split())
connections["default"].settings_dict.update(
    HOST=given["host"], PORT=given["port"], NAME=given["dbname"], USER=given["user"])
print("on", flush=True)
sys.stdin.readline()
while True:
    delivering.deliver_some(sys.argv[1])
"""


def test_workers_killed_in_mid_run_lose_nothing_and_keep_the_order(
    receiver, subscribe, committed, postgres, monkeypatch
):
    """Every message arrives, at least once, in its lane's order, whenever a worker is killed by SIGKILL."""
    hook, _ = subscribe(receiver.url, TOLD)
    receiver.answers = lambda nth, body: time.sleep(0.004) or 204
    for number in range(4):
        for lane in range(30):
            tell(f"B{lane}", number)
    env = {**os.environ, "TEST_POSTGRES": postgres}
    command = [sys.executable, "-c", WORKER, str(hook.pk)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": env}
    workers = [subprocess.Popen(command, **pipes) for _ in range(3)]
    assert [worker.stdout.readline() for worker in workers] == ["on\n"] * 3
    for worker in workers:
        goal, until = len(receiver.got) + 25, time.monotonic() + 10
        worker.stdin.write("go\n")
        worker.stdin.flush()
        while len(receiver.got) < goal and time.monotonic() < until:
            time.sleep(0.002)
        worker.kill()
        worker.communicate()
    left = states()
    assert left.get("waiting"), "the workers were killed before they were done"
    clock = Clock()
    clock.pass_by(seconds=plan().lease + 1)
    deliver_all(hook, clock)
    assert states() == {"delivered": 120}
    assert len(set(receiver.ids)) == 120
    assert in_order(receiver)
    assert len(receiver.ids) <= 120 + 3 * delivering.AT_ONCE, "only what was under way came twice"


@pytest.mark.django_db
def test_a_lease_that_another_took_is_not_settled_by_the_first(receiver, subscribe):
    hook, _ = subscribe(receiver.url, TOLD)
    tell("B1", 1)
    clock = Clock()
    (mine,) = delivering.claim(hook.pk, clock.now, 4)
    assert delivering.claim(hook.pk, clock.now, 4) == []
    clock.pass_by(seconds=plan().lease + 1)
    (theirs,) = delivering.claim(hook.pk, clock.now, 4)
    delivering.settle(hook.pk, mine, sending.Answer(500, ""), clock.now, luck=0.5)
    assert Webhook.objects.get().failures == 0
    delivering.settle(hook.pk, theirs, sending.Answer(200, ""), clock.now, luck=0.5)
    assert states() == {"delivered": 1}


@pytest.mark.django_db
def test_a_test_message_arrives_whatever_the_subscription_is_for(receiver, subscribe, user_of):
    hook, shown = subscribe(receiver.url, ["case.opened"])
    tried(user_of("administrator", "ada"), hook.pk, datetime.now(UTC))
    deliver_all(hook, Clock())
    headers, body = receiver.got[0]
    assert Library(shown).verify(body, headers)["type"] == "webhook.test"


@pytest.mark.django_db
def test_what_was_delivered_long_ago_is_forgotten_and_what_waits_is_not(receiver, subscribe):
    hook, _ = subscribe(receiver.url, TOLD)
    tell("B1", 1)
    deliver_all(hook, Clock())
    tell("B1", 2)
    assert delivering.forget_now() == 0
    Event.objects.update(at=datetime.now(UTC) - timedelta(days=plan().keep_days + 1))
    delivering.forget_now()
    assert states() == {"waiting": 1}
    assert Event.objects.count() == 1


def test_a_lease_outlasts_an_attempt():
    assert plan().lease > 2 * (sending.TOTAL_SECONDS + sending.CONNECT_SECONDS)
