"""The second check: something that she knows and a stranger with her link does not; few tries, one answer to all wrong.

Asked is the strongest that is on file: the last four signs of her identity number; without one, the last four digits of
her phone and the year she was born, as far as each is known. What is given and what is on file meet as keyed hashes,
compared in constant time. After `MOST_IN_A_ROW` wrong ones the door rests for an hour, after `MOST_IN_A_DAY` all her
links die: she asks for a new one. Whoever holds her phone can read its digits, which is why they never stand alone
where more is known.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from forbear.desk.audit.log import record
from forbear.desk.portal.links import take_back
from forbear.desk.portal.models import Door
from forbear.desk.privacy.keys import Key, current
from forbear.desk.privacy.reaching import addresses_of
from forbear.desk.record.models import Borrower

ACTOR = "borrower's page"
MOST_IN_A_ROW = 5
MOST_IN_A_DAY = 10
REST = timedelta(hours=1)
DAY = timedelta(days=1)


def asked_of(borrower_id: str) -> tuple[str, ...]:
    """What is asked: `identity`, or `phone` and `born`, as far as they are on file; nothing: she cannot come in."""
    return tuple(answers_of(borrower_id))


def fits(borrower_id: str, given: Mapping[str, str], at: datetime) -> bool:
    """Whether the second check fits; wrong ones are counted for the borrower, whichever link they came by."""
    with transaction.atomic():
        Door.objects.get_or_create(borrower_id=borrower_id)
        door = Door.objects.select_for_update().get(pk=borrower_id)
        if door.locked_until is not None and door.locked_until > at:
            record(ACTOR, "portal.check_locked", f"borrower:{borrower_id}")
            return False
        if _same(borrower_id, given):
            door.wrong, door.wrong_since, door.locked_until = 0, None, None
            door.save(update_fields=["wrong", "wrong_since", "locked_until"])
            return True
        _count(door, at)
    return False


def _count(door: Door, at: datetime) -> None:
    if door.wrong_since is None or door.wrong_since < at - DAY:
        door.wrong, door.wrong_since = 0, at
    door.wrong += 1
    if door.wrong % MOST_IN_A_ROW == 0:
        door.locked_until = at + REST
    door.save(update_fields=["wrong", "wrong_since", "locked_until"])
    record(ACTOR, "portal.check_wrong", f"borrower:{door.borrower_id}", times=door.wrong)
    if door.wrong >= MOST_IN_A_DAY:
        door.wrong, door.wrong_since = 0, None
        door.save(update_fields=["wrong", "wrong_since"])
        take_back(door.borrower_id, at, ACTOR)


def _same(borrower_id: str, given: Mapping[str, str]) -> bool:
    known, key = answers_of(borrower_id), current("search")
    right = [
        hmac.compare_digest(_hash(key, name, value), _hash(key, name, given.get(name, "")))
        for name, value in known.items()
    ]
    return bool(right) and all(right)


def _hash(key: Key, name: str, value: str) -> bytes:
    return key.digest(f"portal\0{name}\0{value.strip().upper()[:20]}")


def answers_of(borrower_id: str) -> dict[str, str]:
    """The right answers, by field: for the check itself, and for a sample desk that tells them."""
    identity = addresses_of([borrower_id], "identity_number").get(borrower_id)
    if identity:
        return {"identity": identity.value[-4:]}
    known = {}
    if phone := addresses_of([borrower_id], "phone").get(borrower_id):
        known["phone"] = phone.value[-4:]
    year = Borrower.objects.filter(pk=borrower_id).values_list("birth_year", flat=True).first()
    if year:
        known["born"] = str(year)
    return known
