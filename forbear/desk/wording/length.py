"""How long a text is on its channel, in how many parts a text message goes out, and what that costs.

A text message is sent in GSM 7-bit letters where all of its characters have one (some count twice), else in UCS-2,
where one outside the basic plane (most emoji) counts twice. One part holds 160 or 70; of several each holds 153 or 67,
and a doubled character is not split (3GPP TS 23.038 and 23.040).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("\f^{}\\[~]|€")
SINGLE = {"GSM-7": 160, "UCS-2": 70}
JOINED = {"GSM-7": 153, "UCS-2": 67}
COSTS = {"sms": Decimal("0.05"), "email": Decimal("0.001"), "app_push": Decimal(0), "chat": Decimal("0.01")}
COSTS |= {"letter": Decimal("2.00"), "voice": Decimal("0.12"), "call": Decimal(0)}
"""What one part costs in the lender's currency, for previews; the outbox counts what providers really charge."""
MOST = {"sms": 10, "app_push": 4_000, "chat": 4_000, "voice": 1_000}
"""More than so many parts (sms) or characters a channel does not carry."""


@dataclass(frozen=True)
class Length:
    """The length of a text on a channel: characters, encoding and parts of a text message, cost, whether it fits."""

    characters: int
    encoding: str
    parts: int
    cost: Decimal
    fits: bool


def length(text: str, channel: str) -> Length:
    """The length of a text on a channel."""
    if channel != "sms":
        fits = len(text) <= MOST.get(channel, 100_000)
        return Length(len(text), "", 1, COSTS.get(channel, Decimal(0)), fits)
    gsm = all(char in _GSM or char in _GSM_TWICE for char in text)
    encoding = "GSM-7" if gsm else "UCS-2"
    sizes = [(2 if char in _GSM_TWICE else 1) if gsm else (2 if ord(char) > 0xFFFF else 1) for char in text]
    parts = 1 if sum(sizes) <= SINGLE[encoding] else _parts(sizes, JOINED[encoding])
    return Length(sum(sizes), encoding, parts, COSTS["sms"] * parts, parts <= MOST["sms"])


def _parts(sizes: Iterable[int], room: int) -> int:
    parts, left = 1, room
    for size in sizes:
        if size > left:
            parts, left = parts + 1, room
        left -= size
    return parts
