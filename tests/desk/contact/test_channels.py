"""Each kind of provider against a real server on loopback: what arrives, what is refused, what nobody can know."""

from __future__ import annotations

import email
import hashlib
import http.server
import json
import mailbox
import socket
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import paramiko
import pytest
from aiosmtpd.controller import Controller
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.conduct import Cleared, NotCleared, ask, load_packs
from forbear.conduct.situation import proposal
from forbear.desk.contact.channels import registry
from forbear.desk.contact.channels.base import Answer, Message, News
from forbear.desk.contact.channels.text_parts import split
from forbear.desk.contact.words import Words
from forbear.testing.http_provider import SECRET, HttpProvider, Manners
from tests.desk.contact.sftp import Sftp
from tests.desk.contact.smsc import MESSAGE_PAYLOAD, SAR_SEQ, SAR_TOTAL, Smsc

NOON = datetime(2026, 6, 30, 4, tzinfo=UTC)
YES = {"time_zone": "Asia/Shanghai", "legality_cleared": True, "number_source": "contract", "identified": True}
LONG = "样例小贷提醒：您有 1,234.50 元逾期，如已还请忽略。" * 5


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("S", SECRET)


@pytest.fixture(scope="module")
def packs():
    return load_packs(["cn-lender"])


@pytest.fixture
def message(packs):
    def make(body="您好", to="+8613900000001", key="", subject="", channel="sms", language="zh-hans") -> Message:
        act = {"borrower_id": "B1", "channel": channel, "at": NOON, "ai_reviewed": True, "recorded": True, **YES}
        said = ask(proposal(act, 1, None), [], [], packs)
        assert isinstance(said, Cleared), said.codes
        name = key or hashlib.sha256(body.encode()).hexdigest()[:32]
        return Message(name, "B1", to, Words(subject, body, language), said)

    return make


def yes():
    return True


def made(kind, channel, **row):
    return registry.made("x", {"kind": kind, "channel": channel, "secret_env": "S", "timeout": 1, **row})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_nothing_leaves_without_the_gates_leave(message):
    with pytest.raises(NotCleared):
        Message("k", "B1", "+861", Words("", "x", "en"), cleared=True)


# --- SMPP ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def smsc():
    far = Smsc()
    yield far
    far.close()


@pytest.fixture
def smpp(smsc):
    opened = []

    def make(**row):
        opened.append(
            made("smpp", "sms", host="127.0.0.1", port=smsc.port, system_id="f", source="10690000", **row)
        )
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_a_text_goes_out_with_a_receipt_asked_for(smsc, smpp, message):
    (told,) = smpp().send([message("Hello")], yes)
    assert (told.state, told.ref, told.parts) == ("sent", "m1", 1)
    (got,) = smsc.got
    assert (got["to"], got["source"], got["text"], got["coding"], got["registered"]) == (
        "8613900000001",
        "10690000",
        b"Hello",
        0,
        1,
    )


def test_a_long_chinese_text_goes_in_parts_that_join(smsc, smpp, message):
    (told,) = smpp().send([message(LONG)], yes)
    assert (told.state, told.parts) == ("sent", len(smsc.got))
    heads = [got["text"][:6] for got in smsc.got]
    assert [head[5] for head in heads] == list(range(1, len(heads) + 1))
    assert {(*head[:5],) for head in heads} == {(5, 0, 3, heads[0][3], len(heads))}
    assert all(got["esm_class"] == 0x40 and len(got["text"]) <= 140 for got in smsc.got)
    assert b"".join(got["text"][6:] for got in smsc.got).decode("utf-16-be") == LONG


def test_a_long_text_by_sar_and_by_payload(smsc, smpp, message):
    by_sar = smpp(long="sar")
    by_sar.send([message(LONG)], yes)
    by_sar.close()
    assert b"".join(got["text"] for got in smsc.got).decode("utf-16-be") == LONG
    assert [got[SAR_SEQ][0] for got in smsc.got] == list(range(1, len(smsc.got) + 1))
    assert {got[SAR_TOTAL][0] for got in smsc.got} == {len(smsc.got)}
    smsc.got.clear()
    smpp(long="payload").send([message(LONG)], yes)
    (got,) = smsc.got
    assert got[MESSAGE_PAYLOAD].decode("utf-16-be") == LONG


