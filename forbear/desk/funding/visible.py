"""Which packs someone sees: the lender's own people all, a funder those of its own loans alone, nobody else any."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from forbear.desk.funding.models import Pack
from forbear.desk.people.roles import Role
from forbear.desk.record.visible import sees_all


def visible_packs(user: Any) -> QuerySet[Pack]:
    """The packs that the user may look at, the latest first; without their files, which are asked for one by one."""
    packs = Pack.objects.order_by("-as_of", "-pack_id").defer("pdf_zh", "pdf_en", "xlsx_zh", "xlsx_en")
    if user.role == Role.FUNDER:
        return packs.filter(funder_id=user.funder_id) if user.funder_id else packs.none()
    return packs if sees_all(user) else packs.none()
