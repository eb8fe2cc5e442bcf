"""Letters: a PDF and a slip of data for a print-and-post provider, put into its folder, here or by SFTP.

`KEY.pdf` and then `KEY.json` (to whom, how many pages, the PDF's fingerprint) are written under another name and moved
into place, so that the provider never sees half a letter; the slip comes last. A name that is there already is not
written again. The provider tells what became of it by moving in `KEY.posted` or `KEY.returned` (its text: a reason).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import ClassVar, Protocol

import paramiko

from forbear.basics.errors import ForbearError
from forbear.desk.contact.channels.base import (
    REFUSED,
    SENT,
    UNKNOWN,
    Answer,
    Go,
    Message,
    News,
    Outcome,
    Provider,
    one_by_one,
)
from forbear.recovery.letters import plain_letter

RESULTS = {".posted": "sent", ".returned": "undelivered"}


class Folder(Protocol):
    """Where letters are put."""

    def names(self) -> list[str]:
        """The names in it."""

    def put(self, name: str, raw: bytes) -> None:
        """Write a file whole or not at all."""

    def read(self, name: str) -> bytes:
        """What a file holds."""


class Here:
    """A folder of this machine."""

    def __init__(self, where: Path) -> None:
        self.where = where

    def names(self) -> list[str]:
        """The names in it."""
        return [one.name for one in self.where.iterdir()]

    def put(self, name: str, raw: bytes) -> None:
        """Write a file whole or not at all."""
        fresh = self.where / f".{name}.part"
        fresh.write_bytes(raw)
        fresh.rename(self.where / name)

    def read(self, name: str) -> bytes:
        """What a file holds."""
        return (self.where / name).read_bytes()


class There:
    """A folder behind SFTP."""

    def __init__(self, client: paramiko.SFTPClient, where: str) -> None:
        self.client, self.where = client, PurePosixPath(where)

    def names(self) -> list[str]:
        """The names in it."""
        return self.client.listdir(str(self.where))

    def put(self, name: str, raw: bytes) -> None:
        """Write a file whole or not at all."""
        fresh = str(self.where / f".{name}.part")
        self.client.putfo(BytesIO(raw), fresh)
        self.client.posix_rename(fresh, str(self.where / name))

    def read(self, name: str) -> bytes:
        """What a file holds."""
        with self.client.open(str(self.where / name)) as opened:
            raw: bytes = opened.read()
            return raw


class Print(Provider):
    """A print-and-post provider."""

    address: ClassVar[str] = "address"
    longest: ClassVar[int] = 20_000
    needs: ClassVar[tuple[str, ...]] = ("folder", "sender")

    def send(self, messages: Sequence[Message], go: Go) -> list[Outcome]:
        """Put letters into the folder one by one."""
        try:
            with self._folder() as folder:
                there = set(folder.names())
                return one_by_one(messages, go, lambda one: self._put(folder, there, one))
        except (OSError, paramiko.SSHException) as no:
            return [Outcome(one.key, REFUSED, why=f"no_folder_{type(no).__name__}") for one in messages]

    def _put(self, folder: Folder, there: set[str], message: Message) -> Outcome:
        slip_name = f"{message.key}.json"
        if slip_name in there:
            return Outcome(message.key, SENT, slip_name)
        try:
            pdf = self.pdf(message)
        except ForbearError as unfit:  # a character without a glyph, or no fonts here: nobody posts half a letter
            return Outcome(message.key, REFUSED, why=type(unfit).__name__)
        slip = {
            "id": message.key,
            "to": message.address,
            "pdf": f"{message.key}.pdf",
            "sha256": hashlib.sha256(pdf).hexdigest(),
        }
        try:
            folder.put(f"{message.key}.pdf", pdf)
        except (OSError, paramiko.SSHException) as no:
            return Outcome(message.key, REFUSED, why=type(no).__name__)  # without its slip nothing is posted
        try:
            folder.put(slip_name, json.dumps(slip, ensure_ascii=False).encode())
        except (OSError, paramiko.SSHException) as who_knows:
            return Outcome(message.key, UNKNOWN, why=type(who_knows).__name__)
        return Outcome(message.key, SENT, slip_name)

    def pdf(self, message: Message) -> bytes:
        """The letter: the archived document as it is, or the words of a template set as one."""
        words = message.words
        if words.document:
            return words.document
        language = "zh" if words.language == "zh-hans" else "en"
        lines = list(words.lines) or [one for one in words.body.split("\n") if one.strip()]
        sender, on = self.account.options["sender"], message.cleared.act.at.date()
        made = plain_letter([sender], [message.address], words.subject, lines, language, on, message.key[:12])
        return made.pdf

    def query(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """A letter whose slip lies in the folder, or was told of, has left; one without may yet be under way."""
        try:
            with self._folder() as folder:
                stems = {name.partition(".")[0] for name in folder.names() if not name.endswith((".pdf", ".part"))}
        except (OSError, paramiko.SSHException):
            return {}
        return {key: Outcome(key, SENT, f"{key}.json") for key in keys if key in stems}

    def news(self, cursor: str) -> tuple[Sequence[News | Answer], str]:
        """What the provider moved in."""
        try:
            with self._folder() as folder:
                return [*self._told(folder)], cursor
        except (OSError, paramiko.SSHException):
            return (), cursor

    def _told(self, folder: Folder) -> Iterator[News]:
        for name in sorted(folder.names()):
            key, dot, ending = name.rpartition(".")
            if result := RESULTS.get(dot + ending):
                reason = folder.read(name).decode(errors="replace").strip()[:100] if ending == "returned" else ""
                yield News(f"post:{name}", result, attempt_id=key, detail=reason)

    @contextmanager
    def _folder(self) -> Iterator[Folder]:
        options = self.account.options
        if not options.get("host"):
            yield Here(Path(options["folder"]))
            return
        with paramiko.SSHClient() as ssh:
            ssh.load_host_keys(str(options["known_hosts"]))  # a host that is not in it is refused
            ssh.connect(
                options["host"],
                int(options.get("port", 22)),
                options.get("user"),
                self.account.secret or None,
                key_filename=options.get("key_file"),
                timeout=self.account.timeout,
                allow_agent=False,
                look_for_keys=False,
            )
            with ssh.open_sftp() as client:
                yield There(client, options["folder"])
