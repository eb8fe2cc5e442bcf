"""Finding borrowers by a personal value: the keyed hash of what was typed against the hashes that are kept.

Only whole values match. What is found is narrowed to what the user may see; that a search was made is logged, what
was searched is not.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from forbear.desk.audit.log import record
from forbear.desk.privacy.checking import normal
from forbear.desk.privacy.fields import FIELDS
from forbear.desk.privacy.keys import search_hash
from forbear.desk.privacy.models import PersonalValue
from forbear.desk.record.models import Borrower
from forbear.desk.record.visible import visible_borrowers


def find(user: Any, field: str, value: str) -> QuerySet[Borrower]:
    """Borrowers whom the user may see and who have this value in this field or one of its kind, by id.

    Searching `phone` also finds whose other contact has the number. A name may find many: take a page.

    Raises:
        WrongUse: the field is not searched, or the value does not fit it.
    """
    hashed = search_hash(FIELDS[field].kind if field in FIELDS else "", normal(field, value))
    record(user, "borrower.search", "personal values", field=field)
    having = PersonalValue.objects.filter(hash=hashed).values("borrower_id")
    return visible_borrowers(user).filter(borrower_id__in=having).order_by("borrower_id")
