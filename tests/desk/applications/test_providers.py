"""Providers over HTTP, at the wire: a real server on loopback that answers well, late, wrongly or not at all."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from forbear.basics.errors import WrongUse
from forbear.desk.applications.checking import latest_checks
from forbear.desk.applications.deciding import check_and_decide
from forbear.desk.applications.over_http import OverHttp
from forbear.desk.applications.providers import NoProvider, Question, provider_of
from forbear.desk.applications.sandbox import Sandbox, answers
from forbear.desk.money.webhook import sign
from forbear.risk.applied import CHECKS
from tests.desk.applications.conftest import AT

SECRET = "s" * 40
ASKED = Question("identity", "7-identity", {"name": "王样本", "phone": "+8619900000000"})


@contextmanager
def server(respond):
    """A server that hands each connection's request and its socket to `respond`."""
    listening = socket.create_server(("127.0.0.1", 0))
    seen: list[tuple[dict[str, str], bytes]] = []

    def serve():
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line:
                seen.append(_request(line))
                try:
                    respond(line, *seen[-1])
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/ask?x=1", seen
    finally:
        listening.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for a caller
        listening.close()
        thread.join(3)


def _request(line):
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {"": first} | {k.lower(): v for k, v in (one.split(": ", 1) for one in lines)}
    while len(body) < int(headers["content-length"]):
        body += line.recv(65536)
    return headers, body


def said(body, status=200):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(raw)}\r\nLocation: http://127.0.0.1:1/\r\n\r\n".encode()
    return lambda line, *_: line.sendall(head + raw)


def trickle(line, *_):
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    for _n in range(100):
        line.sendall(b"X: y\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("respond", "problem"),
    [
        (said({"reference": "R", "facts": {"name": "passed"}}), ""),
        (said({"facts": []}), "garbled"),
        (said(b"<html>"), "garbled"),
        (said(b"[" * 60_000), "garbled"),
        (said({"facts": {"name": "x" * 70_000}}), "garbled"),
        (said({}, 302), "refused"),
        (said({}, 500), "refused"),
        (lambda line, *_: None, "unreachable"),
        (lambda line, *_: line.sendall(b"nonsense\r\n\r\n"), "unreachable"),
        (lambda line, *_: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), "garbled"),
        (lambda line, *_: time.sleep(0.8), "timeout"),
        (trickle, "timeout"),
    ],
    ids=[
        "well",
        "facts-a-list",
        "html",
        "deep",
        "long",
        "redirect",
        "error",
        "hangs-up",
        "no-http",
        "half",
        "slow",
        "trickles",
    ],
)
def test_every_answer_or_its_absence_has_a_name_within_the_time(respond, problem):
    with server(respond) as (address, seen):
        began = time.monotonic()
        got = OverHttp(address, SECRET.encode(), 0.4).ask(ASKED)
        assert got.problem == problem
        assert time.monotonic() - began < 3
        assert len(seen) == 1, "asked once; no redirect followed"
    if not problem:
        assert got.facts == {"name": "passed"}
        assert got.reference == "R"


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert OverHttp(f"http://127.0.0.1:{port}/", SECRET.encode(), 0.5).ask(ASKED).problem == "unreachable"


def test_the_request_is_signed_over_time_and_body():
    with server(said({"facts": {}})) as (address, seen):
        OverHttp(address, SECRET.encode(), 1).ask(ASKED)
    headers, body = seen[0]
    stamp = int(headers["forbear-timestamp"])
    assert headers["forbear-signature"] == sign(SECRET.encode(), stamp, body)
    assert abs(stamp - time.time()) < 5
    assert json.loads(body) == {"kind": "identity", "reference": "7-identity", "facts": dict(ASKED.facts)}
    assert headers[""] == "POST /ask?x=1 HTTP/1.1"


def test_personal_data_never_leave_without_tls(monkeypatch):
    with pytest.raises(WrongUse, match="https"):
        OverHttp("http://provider.example/", b"x", 1)
    with pytest.raises(WrongUse, match="no address"):
        OverHttp("ftp://provider.example/", b"x", 1)
    monkeypatch.setenv("FORBEAR_PROVIDER_BUREAU", "https://provider.example/")
    with pytest.raises(WrongUse, match="SECRET"):
        provider_of("bureau")
    assert isinstance(provider_of("identity"), NoProvider)
    with pytest.raises(WrongUse):
        provider_of("horoscope")


def test_the_sandbox_documents_every_number():
    assert all(row["about"] for row in answers()["numbers"].values())
    for number in ("+8613800000000", "19900010000", "199000000000", ""):
        assert Sandbox().ask(Question("identity", "r", {"phone": number})).problem == "not_a_test_number"


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize("facts", [{"name": "passed"}, {"liveness": True, "name": "PASSED", "phone": None}, {}])
def test_a_check_that_the_answer_does_not_name_is_not_passed(taken, user_of, monkeypatch, facts):
    with server(said({"facts": facts})) as (address, _seen):
        for kind in ("IDENTITY", "BUREAU", "MULTI_LENDER"):
            monkeypatch.setenv(f"FORBEAR_PROVIDER_{kind}", address)
        monkeypatch.setenv("FORBEAR_PROVIDER_SECRET", SECRET)
        one = taken()
        made = check_and_decide(one, by=user_of("manager"), at=AT)
    states = latest_checks(one)
    assert {name for name in CHECKS if states[name] == "passed"} == (
        {"name"} if facts.get("name") == "passed" else set()
    )
    assert made.outcome == "refer"


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize(
    "facts",
    [{"lenders": -1}, {"lenders": "3"}, {"worst_dpd_24m": 1.5, "lenders": 1}, {"on_enforcement_list": "no"}],
)
def test_a_bureau_answer_that_makes_no_sense_is_no_answer(taken, user_of, monkeypatch, facts):
    with server(said({"facts": facts})) as (address, _seen):
        monkeypatch.setenv("FORBEAR_PROVIDER_BUREAU", address)
        monkeypatch.setenv("FORBEAR_PROVIDER_SECRET", SECRET)
        one = taken()
        check_and_decide(one, by=user_of("manager"), at=AT)
    check = one.checks.filter(name="bureau").get()
    assert (check.state, check.problem) == ("no_answer", "garbled")
