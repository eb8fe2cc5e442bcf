"""Choosing the words in force for a step, a channel and a reader; and finding those of a version that was planned."""

from __future__ import annotations

from forbear.desk.wording.models import Version

JURISDICTION_OF = {"in": "uk"}
"""Jurisdictions whose parts stand for another's: until India has its own, the strictest kin."""


def version_for(step: str, channel: str, language: str, jurisdiction: str) -> Version | None:
    """The version in force for a step, in the reader's language or else in the other; None: there is none."""
    tongue = "zh" if language.startswith("zh") else "en"
    place = JURISDICTION_OF.get(jurisdiction, jurisdiction)
    rows = Version.objects.filter(template__purpose=step, channel=channel, jurisdiction=place, state="approved")
    return min(rows.select_related("template"), key=lambda row: (row.language != tongue, row.pk), default=None)


def in_force(version_id: int) -> Version | None:
    """The version of that id if it is in force, else the one that took its place; None: neither is."""
    row = Version.objects.select_related("template").filter(pk=version_id).first()
    if row is None or row.state == "approved":
        return row
    if row.state != "retired":
        return None
    slot = {name: getattr(row, name) for name in ("template_id", "language", "channel", "jurisdiction")}
    return Version.objects.select_related("template").filter(**slot, state="approved").first()