@pytest.mark.parametrize(("status", "permanent"), [(0x58, False), (0x0B, True)])
def test_a_refusal_is_certain_and_says_whether_for_good(smsc, smpp, message, status, permanent):
    smsc.status = status
    (told,) = smpp().send([message()], yes)
    assert (told.state, told.permanent) == ("refused", permanent)


def test_no_answer_and_a_broken_line_are_unknown_and_the_next_message_binds_anew(smsc, smpp, message):
    provider = smpp()
    smsc.silent = True
    assert [one.state for one in provider.send([message()], yes)] == ["unknown"]
    smsc.silent, smsc.hangs_up = False, True
    assert [one.state for one in provider.send([message()], yes)] == ["unknown"]
    smsc.hangs_up = False
    assert [one.state for one in provider.send([message()], yes)] == ["sent"]
    assert smsc.binds == 2


def test_nobody_there_is_certain(message):
    provider = made("smpp", "sms", host="127.0.0.1", port=free_port(), system_id="f")
    assert [one.state for one in provider.send([message()], yes)] == ["refused"]


def test_receipts_and_answers_come_on_the_same_line(smsc, smpp, message):
    provider = smpp()
    provider.send([message()], yes)
    smsc.receipt("m1", "DELIVRD")
    smsc.answer("8613900000001", "退订")
    provider.send([message("second")], yes)
    told: list = []
    for _ in range(50):
        told += provider.news("")[0]
        if len(told) == 2:
            break
        threading.Event().wait(0.02)
    receipt = next(one for one in told if isinstance(one, News))
    answer = next(one for one in told if isinstance(one, Answer))
    assert (receipt.ref, receipt.result) == ("m1", "delivered")
    assert (answer.sender, answer.text) == ("+8613900000001", "退订")


def test_a_silent_line_is_asked_whether_it_lives(smsc, smpp, message, monkeypatch):
    from forbear.desk.contact.channels import smpp as module

    provider = smpp()
    provider.send([message()], yes)
    monkeypatch.setattr(module, "ENQUIRE_SECONDS", 0.0)
    provider.send([message("second")], yes)
    assert smsc.enquired == 1


def test_a_stop_between_two_messages_keeps_the_second_back(smsc, smpp, message):
    leaves = iter([True, False])
    told = smpp().send([message("one"), message("two")], lambda: next(leaves))
    assert sorted(one.state for one in told) == ["not_sent", "sent"]
    assert len(smsc.got) == 1


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=500))
def test_parts_join_to_what_was_said_and_no_character_is_cut(body):
    parts, coding = split(body)
    most = {0: (160, 153), 8: (140, 134)}[coding]
    assert all(len(one) <= (most[0] if len(parts) == 1 else most[1]) for one in parts)
    if coding == 8:
        assert "".join(one.decode("utf-16-be") for one in parts) == body
    else:
        assert not any(one.endswith(b"\x1b") for one in parts)


# --- HTTP, push, dialer -------------------------------------------------------------------------------------------


def test_http_sends_many_in_one_request_and_reads_each_answer(message):
    with HttpProvider() as far:
        provider = made("http", "sms", url=far.url)
        told = provider.send([message(f"m{n}") for n in range(5)], yes)
    assert [one.state for one in told] == ["sent"] * 5
    assert [one["text"] for one in far.sent] == [f"m{n}" for n in range(5)]


def test_http_the_same_message_again_is_sent_once(message):
    with HttpProvider() as far:
        provider = made("http", "sms", url=far.url)
        assert [provider.send([message()], yes)[0].state for _ in range(2)] == ["sent", "sent"]
    assert len(far.sent) == 1


