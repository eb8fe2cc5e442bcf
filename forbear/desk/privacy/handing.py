"""Whether an identity number is that of a borrower whom the desk knows: asked by whoever takes an application."""

from __future__ import annotations

from django.db import connection

from forbear.basics.errors import WrongUse
from forbear.desk.privacy.checking import normal
from forbear.desk.privacy.fields import FIELDS
from forbear.desk.privacy.keys import search_hash
from forbear.desk.privacy.models import PersonalValue

PERSONS = 7_300_401
"""Space of the advisory locks that are held on identity numbers."""


def same_person(identity_number: str) -> str | None:
    """The borrower who has this identity number; None when there is none, or when it is not clear who.

    Not narrowed to what the asker sees and shown to nobody: an application must not make a second person of one.
    """
    try:
        hashed = search_hash(FIELDS["identity_number"].kind, normal("identity_number", identity_number))
    except WrongUse:
        return None
    found = PersonalValue.objects.filter(hash=hashed, field="identity_number").values_list("borrower_id", flat=True)
    having = sorted(set(found[:2]))
    return having[0] if len(having) == 1 else None


def hold_off_others(identity_number: str) -> None:
    """Until this transaction ends, whoever else asks for the same number waits: two at once must not make two persons.

    The database is told a part of the keyed hash alone. A number that cannot be kept holds nobody off.
    """
    try:
        hashed = search_hash(FIELDS["identity_number"].kind, normal("identity_number", identity_number))
    except WrongUse:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PERSONS, int.from_bytes(hashed[:4], signed=True)])
