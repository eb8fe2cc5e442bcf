"""A Fineract server over a real wire: pages, faults on the way, what changed alone, killed and gone on."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from forbear.basics.errors import ForbearError, WrongUse
from forbear.book.fineract import Client, Mirror, Refused, Unreachable, fetch
from forbear.book.fineract import wire as wire_module
from forbear.testing.fineract import PASSWORD, TENANT, USER, FineractDouble, loan, say, transaction

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def server():
    with FineractDouble() as double:
        yield double


def client_of(server, **more) -> Client:
    given = {"tenant": TENANT, "rate": 1000, "first_wait": 0.01, **more}
    return Client(server.url, given.pop("user", USER), given.pop("password", PASSWORD), **given)


def read(server, tmp_path, *, at=AT, **more):
    with Mirror(tmp_path / "mirror") as mirror:
        return fetch(client_of(server), mirror, at=at, **more)


def test_every_page_and_every_status(server, tmp_path, monkeypatch):
    monkeypatch.setattr(wire_module, "AT_ONCE", 7)
    server.put(*(loan(n) for n in range(1, 23)))
    server.put(*(loan(100 + n, status=n) for n in (100, 200, 400, 500, 303, 304, 600, 601, 602, 700)))
    done = read(server, tmp_path)
    assert (done.listed, done.read, done.unchanged) == (32, 28, 0)
    assert done.statuses["active"] == 22
    assert len(done.statuses) == 11
    assert len(done.left_out["not_disbursed"]) == 4
    assert done.left_out.keys() == {"not_disbursed"}
    pages = [path for path in server.asked if "offset=" in path]
    assert len(pages) == 5
    assert all("limit=7" in path for path in pages)


def test_a_second_run_reads_what_changed_alone(server, tmp_path):
    server.put(*(loan(n) for n in range(1, 11)))
    read(server, tmp_path)
    server.asked.clear()
    server.loans[3]["summary"]["totalRepayment"] = 100.0
    server.put(loan(11))
    done = read(server, tmp_path, at=AT + timedelta(days=1))
    assert server.read_whole() == [3, 11]
    assert (done.listed, done.read, done.unchanged, done.audited) == (11, 2, 9, True)


def test_what_changes_no_sum_is_found_by_the_audit_trail(server, tmp_path):
    server.put(loan(1), loan(2), loan(3))
    read(server, tmp_path)
    server.asked.clear()
    server.audits = [
        {"id": 5, "actionName": "ADJUST", "entityName": "LOAN", "resourceId": 77, "loanId": 2, "clientId": 7},
        {"id": 6, "actionName": "UNDOWRITEOFF", "entityName": "LOAN", "resourceId": 3},
        {"id": 7, "actionName": "UPDATE", "entityName": "CLIENT", "resourceId": 1},
    ]
    done = read(server, tmp_path, at=AT + timedelta(days=1))
    assert server.read_whole() == [2, 3]
    assert done.audited
    assert any("makerDateTimeFrom=2026-06-01T07%3A00%3A00Z" in path for path in server.asked)


def test_without_the_audit_trail_it_says_so_and_full_reads_all(server, tmp_path):
    server.put(loan(1), loan(2))
    read(server, tmp_path)
    server.audits_readable = False
    assert read(server, tmp_path, at=AT + timedelta(days=1)).audited is False
    server.asked.clear()
    done = read(server, tmp_path, at=AT + timedelta(days=2), full=True)
    assert server.read_whole() == [1, 2]
    assert done.read == 2


def test_faults_on_the_way_are_asked_again(server, tmp_path):
    """Each loan's first two requests fail: an error, a lost connection, a busy server, half an answer."""
    server.put(*(loan(n) for n in range(1, 9)))
    tries: dict[str, int] = {}

    def fault(request) -> bool:
        tries[request.path] = tries.get(request.path, 0) + 1
        if tries[request.path] > 2 or "/loans/" not in request.path:
            return False
        which = (int(request.path.split("/loans/")[1].split("?")[0]) + tries[request.path]) % 4
        if which == 0:
            say(request, 502, {})
        elif which == 1:
            say(request, 429, {}, Retry_After="0")
        elif which == 2:
            request.close_connection = True
            request.connection.close()
        else:
            request.send_response(200)
            request.send_header("Content-Length", "1000")
            request.end_headers()
            request.wfile.write(b'{"id":')
            request.close_connection = True
        return True

    server.fault = fault
    done = read(server, tmp_path)
    assert (done.listed, done.read, done.left_out) == (8, 8, {})


@pytest.mark.parametrize(
    ("more", "status"), [({"password": "wrong"}, 401), ({"tenant": "other"}, 400), ({"user": "eve"}, 401)]
)
def test_a_wrong_password_or_tenant_is_said_at_once(server, tmp_path, more, status):
    server.put(loan(1))
    with Mirror(tmp_path / "mirror") as mirror, pytest.raises(Refused) as no:
        fetch(client_of(server, **more), mirror, at=AT)
    assert no.value.status == status
    assert len(server.asked) == 1
    assert "wrong" not in no.value.message


def test_a_server_that_stays_down_or_is_none_is_unreachable(server, tmp_path, monkeypatch):
    monkeypatch.setattr(wire_module, "TRIES", 3)
    server.fault = lambda request: say(request, 503, {}) or True
    with pytest.raises(Unreachable, match="HTTP 503"):
        read(server, tmp_path)
    assert len(server.asked) == 3
    server.fault = lambda request: say(request, 302, {}, Location="https://evil.example/") or True
    with pytest.raises(Refused, match="302"):
        read(server, tmp_path)
    server.fault = lambda request: say(request, 200, ["not", "a", "page"]) or True
    with pytest.raises(Unreachable, match="pageItems"):
        read(server, tmp_path)