@pytest.mark.parametrize(
    ("manners", "state"),
    [
        (Manners(away=1), "refused"),
        (Manners(throttles=1), "refused"),
        (Manners(refuses=1), "refused"),
        (Manners(loses_answer=1), "unknown"),
        (Manners(loses_request=1), "unknown"),
        (Manners(forgets=1), "unknown"),
        (Manners(late=1, late_seconds=1.5), "unknown"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_http_says_what_is_certain_and_what_is_not(message, manners, state):
    with HttpProvider(manners=manners) as far:
        assert [one.state for one in made("http", "sms", url=far.url).send([message()], yes)] == [state]


def test_http_nobody_there_and_a_wrong_secret_are_certain(message, monkeypatch):
    nobody = made("http", "sms", url=f"http://127.0.0.1:{free_port()}")
    assert nobody.send([message()], yes)[0].state == "refused"
    monkeypatch.setenv("S", "another secret")
    with HttpProvider() as far:
        assert made("http", "sms", url=far.url).send([message()], yes)[0].why == "http_401"
    assert not far.sent


def test_http_asks_what_became_of_a_message_and_what_was_never_seen_is_never_sent(message):
    with HttpProvider() as far:
        provider = made("http", "sms", url=far.url)
        provider.send([message("seen", key="a")], yes)
        told = provider.query(["a", "b"])
        assert (told["a"].state, told["b"].state) == ("sent", "not_sent")
        assert provider.send([message("late", key="b")], yes)[0].state == "refused"
        assert provider.cancel("c", "") is True
        assert provider.cancel("a", "") is False


def test_push_is_shaped_like_fcm(message):
    with HttpProvider() as far:
        provider = made("push", "app_push", url=far.url)
        assert [one.state for one in provider.send([message(to="B1", channel="app_push")], yes)] == ["sent"]
        far.manners.refuses = 1
        (told,) = provider.send([message("gone", to="B1", channel="app_push")], yes)
    assert (told.state, told.permanent) == ("refused", True)
    assert far.sent[0]["to"] == "B1"


def test_a_spoken_reminder_is_handed_to_the_dialer(message):
    with HttpProvider() as far:
        provider = made("dialer", "voice", url=far.url)
        assert [one.state for one in provider.send([message(channel="voice")], yes)] == ["sent"]
    assert far.sent[0]["text"] == "您好"


# --- e-mail -------------------------------------------------------------------------------------------------------


class Mailbox:
    """What a mail server was given; `says` answers an envelope's recipient, `data` its text."""

    def __init__(self):
        self.mails, self.says, self.data = [], "250 OK", "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.says.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.says

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope)
        if self.data == "hang up":
            server.transport.abort()
        return self.data


@pytest.fixture
def mail():
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()


def smtp(port, **row):
    row = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "样例 <no@lender.example>", **row}
    return made("smtp", "email", domain="lender.example", **row)


def test_an_email_carries_its_key_and_its_text_whole(mail, message):
    body = "第一行\n.一个点\n..两个点\nhttps://lender.example/x"
    (told,) = smtp(mail.port).send([message(body, to="b@example.com", channel="email")], yes)
    assert told.state == "sent"
    (envelope,) = mail.mails
    assert envelope.mail_from == f"bounce+{told.key}@lender.example"
    read = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert read["Message-ID"] == f"<{told.key}@lender.example>"
    assert read.get_content().replace("\r\n", "\n").rstrip("\n") == body
    assert read["Subject"] == "关于您的贷款"


@pytest.mark.parametrize(
    ("says", "state", "permanent"),
    [("550 no such user", "refused", True), ("451 later", "refused", False), ("250 OK", "sent", False)],
)
def test_an_email_is_refused_by_its_envelope(mail, message, says, state, permanent):
    mail.says = says
    (told,) = smtp(mail.port).send([message(to="b@example.com", channel="email")], yes)
    assert (told.state, told.permanent) == (state, permanent)


def test_an_email_whose_text_was_handed_over_may_have_left(mail, message):
    mail.data = "hang up"
    assert smtp(mail.port).send([message(to="b@example.com", channel="email")], yes)[0].state == "unknown"
    assert smtp(free_port()).send([message(to="b@example.com", channel="email")], yes)[0].state == "refused"


BOUNCE = """From: mailer-daemon@example.com
To: bounce+{key}@lender.example
Subject: failed
Date: Tue, 30 Jun 2026 12:00:00 +0800
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

Final-Recipient: rfc822; b@example.com
Action: failed
Status: 5.1.1

--b--
"""
REPLY = """From: Ben <b@example.com>
To: no@lender.example
Message-ID: <own@example.com>
Date: Tue, 30 Jun 2026 12:00:00 +0800
Content-Type: text/plain; charset=utf-8

STOP

On Tuesday lender wrote:
> You owe
"""


def test_bounces_and_answers_come_back_in_the_maildir_once(tmp_path):
    box = mailbox.Maildir(tmp_path / "m")
    key = "a" * 32
    box.add(BOUNCE.format(key=key).encode())
    box.add(REPLY.encode())
    provider = smtp(1, maildir=str(tmp_path / "m"))
    told, cursor = provider.news("")
    bounce = next(one for one in told if isinstance(one, News))
    assert (bounce.attempt_id, bounce.result, bounce.detail) == (key, "bounced", "5.1.1")
    answer = next(one for one in told if isinstance(one, Answer))
    assert (answer.sender, answer.text, answer.message_id) == ("b@example.com", "STOP", "own@example.com")
    assert provider.news(cursor)[0] == []


# --- chat, letters ------------------------------------------------------------------------------------------------


def test_chat_goes_through_apprise(message):
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *said):
            pass

    status = [200]
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider = made("apprise", "chat", target=f"json://127.0.0.1:{server.server_address[1]}/{{address}}")
    assert provider.send([message(channel="chat")], yes)[0].state == "sent"
    assert got[0]["message"] == "您好"
    status[0] = 500
    assert provider.send([message("again", channel="chat")], yes)[0].state == "unknown"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "target",
    [
        "wecombot://{secret}",
        "dingtalk://{secret}/{address}",
        "feishu://{secret}",
        "lark://{secret}",
        "tgram://123456789:abcdefg_hijklmnop/{address}",
        "whatsapp://{secret}@12345678901234/{address}",
    ],
)
def test_apprise_knows_the_channels_that_people_use_here(target):
    import apprise

    filled = target.format(address="13900000001", secret="a" * 36)
    assert apprise.Apprise.instantiate(filled) is not None


