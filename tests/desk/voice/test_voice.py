"""Reminders over real SIP on loopback: what was heard, what not answering comes to, and that an id rings once."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import wave
from contextlib import suppress

import numpy as np
import pytest

from forbear.basics.errors import WrongUse
from forbear.conduct.situation import RESULTS
from forbear.desk.contact.channels.base import Account
from forbear.desk.contact.channels.voice import Dialer as Channel
from forbear.desk.contact.channels.wire import Certainly, Wire
from forbear.desk.voice import lines
from forbear.desk.voice.journal import ACCEPTED, Journal
from forbear.desk.voice.lines import BY_STATUS, Dialed, Lines, Trunk

SECRET = "a secret of tests, long enough"
HERE = importlib.util.find_spec("pjsua2") and shutil.which("espeak-ng")
needs_voice = pytest.mark.skipif(
    not HERE, reason="pip install 'forbear[voice]', apt-get install espeak-ng sip-tester"
)
TEXT = "您好，这里是示例贷款的自动提醒。"


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def dialer(tmp_path_factory):
    """Starts `forbear voice` with a trunk; gives the desk's own end of the wire."""
    made = []
    folder = tmp_path_factory.mktemp("voice")

    def make(target, journal="voice.jsonl"):
        port = free_port(socket.SOCK_STREAM)
        command = [sys.executable, "-c", "from forbear.cli import main; main()", "voice", "--trunk", target]
        options = [
            "--listen",
            f"127.0.0.1:{port}",
            "--lines",
            "4",
            "--journal",
            str(folder / journal),
        ]
        environment = {**os.environ, "FORBEAR_VOICE_SECRET": SECRET}
        made.append(subprocess.Popen([*command, *options], env=environment, stdout=subprocess.DEVNULL))
        account = Account("d", "voice", "dialer", secret=SECRET, options={"url": f"http://127.0.0.1:{port}"})
        for _ in range(200):
            with suppress(Certainly):
                Wire(account).post("/news", {})
                return account
            time.sleep(0.1)
        raise AssertionError("the dialer did not start")

    def stop():
        for one in made:
            one.terminate()
        told = [one.wait(15) for one in made]
        made.clear()
        return told

    make.stop = stop
    yield make
    stop()


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """The folder of what the phones heard."""
    return tmp_path_factory.mktemp("heard")


