"""Where the records of a file begin and end.

A record says its length in its descriptor word, a block of records in the word before it; software in use gets either
wrong, writes one record a line, or both. So a length is believed where what follows it looks like the next record, a
line break or the end of the file; else the record ends at the next line break. Nothing is lost whichever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from forbear.basics.errors import UnreadableFile
from forbear.recovery.bureau.metro2.file import Form

BREAKS = "\r\n\x85\x1a"
"""Line breaks of both encodings, and the end-of-file mark of old systems."""
_WORD = 4
_TIME = re.compile(r"(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(19|20)\d{2}")
_PACKED_LENGTHS = range(366, 32768)


@dataclass(frozen=True)
class Frame:
    """One record's characters: its block descriptor (may be empty), the record, what stands behind it."""

    kind: str
    block: str
    text: str
    after: str
    start: int


def form_of(raw: bytes) -> Form:
    """The form that a file is in, told from its first record.

    Raises:
        UnreadableFile: it is empty, or nothing in it looks like a Metro 2 record.
    """
    if not raw.strip():
        raise UnreadableFile("the file is empty", "give a Metro 2 file")
    for encoding in ("ascii", "ebcdic"):
        form = Form(encoding=encoding)
        text = raw.decode(form.codec).lstrip(BREAKS)
        packed = text[2:4] == "\0\0" or text[6:8] == "\0\0"
        if packed and kind_at(text, 0, packed=True):
            return Form(packed=True, encoding=encoding)
        if kind_at(text, 0, packed=False):
            return form
    if b"HEADER" in raw[:64] or b"TRAILER" in raw:
        return Form()
    raise UnreadableFile(
        "this does not look like a Metro 2 file: no header, base segment or trailer at its start",
        "a record begins with its length in four characters, then HEADER, TRAILER or the base segment's 1",
    )


def frames(text: str, form: Form) -> Iterator[Frame]:
    """The records of a file's characters, in order; together they are all of the text from the first on."""
    at = _breaks(text, 0)
    while at < len(text):
        found = kind_at(text, at, packed=form.packed)
        kind, prefix = found or ("unknown", 0)
        end = _end(text, at, prefix, form) if found else _line(text, at, form)
        after = _breaks(text, end)
        yield Frame(kind, text[at : at + prefix], text[at + prefix : end], text[end:after], at)
        at = after


def kind_at(text: str, at: int, *, packed: bool) -> tuple[str, int] | None:
    """(kind, characters of block descriptor) of the record that begins here; None if none does."""
    for prefix in (0, _WORD):
        own = at + prefix
        words = own + _WORD
        if not (_packed_words(text, at, prefix) if packed else _plain_words(text, at, words)):
            continue
        if text.startswith("HEADER", words):
            return "header", prefix
        if text.startswith("TRAILER", words):
            return "trailer", prefix
        if packed and text[words : words + 1] in {"0", "1"}:
            return "base", prefix
        if not packed and text[words : words + 1] == "1" and _TIME.match(text, words + 1):
            return "base", prefix
    return None


def _plain_words(text: str, at: int, words: int) -> bool:
    """Whether what stands for descriptors in characters has no line break in it."""
    return not any(one in BREAKS for one in text[at:words])


def _packed_words(text: str, at: int, prefix: int) -> bool:
    """Whether packed descriptors stand here: a length and two zero bytes each."""
    return all(
        text[word + 2 : word + 4] == "\0\0"
        and len(text) >= word + 4
        and (ord(text[word]) << 8) + ord(text[word + 1]) in _PACKED_LENGTHS
        for word in range(at, at + prefix + 1, _WORD)
    )


def _end(text: str, at: int, prefix: int, form: Form) -> int:
    """Where the record ends: by its own length, by its block's, at the line's end."""
    told = [at + prefix + length_of(text[at + prefix : at + prefix + _WORD], form)]
    if prefix:
        told.append(at + length_of(text[at : at + _WORD], form))
    for end in told:
        if end > at + prefix + _WORD and end <= len(text) and _may_follow(text, end, form):
            return end
    return _line(text, at, form)


def _may_follow(text: str, end: int, form: Form) -> bool:
    if end == len(text) or kind_at(text, end, packed=form.packed):
        return True
    after = _breaks(text, end)
    return after > end and (after == len(text) or not form.packed or bool(kind_at(text, after, packed=True)))


def _line(text: str, at: int, form: Form) -> int:
    """The next line break; in a packed file the next place where a record begins."""
    if form.packed:
        return next(
            (end for end in range(at + 1, len(text)) if kind_at(text, end, packed=True) and text[end] != "\0"),
            len(text),
        )
    found = re.compile(f"[{re.escape(BREAKS)}]").search(text, at)
    return found.start() if found else len(text)


def _breaks(text: str, at: int) -> int:
    while at < len(text) and text[at] in BREAKS:
        at += 1
    return at


def length_of(word: str, form: Form) -> int:
    """The number of a descriptor word; 0 if it is none."""
    if form.packed:
        return (ord(word[0]) << 8) + ord(word[1]) if len(word) == _WORD else 0
    return int(word) if word.isascii() and word.isdigit() else 0
