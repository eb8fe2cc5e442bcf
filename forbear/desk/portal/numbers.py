"""Receipt numbers: short enough to be read out on the phone, too many to be guessed."""

from __future__ import annotations

from secrets import choice

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, which people mistake for others. Twelve of them are 60 bits."""


def new_number() -> str:
    """A number such as `7K2M-4TQX-9D3R`."""
    signs = "".join(choice(LETTERS) for _ in range(12))
    return "-".join((signs[:4], signs[4:8], signs[8:]))


def plain(number: str) -> str:
    """A number without its dashes, as providers take it for an order's."""
    return number.replace("-", "")


def grouped(number: str) -> str:
    """The number as people read it, from letters and digits alone; anything else stays as it is."""
    return "-".join((number[:4], number[4:8], number[8:])) if len(number) == 12 and number.isalnum() else number
