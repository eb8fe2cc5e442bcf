"""A text message in parts, as the air carries it: GSM-7 or UCS-2, cut between characters.

A part of GSM-7 is 160 septets, 153 where there are several; of UCS-2 70 code units, 67 where there are several. A
character that takes two (an escape such as €, or one beyond the basic plane) is never cut in two. GSM 03.38, 03.40.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import NamedTuple

from smpplib import consts
from smpplib.gsm import gsm_encode

MOST_PARTS = 255
_reference = count(1)


class Parts(NamedTuple):
    """The parts of a message: their bytes without any header, and SMPP's data_coding."""

    parts: tuple[bytes, ...]
    coding: int


@lru_cache(maxsize=2_000)
def split(body: str) -> Parts:
    """Cut a body into parts.

    Raises:
        ValueError: it would be more than 255 parts.
    """
    gsm = _gsm(body)
    if gsm is not None:
        return Parts(_cut(gsm, 160, 153), consts.SMPP_ENCODING_DEFAULT)
    return Parts(_cut([one.encode("utf-16-be") for one in body], 140, 134), consts.SMPP_ENCODING_ISO10646)


def with_headers(parts: tuple[bytes, ...]) -> list[bytes]:
    """Parts of one message with the header that joins them again (UDH, 8-bit reference)."""
    reference = next(_reference) % 256
    head = b"\x05\x00\x03" + bytes((reference, len(parts)))
    return [head + bytes((number,)) + part for number, part in enumerate(parts, start=1)]


def next_reference() -> int:
    """A reference for the parts of one message, 16 bit (SAR)."""
    return next(_reference) % 65_536


def _gsm(body: str) -> list[bytes] | None:
    """Each character in GSM-7; None if one is not in its alphabet (smpplib takes a backtick for one)."""
    if "`" in body or "\x1b" in body:
        return None
    try:
        return [gsm_encode(one) for one in body]
    except UnicodeError:
        return None


def _cut(characters: list[bytes], alone: int, each: int) -> tuple[bytes, ...]:
    whole = b"".join(characters)
    if len(whole) <= alone:
        return (whole,)
    parts, part = [], b""
    for one in characters:
        if len(part) + len(one) > each:
            parts.append(part)
            part = b""
        part += one
    parts.append(part)
    if len(parts) > MOST_PARTS:
        raise ValueError(f"{len(parts)} parts, at most {MOST_PARTS}")
    return tuple(parts)
