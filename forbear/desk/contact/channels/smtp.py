"""E-mail over SMTP; bounces and answers come back into a Maildir.

Each message has an envelope sender of its own (`bounce+KEY@domain`) and the key in its Message-ID, so that a bounce
(RFC 3464, a multipart/report) names the attempt whatever the far end kept of it. A message is refused or not by what
the server says to its envelope; once its text is handed over, only the server's word ends the doubt.
"""

from __future__ import annotations

import email
import mailbox
import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.message import Message as Mail
from email.utils import format_datetime, parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar

from forbear.desk.contact.channels.base import (
    NOT_SENT,
    REFUSED,
    SENT,
    UNKNOWN,
    Account,
    Answer,
    Go,
    Message,
    News,
    Outcome,
    Provider,
)

SUBJECTS = {"zh-hans": "关于您的贷款", "en": "About your loan"}
"""What an e-mail is called whose words have no subject."""
KEY = re.compile(r"(?:bounce\+|<)([0-9a-f]{32})@")
QUOTES = re.compile(r"On .+ wrote:|-+ ?(原始邮件|Original Message) ?-+|在.+写道[:：]")
"""Lines that begin what an answer quotes."""
MOST = 500


class Smtp(Provider):
    """A mail server."""

    address: ClassVar[str] = "email"
    longest: ClassVar[int] = 100_000
    needs: ClassVar[tuple[str, ...]] = ("host", "port", "sender", "domain")

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._server: smtplib.SMTP | None = None

    def send(self, messages: Sequence[Message], go: Go) -> list[Outcome]:
        """Hand messages over one after the other, on one connection."""
        told = []
        for one in messages:
            try:
                server = self._connected()
            except (OSError, smtplib.SMTPException) as no:
                told.append(Outcome(one.key, REFUSED, why=f"no_connection_{type(no).__name__}"))
                self._drop()
                continue
            told.append(self._sent(server, one) if go() else Outcome(one.key, NOT_SENT, why="stopped"))
        return told

    def _sent(self, server: smtplib.SMTP, message: Message) -> Outcome:
        try:
            code, _ = server.mail(f"bounce+{message.key}@{self.account.options['domain']}")
            if code == 250:
                code, _ = server.rcpt(message.address)
            if code not in (250, 251):
                server.rset()
                return Outcome(message.key, REFUSED, why=f"smtp_{code}", permanent=500 <= code < 600)
            code, _ = server.docmd("DATA")
            if code != 354:
                self._drop()
                return Outcome(message.key, REFUSED, why=f"smtp_{code}")
        except (OSError, smtplib.SMTPException) as no:
            self._drop()
            return Outcome(message.key, REFUSED, why=type(no).__name__)
        return self._text(server, message)

    def _text(self, server: smtplib.SMTP, message: Message) -> Outcome:
        """The text itself: from here on it may have left."""
        raw = re.sub(rb"(?m)^\.", b"..", self.mail(message).as_bytes(policy=policy.SMTP))
        try:
            server.send(raw + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            code, said = server.getreply()
        except (OSError, smtplib.SMTPException) as who_knows:
            self._drop()
            return Outcome(message.key, UNKNOWN, why=type(who_knows).__name__)
        if code == 250:
            return Outcome(message.key, SENT, said.decode(errors="replace")[:100])
        return Outcome(message.key, REFUSED, why=f"smtp_{code}", permanent=500 <= code < 600)

    def mail(self, message: Message) -> EmailMessage:
        """The e-mail as it is sent."""
        options, words = self.account.options, message.words
        made = EmailMessage()
        made["From"], made["To"] = options["sender"], message.address
        made["Subject"] = words.subject or SUBJECTS.get(words.language, SUBJECTS["en"])
        made["Date"] = format_datetime(message.cleared.act.at)
        made["Message-ID"] = f"<{message.key}@{options['domain']}>"
        made["Auto-Submitted"] = "auto-generated"
        made["Content-Language"] = "zh-Hans" if words.language == "zh-hans" else words.language
        if stop := options.get("unsubscribe"):
            made["List-Unsubscribe"] = f"<{stop}>"
        made.set_content("\n\n".join(words.lines) if words.lines else words.body)
        return made

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self._server.noop()[0] == 250:
                    return self._server
            self._drop()
        options, timeout = self.account.options, self.account.timeout
        tls = options.get("tls", "starttls")
        if tls == "implicit":
            context = ssl.create_default_context()
            self._server = smtplib.SMTP_SSL(options["host"], options["port"], timeout=timeout, context=context)
        else:
            self._server = smtplib.SMTP(options["host"], options["port"], timeout=timeout)
            self._server.ehlo_or_helo_if_needed()
            if tls == "starttls":
                self._server.starttls(context=ssl.create_default_context())
        if user := options.get("user"):
            self._server.login(user, self.account.secret)
        self._server.ehlo_or_helo_if_needed()
        return self._server

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with suppress(OSError, smtplib.SMTPException):
                server.close()

    def news(self, cursor: str) -> tuple[Sequence[News | Answer], str]:
        """Bounces and answers that lie in the Maildir; each is read once, and marked as seen when it was taken.

        The cursor is the name of the last one read: names of a Maildir rise with time within the second, and news told
        twice is taken once.
        """
        where = self.account.options.get("maildir")
        if not where or not Path(where).is_dir():
            return (), cursor
        box = mailbox.Maildir(where, create=False)
        names = sorted(name for name in box.iterkeys() if name > cursor)[:MOST]
        found = [
            one
            for name in names
            for one in told(email.message_from_bytes(box.get_bytes(name), policy=policy.default), name)
        ]
        return found, names[-1] if names else cursor

    def close(self) -> None:
        """Say goodbye."""
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
        self._drop()


def told(mail: Mail, name: str) -> Iterator[News | Answer]:
    """What a mail in the box says: a bounce of ours, or an answer; `name` is its name there."""
    if mail.get_content_type() == "multipart/report":
        yield from _bounce(mail, name)
        return
    sender = parseaddr(str(mail.get("From", "")))[1]
    if not sender or str(mail.get("Auto-Submitted", "no")).lower() != "no":
        return  # an automatic answer is nobody's
    body: Any = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
    text = _without_quotes(str(body.get_content())) if body is not None else ""
    if text:
        yield Answer(str(mail.get("Message-ID", name)).strip("<> "), sender, text, _sent_at(mail))


def _bounce(mail: Mail, name: str) -> Iterator[News]:
    key = _key_of(mail)
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status" or not key:
            continue
        for block in part.get_payload():
            if isinstance(block, str) or "Action" not in block:
                continue
            result = {"failed": "bounced", "delivered": "delivered"}.get(str(block["Action"]).strip().lower())
            if result:
                status = str(block.get("Status", "")).strip()
                yield News(f"dsn:{name}", result, attempt_id=key, at=_sent_at(mail), detail=status[:20])


def _key_of(mail: Mail) -> str:
    """The attempt's id, from where the bounce was sent to, or from the headers it gives back."""
    for header in ("To", "Delivered-To", "X-Original-To"):
        if found := KEY.search(str(mail.get(header, ""))):
            return found[1]
    for part in mail.walk():
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            held = part.get_payload()
            text = held[0].as_string() if isinstance(held, list) else str(held)
            if found := re.search(r"(?im)^message-id:\s*<([0-9a-f]{32})@", text):
                return found[1]
    return ""


def _without_quotes(text: str) -> str:
    """A message without what it quotes below."""
    kept = []
    for line in text.splitlines():
        if line.startswith(">") or re.match(
            r"^(On .+ wrote:|-+ ?原始邮件 ?-+|-+ ?Original Message ?-+|在.+写道[:：])", line
        ):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def _sent_at(mail: Mail) -> datetime:
    """When it was sent; of a mail that does not say so, 1970."""
    with suppress(ValueError, TypeError):
        at = parsedate_to_datetime(str(mail["Date"]))
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)
