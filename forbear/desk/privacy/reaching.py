"""Addresses for the machine that reaches borrowers, and borrowers by the address that wrote back; nobody is shown them.

The dispatcher alone asks, within the contact that the gate allowed: that contact is the record of the use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from forbear.basics.errors import WrongUse
from forbear.desk.privacy.checking import normal
from forbear.desk.privacy.fields import FIELDS
from forbear.desk.privacy.keys import Erased, Unreadable, open_sealed, opened, search_hash
from forbear.desk.privacy.models import PersonalValue


class Address(NamedTuple):
    """A borrower's own address: the value in the clear, and what stands for it in contacts and facts."""

    value: str
    pseudonym: str | None


def addresses_of(borrower_ids: Iterable[str], field: str) -> dict[str, Address]:
    """The first own address of each borrower: her phone (a mobile before others), e-mail or postal address.

    Who has none, or whose values were erased, is not in it.
    """
    rows = PersonalValue.objects.filter(borrower_id__in=list(borrower_ids), field=field).values_list(
        "borrower_id", "label", "position", "sealed", "pseudonym"
    )
    first: dict[str, tuple[tuple[int, int], bytes, str | None]] = {}
    for borrower_id, label, position, sealed, pseudonym in rows:
        order = (FIELDS[field].labels.index(label) if label in FIELDS[field].labels else 99, position)
        if borrower_id not in first or order < first[borrower_id][0]:
            first[borrower_id] = (order, bytes(sealed), pseudonym)
    opened(int.from_bytes(sealed[1:9], "big") for _, sealed, _ in first.values())  # one query for all the keys
    found = {}
    for borrower_id, (_, sealed, pseudonym) in first.items():
        try:
            found[borrower_id] = Address(open_sealed(sealed, f"personal.{field}"), pseudonym)
        except (Erased, Unreadable):
            continue
    return found


def owners_of(field: str, value: str) -> list[str]:
    """The borrowers who have this value as their own in this field, by id; none if it is no such value."""
    try:
        hashed = search_hash(FIELDS[field].kind, normal(field, value))
    except WrongUse:
        return []
    return list(
        PersonalValue.objects.filter(hash=hashed, field=field)
        .order_by("borrower_id")
        .values_list("borrower_id", flat=True)
        .distinct()
    )
