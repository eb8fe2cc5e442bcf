"""The sum that a promise names: £20, $1,200.50, 500块, 五百, 两千五, 1.5万, Rs 5000, 40 quid.

A bare number counts only beside a word of paying, so that "the 15th" and a phone number are no sums. Chinese numbers
may end short as people say them (一千二 is 1,200, 两千五 is 2,500).
"""

from __future__ import annotations

import re
from decimal import Decimal

_DIGIT = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3}
_UNIT = {"十": 10, "百": 100, "千": 1000}
_CURRENCY = {
    "£": "GBP",
    "quid": "GBP",
    "pounds": "GBP",
    "pound": "GBP",
    "$": "USD",
    "dollars": "USD",
    "dollar": "USD",
    "bucks": "USD",
    "¥": "CNY",
    "￥": "CNY",
    "块": "CNY",
    "块钱": "CNY",
    "元": "CNY",
    "元钱": "CNY",
    "rmb": "CNY",
    "rs": "INR",
    "rs.": "INR",
    "₹": "INR",
    "rupees": "INR",
    "€": "EUR",
    "euros": "EUR",
    "euro": "EUR",
}
_AMOUNT = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?"
_HAN = "[零〇一二两三四五六七八九十百千万]+"
_BEFORE = re.compile(rf"([£$¥￥₹€]|\brs\.?) ?({_AMOUNT})(k\b|万)?", re.IGNORECASE)
_AFTER = re.compile(
    rf"(?<![\d.])({_AMOUNT})(万|k)? ?(块钱|块|元钱|元|rmb|quid|pounds?|dollars?|bucks|rupees|euros?|£|€)(?![a-z])",
    re.IGNORECASE,
)
_HAN_AFTER = re.compile(rf"({_HAN})(块钱|块|元钱|元)")
_PAID_HAN = re.compile(
    rf"(?:还|付|转|打|俾|先还|转给你|打给你|缴)(?:你|款|钱)?({_HAN})"
    r"(?!天|号|日|个|周|次|期|月|年|点|半|会|定|下|起|些|分|家)"
)
_PAID = re.compile(
    rf"(?:pay|paying|send|transfer|get|put|remit|payment of|还|付|转|转给你|先还)(?: you)? ?({_AMOUNT})(万)?"
    r"(?![\d.]*(?:st|nd|rd|th|号|日|天|%|期|次|am|pm|个|月|年|点| ?days?| ?weeks?| ?hours?))",
    re.IGNORECASE,
)


def han_number(text: str) -> int:
    """A number in Chinese or plain digits.

    Raises:
        ValueError: it is none.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    total, section, digit, last = 0, 0, 0, 1
    for char in text:
        if char.isascii() and char.isdigit():
            digit = digit * 10 + int(char)
        elif char in _DIGIT:
            digit, last = _DIGIT[char], (1 if char in "零〇" else last)
        elif char in _UNIT:
            section += (digit or 1) * _UNIT[char]
            digit, last = 0, _UNIT[char]
        elif char == "万":
            total += (section + digit or 1) * 10_000
            section, digit, last = 0, 0, 10_000
        else:
            raise ValueError(f"{text!r} is no number")
    return total + section + digit * (last // 10 if last > 10 else 1)


def sum_in(text: str) -> tuple[Decimal | None, str | None]:
    """The sum that a text names and its currency; of several the first. None where it is not said."""
    if match := _BEFORE.search(text):
        return _scaled(match[2], match[3]), _CURRENCY[match[1].lower()]
    if match := _AFTER.search(text):
        return _scaled(match[1], match[2]), _CURRENCY[match[3].lower()]
    if match := _HAN_AFTER.search(text):
        return _positive(Decimal(han_number(match[1]))), "CNY"
    if match := _PAID.search(text):
        return _scaled(match[1], match[2]), None
    if (match := _PAID_HAN.search(text)) and any(unit in match[1] for unit in "百千万"):
        return _positive(Decimal(han_number(match[1]))), "CNY"
    return None, None


def _scaled(number: str, unit: str | None) -> Decimal | None:
    scale = {"万": 10_000, "k": 1_000}.get((unit or "").lower(), 1)
    return _positive(Decimal(number.replace(",", "")) * scale)


def _positive(amount: Decimal) -> Decimal | None:
    return amount if amount > 0 else None