def test_a_letter_is_a_pdf_and_a_slip_that_comes_last(tmp_path, message):
    provider = made("print", "letter", folder=str(tmp_path), sender="样例小贷")
    letter = message('第一段。\n第二段 #panic("x") $x$', to="样例路 1 号", channel="letter", subject="逾期提醒")
    assert [one.state for one in provider.send([letter, letter], yes)] == ["sent", "sent"]
    slip = json.loads((tmp_path / f"{letter.key}.json").read_text())
    pdf = (tmp_path / f"{letter.key}.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert slip["sha256"] == hashlib.sha256(pdf).hexdigest()
    assert slip["to"] == "样例路 1 号"
    assert not list(tmp_path.glob("*.part"))
    (tmp_path / f"{letter.key}.returned").write_text("moved away")
    (told,) = provider.news("")[0]
    assert (told.attempt_id, told.result, told.detail) == (letter.key, "undelivered", "moved away")
    assert provider.query([letter.key, "b" * 32]).keys() == {letter.key}


def test_a_letter_without_its_folder_is_certainly_not_sent(tmp_path, message):
    provider = made("print", "letter", folder=str(tmp_path / "none"), sender="样例小贷")
    assert provider.send([message(channel="letter")], yes)[0].state == "refused"


@pytest.fixture
def sftp(tmp_path):
    (tmp_path / "post").mkdir()
    server = Sftp(tmp_path / "post")
    yield server
    server.close()


def by_sftp(sftp, hosts, **more):
    row = {
        "folder": "/",
        "sender": "样例小贷",
        "host": "127.0.0.1",
        "port": sftp.port,
        "user": "forbear",
        "timeout": 5,
    }
    return made("print", "letter", **row, known_hosts=str(hosts), **more)


def test_a_letter_goes_by_sftp_and_its_return_comes_back(tmp_path, sftp, message):
    provider = by_sftp(sftp, sftp.known_hosts(tmp_path / "hosts"))
    letter = message("第一段。", to="样例路 1 号", channel="letter", subject="逾期提醒")
    assert [one.state for one in provider.send([letter, letter], yes)] == ["sent", "sent"]
    names = sorted(one.name for one in (tmp_path / "post").iterdir())
    assert names == [f"{letter.key}.json", f"{letter.key}.pdf"]
    slip = json.loads((tmp_path / "post" / f"{letter.key}.json").read_text())
    assert slip["sha256"] == hashlib.sha256((tmp_path / "post" / f"{letter.key}.pdf").read_bytes()).hexdigest()
    (tmp_path / "post" / f"{letter.key}.returned").write_text("moved away")
    (told,) = provider.news("")[0]
    assert (told.attempt_id, told.result, told.detail) == (letter.key, "undelivered", "moved away")
    assert provider.query([letter.key, "b" * 32]).keys() == {letter.key}


def test_a_strange_host_a_wrong_password_or_a_full_disk_take_no_letter(tmp_path, sftp, message, monkeypatch):
    letter = message(channel="letter", to="样例路 1 号")
    stranger = by_sftp(sftp, sftp.known_hosts(tmp_path / "other", paramiko.ECDSAKey.generate()))
    unknown = by_sftp(sftp, (tmp_path / "none").write_text("") or tmp_path / "none")
    assert [one.send([letter], yes)[0].state for one in (stranger, unknown)] == ["refused", "refused"]
    known = sftp.known_hosts(tmp_path / "hosts")
    sftp.full = True
    assert by_sftp(sftp, known).send([letter], yes)[0].state == "refused"
    monkeypatch.setenv("S", "wrong")
    assert by_sftp(sftp, known).send([letter], yes)[0].state == "refused"
    assert not list((tmp_path / "post").iterdir())


# --- the registry -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "fax", "channel": "sms"}, "kind is 'fax'"),
        ({"kind": "http", "channel": "email", "url": "x"}, "channel is 'email'"),
        ({"kind": "http", "channel": "sms"}, "url is missing"),
        ({"kind": "http", "channel": "sms", "url": "x", "rate": 0}, "rate is 0"),
        ({"kind": "http", "channel": "sms", "url": "x", "secret": "plain"}, "a secret stands in the file"),
        ({"kind": "http", "channel": "sms", "url": "x", "secret_env": "NOT_SET"}, "NOT_SET is not set"),
    ],
)
def test_an_account_that_does_not_fit_is_refused_by_name(row, said):
    with pytest.raises(WrongUse, match=said):
        registry.made("x", row)