def test_the_password_goes_over_https_or_to_this_machine(server):
    with pytest.raises(WrongUse, match="in the clear"):
        Client("http://core.example/api/v1", USER, PASSWORD)
    Client("http://core.example/api/v1", USER, PASSWORD, plain=True)
    for url in ("ftp://x/api/v1", "https://", "https://u:p@host/api/v1", "core.example"):
        with pytest.raises(WrongUse):
            Client(url, USER, PASSWORD)


def test_requests_keep_to_the_rate(server, tmp_path):
    import time

    server.put(*(loan(n) for n in range(1, 10)))
    began = time.monotonic()
    with Mirror(tmp_path / "mirror") as mirror:
        fetch(client_of(server, rate=50), mirror, at=AT)
    assert time.monotonic() - began >= 9 / 50


def test_loans_that_come_in_while_the_list_is_read_are_read_too(server, tmp_path, monkeypatch):
    monkeypatch.setattr(wire_module, "AT_ONCE", 3)
    server.put(*(loan(n) for n in range(10, 20)))
    seen = []

    def fault(request) -> bool:
        if "offset=3" in request.path and not seen:
            seen.append(1)
            server.put(loan(1))  # sorts before everything: pushes a row over the page's edge
        return False

    server.fault = fault
    done = read(server, tmp_path)
    assert done.listed == 11
    assert server.read_whole() == [1, *range(10, 20)]


WORKER = """
import sys
from datetime import UTC, datetime
from forbear.book.fineract import Client, Mirror, fetch
with Mirror(sys.argv[2]) as mirror:
    client = Client(sys.argv[1], sys.argv[3], sys.argv[4], rate=1000)
    fetch(client, mirror, at=datetime(2026, 6, 1, 8, tzinfo=UTC), workers=1)
"""


def test_a_run_that_was_killed_goes_on_where_it_stopped(server, tmp_path):
    server.put(*(loan(n) for n in range(1, 41)))
    worker: list[subprocess.Popen] = []

    def fault(request) -> bool:
        if "/loans/25?" in request.path and worker:
            worker.pop().kill()
        return False

    server.fault = fault
    command = [sys.executable, "-c", WORKER, server.url, str(tmp_path / "mirror"), USER, PASSWORD]
    process = subprocess.Popen(command)
    worker.append(process)
    assert process.wait(30) == -9
    before = len(server.read_whole())
    assert before == 25
    done = read(server, tmp_path)
    assert done.listed == 40
    assert 16 <= done.read <= 18, "those under way when it was killed are read again, no others"
    assert len(server.read_whole()) == before + done.read


def test_a_full_run_that_stopped_goes_on_too(server, tmp_path, monkeypatch):
    monkeypatch.setattr(wire_module, "AT_ONCE", 10)
    server.put(*(loan(n) for n in range(1, 31)))
    read(server, tmp_path, at=AT - timedelta(days=1))
    server.asked.clear()

    def stop(done: int, all_of_them: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(server, tmp_path, full=True, progress=stop)
    assert len(server.read_whole()) == 20
    assert read(server, tmp_path, at=AT + timedelta(hours=1), full=True).read == 10
    assert server.read_whole() == list(range(1, 31))


def test_a_mirror_is_of_one_server_and_of_one_run(server, tmp_path):
    server.put(loan(1))
    read(server, tmp_path)
    with Mirror(tmp_path / "mirror") as mirror:
        with pytest.raises(WrongUse, match="another server"):
            fetch(client_of(server, tenant="other"), mirror, at=AT)
        with pytest.raises(WrongUse, match="in use"), Mirror(tmp_path / "mirror"):
            pass
    (tmp_path / "none").write_text("no database, but long enough to be looked at as one" * 10)
    with pytest.raises(WrongUse, match="no mirror"), Mirror(tmp_path / "none"):
        pass


def test_no_name_is_kept(server, tmp_path):
    paid = transaction(5, 2, date(2026, 2, 14), 275.0, paymentDetailData={"accountNumber": "DE-SECRET"})
    server.put(loan(1, transactions=[paid]))
    read(server, tmp_path)
    kept = (tmp_path / "mirror").read_bytes()
    for secret in (b"Petra", b"Yton", b"DE-SECRET", PASSWORD.encode()):
        assert secret not in kept


def test_loans_that_the_server_no_longer_has_are_named(server, tmp_path):
    server.put(loan(1), loan(2))
    read(server, tmp_path)
    del server.loans[2]
    assert read(server, tmp_path, at=AT + timedelta(days=1)).vanished == [2]


def test_garbage_in_one_loan_leaves_that_loan_out_alone(server, tmp_path):
    for number, (name, value) in enumerate(
        [
            ("repaymentSchedule", None),
            ("repaymentSchedule", {"periods": [{"period": "one"}]}),
            ("transactions", [{"id": 1}]),
            ("transactions", "none"),
            ("currency", {"code": "XYZZY"}),
            ("timeline", {"actualDisbursementDate": [2026, 13, 45]}),
            ("status", {"id": 999}),
            ("clientId", None),
        ],
        start=10,
    ):
        server.put(loan(number) | {name: value})
    server.put(loan(1))
    done = read(server, tmp_path)
    assert done.read == 9
    left = {one for loans in done.left_out.values() for one in loans}
    assert len(left) == 8
    assert json.dumps(done.left_out)


def test_an_endless_list_is_not_read_for_ever(server, tmp_path):
    server.put(loan(1))
    grown = []

    def answer(path, asked):
        grown.append(1)
        return 200, {"totalFilteredRecords": 10 + len(grown), "pageItems": []}

    server.answer = answer
    with pytest.raises(ForbearError, match="changes faster"):
        read(server, tmp_path)
