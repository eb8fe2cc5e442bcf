"""Text messages over SMPP 3.4 (smpplib): bound as a transceiver, several messages on their way at once.

Long messages go as parts with a header (`long = "udh"`, the default), with the SAR parameters (`"sar"`) or whole in
message_payload (`"payload"`). A message is sent when all its parts were taken, refused when the first was refused and
none was taken; anything in between is unknown, since part of it left. SMPP has no idempotency key: what was not
answered stays unknown until its receipt comes. Receipts and answers come as deliver_sm on the same connection.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from smpplib import consts, exceptions
from smpplib.client import Client

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
from forbear.desk.contact.channels.text_parts import next_reference, split, with_headers
from forbear.desk.contact.words import Words

WINDOW = 20
"""Messages on their way at once."""
ENQUIRE_SECONDS = 30.0
"""Silence after which the connection is asked whether it still lives."""
FOR_NOW = frozenset(
    (
        consts.SMPP_ESME_RTHROTTLED,
        consts.SMPP_ESME_RMSGQFUL,
        consts.SMPP_ESME_RSYSERR,
        consts.SMPP_ESME_RSUBMITFAIL,
        consts.SMPP_ESME_RINVBNDSTS,
    )
)
"""Refusals that another provider, or another time, may not make."""
RESULTS = {
    "DELIVRD": "delivered",
    "UNDELIV": "undelivered",
    "EXPIRED": "undelivered",
    "DELETED": "undelivered",
    "REJECTD": "undelivered",
    "ACCEPTD": "sent",
    "ENROUTE": "sent",
}
MESSAGE_STATES = {
    1: "sent",
    2: "delivered",
    3: "undelivered",
    4: "undelivered",
    5: "undelivered",
    6: "sent",
    8: "undelivered",
}
"""message_state of a receipt (SMPP 3.4, 5.2.28)."""
RECEIPT_MASK, RECEIPT_BIT = 0x3C, 0x04
"""Of esm_class: the bits that tell a message's type, and the type of a receipt (SMPP 3.4, 5.2.12)."""
RECEIPT = re.compile(r"id:(?P<id>\S+).*?stat:(?P<stat>[A-Z]{7})(?:.*?err:(?P<err>\w+))?", re.I | re.S)
"""The text of a receipt (SMPP 3.4, appendix B)."""


@dataclass
class _OnItsWay:
    """A message some of whose parts are not answered yet."""

    key: str
    parts: int
    open: set[int] = field(default_factory=set)
    refs: list[str] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)

    def outcome(self) -> Outcome:
        ref = self.refs[-1] if self.refs else ""
        if len(self.refs) == self.parts:
            return Outcome(self.key, SENT, ref, parts=self.parts)
        if self.errors and not self.refs and not self.open:
            code = self.errors[0]
            return Outcome(
                self.key, REFUSED, why=f"smpp_{code:#x}", permanent=code not in FOR_NOW, parts=self.parts
            )
        return Outcome(
            self.key, UNKNOWN, ref, why="part_of_it_left" if self.refs else "no_answer", parts=self.parts
        )