@pytest.fixture(scope="module")
def trunk(heard):
    """Telephones whose manners stand in the last digit of their numbers."""
    command = [sys.executable, "-m", "forbear.testing.sip_phone", str(heard)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as far:
        said = iter(far.stdout.readline, "")
        yield f"sip:{{number}}@127.0.0.1:{next(line.strip() for line in said if line.strip().isdigit())}"
        far.kill()


@pytest.fixture(scope="module")
def account(dialer, trunk):
    return dialer(trunk)


def call(account, key, number="+86 139-1234-560", say=TEXT, **more):
    asked = {"id": key, "to": number, "say": say, "language": "zh-CN", "rings": 1, **more}
    return Wire(account).post("/calls", {"calls": [asked]})["results"][0]["state"]


def results(account, *keys):
    channel = Channel(account)
    for _ in range(200):
        news, _ = channel.news("")
        told = {one.attempt_id: one.result for one in news}
        if told.keys() >= set(keys):
            return {key: told[key] for key in keys}
        time.sleep(0.1)
    raise AssertionError(f"no news came of {set(keys) - told.keys()}")


@needs_voice
def test_what_each_call_comes_to_and_that_the_message_is_heard(account, heard):
    wanted = ["connected", "busy", "rejected", "not_in_service", "failed", "no_answer", "hung_up"]
    told = {}
    for digits in ((0, 5, 6), (1, 2, 3, 4)):
        for digit in digits:
            assert call(account, f"c{digit}", f"+86 139-1234-56{digit}") == "accepted"
        told |= results(account, *(f"c{digit}" for digit in digits))
    assert [told[f"c{digit}"] for digit in range(len(wanted))] == wanted
    time.sleep(0.5)
    with wave.open(str(heard / "861391234560.wav")) as file:
        sound, rate = np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate()
    tenths = sound[: len(sound) // (rate // 10) * (rate // 10)].reshape(-1, rate // 10).astype(float)
    assert (tenths.std(axis=1) > 300).sum() >= 10  # more than a second of speech arrived


@needs_voice
def test_ended_calls_do_not_end_those_that_follow_them_on_their_lines(trunk, tmp_path):
    told = {}
    lines = Lines(Trunk(trunk), lambda key, result, _: told.update({key: result}))
    for turn in range(3):
        for digit in (0, 2, 1, 3):
            speech = tmp_path / f"{turn}{digit}.wav"
            with wave.open(str(speech), "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(bytes(1600))
            assert lines.reserve()
            lines.dial(Dialed(f"{turn}{digit}", f"139-1234-561{digit}", speech, rings=2))
        until = time.monotonic() + 40
        while len(told) < 4 * (turn + 1) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)  # the lines are given back just after the result is told
    lines.stop()
    wanted = {0: "connected", 1: "busy", 2: "rejected", 3: "not_in_service"}
    assert told == {f"{turn}{digit}": wanted[digit] for turn in range(3) for digit in wanted}


@needs_voice
def test_an_id_rings_once_also_after_a_restart(dialer, account, trunk):
    assert [call(account, "once", "1001") for _ in range(3)] == ["accepted"] * 3
    assert results(account, "once") == {"once": "busy"}
    again = dialer(trunk)  # over the same journal
    before = Channel(again).news("")[0]
    assert call(again, "once", "1001") == "accepted"
    time.sleep(0.5)
    assert Channel(again).news("")[0] == before


@pytest.fixture
def silence():
    """A trunk that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield f"sip:{{number}}@127.0.0.1:{deaf.getsockname()[1]}"


@needs_voice
def test_it_refuses_what_it_cannot_place_now(dialer, silence):
    account = dialer(silence, "silence.jsonl")
    assert call(account, "r1", "not a number") == "rejected"
    assert call(account, "r2", say="") == "rejected"
    assert call(account, "r3", language="no-such-language") == "rejected"
    assert [call(account, f"full-{n}", "1005") for n in range(4)] == ["accepted"] * 4
    assert call(account, "r4") == "throttled"
    wire = Wire(account)
    said = wire.post("/status", {"ids": ["full-1", "r4", "r9"]})["results"]
    assert [one["state"] for one in said] == ["accepted", "never_seen", "never_seen"]
    assert wire.post("/cancel", {"id": "full-1"}) == {"cancelled": False}
    assert wire.post("/cancel", {"id": "r8"}) == {"cancelled": True}
    assert set(results(account, *(f"full-{n}" for n in range(4))).values()) == {"no_answer"}
    assert call(account, "r9") == call(account, "r8") == "rejected"


@needs_voice
def test_a_stranger_and_garbage_are_refused(account):
    stranger = Account("d", "voice", "dialer", secret="another secret, long enough", options=account.options)
    for one, path, body in [
        (stranger, "/calls", {"calls": []}),
        (account, "/calls", {"no": 1}),
        (account, "/calls", [1]),
        (account, "/elsewhere", {}),
    ]:
        with pytest.raises(Certainly):
            Wire(one).post(path, body)


@needs_voice
@pytest.mark.skipif(shutil.which("sipp") is None, reason="apt-get install sip-tester")
def test_another_implementation_takes_the_call_and_the_dialer_ends_well(dialer, tmp_path):
    port = free_port(socket.SOCK_DGRAM)
    command = ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-m", "1", "-timeout", "30s", "-nostdin"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path) as far:
        account = dialer(f"sip:{{number}}@127.0.0.1:{port}")
        assert call(account, "sipp") == "accepted"
        assert results(account, "sipp") == {"sipp": "connected"}
        assert far.wait(10) == 0  # it counted one successful call
    assert set(dialer.stop()) == {0}


def test_results_are_those_of_the_gate():
    assert {*BY_STATUS.values(), "connected", "hung_up", "failed"} <= set(RESULTS)


def test_a_journal_survives_a_line_cut_short(tmp_path):
    journal = Journal(tmp_path / "j")
    assert journal.claim("a", ACCEPTED) is None
    journal.ended("a", "busy", "486")
    with (tmp_path / "j").open("ab") as file:
        file.write(b'{"id": "b", "sta')
    again = Journal(tmp_path / "j")
    assert again.claim("a", ACCEPTED) == ACCEPTED
    assert again.claim("b", ACCEPTED) is None
    assert [row["result"] for row in again.news("")[0]] == ["busy"]
    rows = [json.loads(line) for line in (tmp_path / "j").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["a", "a", "b"]
    (tmp_path / "k").write_text("garbage\n")
    with pytest.raises(WrongUse, match="line 1"):
        Journal(tmp_path / "k")


@pytest.mark.parametrize("target", ["sip:1@x", "http://{number}", "sip:{number}@x y", ""])
def test_a_trunk_is_a_sip_address_with_a_number(target):
    with pytest.raises(WrongUse):
        Trunk(target)


@pytest.mark.parametrize("number", ["", "12", "+", "1234;drop", "sip:1@x", "٣٣٣٣"])
def test_a_number_is_digits(number):
    with pytest.raises(WrongUse):
        Trunk("sip:{number}@x").address(number)


def test_a_day_of_rings_is_refused():
    assert lines.SECONDS_A_RING * 20 < lines.LONGEST_CALL
