"""A small SMSC on loopback, written from SMPP 3.4's tables and nothing of the client's: it keeps what it got."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

BIND, UNBIND, SUBMIT, DELIVER, ENQUIRE = 0x09, 0x06, 0x04, 0x05, 0x15
RESP = 0x80000000
MESSAGE_PAYLOAD, SAR_REF, SAR_TOTAL, SAR_SEQ = 0x0424, 0x020C, 0x020E, 0x020F


class Smsc:
    """Accepts one client after the other; `status` answers submits, `silent` does not, `hangs_up` ends the line."""

    def __init__(self):
        self.got: list[dict] = []
        self.status, self.silent, self.hangs_up, self.binds, self.enquired = 0, False, False, 0, 0
        self.later: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.line: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.socket.close()
        self.drop()

    def drop(self):
        if self.line:
            with suppress(OSError):
                self.line.shutdown(socket.SHUT_RDWR)

    def _serve(self):
        with suppress(OSError):
            while True:
                self.line, _ = self.socket.accept()
                with suppress(OSError, struct.error):
                    self._talk(self.line)
                self.line.close()

    def _talk(self, line):
        while head := self._exactly(line, 16):
            length, command, _, sequence = struct.unpack(">LLLL", head)
            body = self._exactly(line, length - 16) if length > 16 else b""
            if command == BIND:
                self.binds += 1
                self._say(line, BIND | RESP, 0, sequence, b"smsc\0")
            elif command == ENQUIRE:
                self.enquired += 1
                self._say(line, ENQUIRE | RESP, 0, sequence)
            elif command == UNBIND:
                self._say(line, UNBIND | RESP, 0, sequence)
                return
            elif command == SUBMIT:
                self.got.append(parsed(body))
                if self.hangs_up:
                    return
                if not self.silent:
                    ref = b"" if self.status else b"m%d\0" % len(self.got)
                    self._say(line, SUBMIT | RESP, self.status, sequence, ref)
            for one in self.later:
                self._say(line, DELIVER, 0, 900 + len(one), one)
            self.later.clear()

    def _exactly(self, line, count):
        raw = b""
        while len(raw) < count:
            part = line.recv(count - len(raw))
            if not part:
                return b""
            raw += part
        return raw

    def _say(self, line, command, status, sequence, body=b""):
        line.sendall(struct.pack(">LLLL", 16 + len(body), command, status, sequence) + body)

    def receipt(self, ref: str, stat: str):
        """Tell of a message with the next answer."""
        dates = "submit date:2606300200 done date:2606300201"
        text = f"id:{ref} sub:001 dlvrd:001 {dates} stat:{stat} err:000 text:"
        self.later.append(delivered("8613900000001", text.encode(), esm_class=0x04))

    def answer(self, sender: str, text: str):
        """A borrower writes."""
        self.later.append(delivered(sender, text.encode("utf-16-be"), coding=8))


def delivered(sender: str, text: bytes, *, esm_class: int = 0, coding: int = 0) -> bytes:
    addresses = b"\0\1\1" + sender.encode() + b"\0" + b"\1\1" + b"10690000\0"
    return addresses + bytes((esm_class, 0, 0)) + b"\0\0" + bytes((0, 0, coding, 0, len(text))) + text


def parsed(body: bytes) -> dict:
    """A submit_sm by its table (SMPP 3.4, 4.4.1)."""
    found = {}
    _service, body = body.split(b"\0", 1)
    body = body[2:]
    source, body = body.split(b"\0", 1)
    body = body[2:]
    to, body = body.split(b"\0", 1)
    esm_class, body = body[0], body[3:]
    _schedule, body = body.split(b"\0", 1)
    _validity, body = body.split(b"\0", 1)
    registered, coding, length, rest = body[0], body[2], body[4], body[5:]
    found |= {"source": source.decode(), "to": to.decode(), "esm_class": esm_class, "registered": registered}
    found |= {"coding": coding, "text": rest[:length]}
    rest = rest[length:]
    while rest:
        tag, size = struct.unpack(">HH", rest[:4])
        found[tag] = rest[4 : 4 + size]
        rest = rest[4 + size :]
    return found