class Smpp(Provider):
    """An SMSC."""

    needs: ClassVar[tuple[str, ...]] = ("host", "port", "system_id")
    longest: ClassVar[int] = 1_000

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._client: Client | None = None
        self._waiting: dict[int, _OnItsWay] = {}
        self._news: list[News | Answer] = []
        self._heard = 0.0

    def send(self, messages: Sequence[Message], go: Go) -> list[Outcome]:
        """Hand messages over, `WINDOW` of them at a time."""
        told: list[Outcome] = []
        for start in range(0, len(messages), WINDOW):
            told += self._window(messages[start : start + WINDOW], go)
        return told

    def _window(self, some: Sequence[Message], go: Go) -> list[Outcome]:
        try:
            client = self._bound()
        except (exceptions.ConnectionError, exceptions.PDUError, OSError) as no:
            return [Outcome(one.key, REFUSED, why=f"no_bind_{type(no).__name__}") for one in some]
        sent: list[_OnItsWay] = []
        left: list[Outcome] = []
        for one in some:
            if self._client is None:
                left.append(Outcome(one.key, REFUSED, why="connection_gone"))
            elif not go():
                left.append(Outcome(one.key, NOT_SENT, why="stopped"))
            else:
                sent.append(self._submit(client, one))
        self._answers(client)
        return left + [one.outcome() for one in sent]

    def _submit(self, client: Client, message: Message) -> _OnItsWay:
        bodies = self._pdus(message)
        way = _OnItsWay(message.key, len(bodies))
        for given in bodies:
            try:
                pdu = client.send_message(**self._addressed(message.address), **given)
            except (exceptions.ConnectionError, OSError):
                way.open.add(-1)  # perhaps it left before the connection broke
                self._drop()
                break
            way.open.add(pdu.sequence)
            self._waiting[pdu.sequence] = way
        return way

    def _pdus(self, message: Message) -> list[dict[str, Any]]:
        parts, coding = split(message.words.body)
        common = {"data_coding": coding, "registered_delivery": True}
        if len(parts) == 1:
            return [{**common, "short_message": parts[0]}]
        match self.account.options.get("long", "udh"):
            case "payload":
                return [{**common, "short_message": b"", "message_payload": b"".join(parts)}]
            case "sar":
                reference = next_reference()
                return [
                    {
                        **common,
                        "short_message": part,
                        "sar_msg_ref_num": reference,
                        "sar_total_segments": len(parts),
                        "sar_segment_seqnum": number,
                    }
                    for number, part in enumerate(parts, start=1)
                ]
            case _:
                joined = {**common, "esm_class": consts.SMPP_GSMFEAT_UDHI}
                return [{**joined, "short_message": part} for part in with_headers(parts)]

    def _addressed(self, phone: str) -> dict[str, Any]:
        source = str(self.account.options.get("source", ""))
        return {
            "source_addr_ton": consts.SMPP_TON_INTL if source.isdigit() else consts.SMPP_TON_ALNUM,
            "source_addr_npi": consts.SMPP_NPI_ISDN,
            "source_addr": source,
            "dest_addr_ton": consts.SMPP_TON_INTL,
            "dest_addr_npi": consts.SMPP_NPI_ISDN,
            "destination_addr": phone.lstrip("+"),
        }

    def _answers(self, client: Client) -> None:
        """Read until every part is answered, or the provider's time is over; what is not answered then is unknown."""
        until = time.monotonic() + self.account.timeout
        while self._waiting and self._client is client and time.monotonic() < until:
            self._read(client)
        self._waiting.clear()  # an answer that comes later finds no message: its receipt will tell

    def _read(self, client: Client) -> None:
        try:
            client.read_once(auto_send_enquire_link=False)
            self._heard = time.monotonic()
        except TimeoutError:
            return
        except (exceptions.ConnectionError, exceptions.PDUError, OSError):
            self._drop()

    def _bound(self) -> Client:
        """The connection, made anew where there is none or it is dead.

        Raises:
            ConnectionError, PDUError: of smpplib; it cannot be had.
        """
        if self._client is not None and time.monotonic() - self._heard > ENQUIRE_SECONDS:
            self._enquire(self._client)
        if self._client is None:
            options = self.account.options
            client = Client(options["host"], options["port"], timeout=1.0, allow_unknown_opt_params=True)
            client.set_message_sent_handler(lambda pdu: self._answered(pdu, pdu.message_id))
            client.set_error_pdu_handler(self._refused)
            client.set_message_received_handler(self._received)
            try:
                client.connect()
                client.bind_transceiver(system_id=options["system_id"], password=self.account.secret)
            except Exception:
                _close(client)
                raise
            self._client, self._heard = client, time.monotonic()
        return self._client

    def _enquire(self, client: Client) -> None:
        from smpplib import smpp

        try:
            client.send_pdu(smpp.make_pdu("enquire_link", client=client))
        except (exceptions.ConnectionError, OSError):
            self._drop()
            return
        self._read(client)
        if time.monotonic() - self._heard > ENQUIRE_SECONDS:
            self._drop()

    def _answered(self, pdu: Any, ref: bytes | None) -> None:
        way = self._waiting.pop(pdu.sequence, None)
        if way:
            way.open.discard(pdu.sequence)
            way.refs.append((ref or b"").decode(errors="replace").strip("\0"))

    def _refused(self, pdu: Any) -> None:
        way = self._waiting.pop(pdu.sequence, None)
        if way:
            way.open.discard(pdu.sequence)
            way.errors.append(int(pdu.status))

    def _received(self, pdu: Any) -> None:
        """A receipt, or a message of a borrower's."""
        raw = pdu.short_message or getattr(pdu, "message_payload", None) or b""
        text = raw.decode("utf-16-be" if pdu.data_coding == consts.SMPP_ENCODING_ISO10646 else "latin-1", "replace")
        now = datetime.now(UTC)
        ref = (getattr(pdu, "receipted_message_id", None) or b"").decode(errors="replace").strip("\0")
        state = getattr(pdu, "message_state", None)
        said = RECEIPT.search(text)
        if (pdu.esm_class or 0) & RECEIPT_MASK == RECEIPT_BIT or ref or said:
            ref = ref or (said["id"] if said else "")
            result = MESSAGE_STATES.get(state or 0) or RESULTS.get(said["stat"].upper() if said else "", "")
            if ref and result:
                code = (said["err"] or "") if said else ""
                self._news.append(News(f"dlr:{ref}:{result}", result, ref=ref, at=now, detail=code))
        else:
            sender = "+" + (pdu.source_addr or b"").decode(errors="replace").strip("\0").lstrip("+")
            self._news.append(Answer("", sender, text, now))

    def news(self, cursor: str) -> tuple[Sequence[News | Answer], str]:
        """What came on this connection since it was asked last."""
        with suppress(exceptions.ConnectionError, exceptions.PDUError, OSError):
            client = self._bound()
            with suppress(OSError, exceptions.ConnectionError, exceptions.PDUError):
                client.poll(auto_send_enquire_link=False)
                self._heard = time.monotonic()
        told, self._news = self._news, []
        return told, cursor

    def parts(self, words: Words) -> int:
        """Parts of the text."""
        return len(split(words.body).parts)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            _close(client)

    def close(self) -> None:
        """Unbind and let the connection go."""
        if self._client is not None:
            with suppress(exceptions.ConnectionError, exceptions.PDUError, OSError):
                self._client.unbind()
        self._drop()


def _close(client: Client) -> None:
    with suppress(OSError, socket.error):
        client.disconnect()
