"""Where a borrower is: the zone of her clock."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from forbear.desk.record.models import Borrower


def zone_of(borrower_id: str) -> ZoneInfo:
    """The zone that is on record, or UTC where none is or it is none."""
    name = Borrower.objects.filter(pk=borrower_id).values_list("time_zone", flat=True).first()
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