def test_every_kind_is_there_and_carries_its_channels():
    from django.utils.module_loading import import_string

    for kind in registry.kinds().values():
        assert import_string(kind["provider"]).__doc__
    assert {one for kind in registry.kinds().values() for one in kind["channels"]} == {
        *("sms", "email", "app_push", "chat", "voice", "letter", "call", "visit")
    }


# --- a provider of one's own --------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[3] / "docs" / "contact.md"


@pytest.fixture
def own_file(tmp_path, monkeypatch):
    """The file that docs/contact.md shows, where Python finds it."""
    code = PAGE.read_text("utf-8").partition("```python example_telecom.py\n")[2].partition("```")[0]
    (tmp_path / "example_telecom.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("example_telecom", None)


def test_the_provider_that_the_page_shows_sends_and_is_honest(own_file, message, tmp_path):
    with HttpProvider(log=tmp_path / "log.jsonl") as far:
        own = made("example_telecom.ExampleTelecom", "sms", url=far.url)
        (told,) = own.send([message("您好")], yes)
        assert told.state == "sent"
        (held,) = own.send([message("再见")], lambda: False)
        assert (held.state, held.why) == ("not_sent", "stopped")
        own.close()
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1
    with HttpProvider(log=tmp_path / "lost.jsonl", manners=Manners(loses_answer=1)) as far:
        own = made("example_telecom.ExampleTelecom", "sms", url=far.url)
        assert own.send([message("在吗")], yes)[0].state == "unknown"
        own.close()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("example_telecom.Nobody", "cannot be imported"),
        ("no_such_module.Thing", "cannot be imported"),
        ("pathlib.Path", "is no provider"),
        ("forbear.desk.contact.channels.base.Provider", "is no provider"),
    ],
)
def test_a_class_that_is_no_provider_is_refused_by_name(own_file, kind, said):
    with pytest.raises(WrongUse, match=said):
        made(kind, "sms", url="https://sms.example.com")


def test_a_class_of_ones_own_carries_its_own_channels_alone(own_file):
    with pytest.raises(WrongUse, match="channel is 'email'"):
        made("example_telecom.ExampleTelecom", "email", url="https://sms.example.com")
