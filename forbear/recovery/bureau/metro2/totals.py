"""What a trailer counts, counted again from the records.

Segments that are there for their length alone (blank, zero or nine filled) do not count, nor do numbers and dates that
are none. The block count is the writer's own and is not counted here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from forbear.recovery.bureau.metro2.file import Metro2File, Record, Segment
from forbear.recovery.bureau.metro2.layout import layouts

_PERSONS = ("base", "j1", "j2")


def is_filler(segment: Segment) -> bool:
    """Whether an appended segment says nothing: all blanks, zeros or nines behind its identifier."""
    return all(
        not str(value or "").strip(" 0") or not str(value).strip(" 9")
        for name, value in segment.values.items()
        if name != "segment_identifier"
    )


def counted(records: Iterable[Record]) -> dict[str, int]:
    """The totals of these records, by the names of the trailer's fields."""
    found: Counter[str] = Counter()
    for record in records:
        if record.kind != "base":
            continue
        found["total_base_records"] += 1
        found[f"total_status_{record.own.text('account_status')}"] += 1
        for segment in record.segments:
            if segment.kind != "base" and is_filler(segment):
                continue
            if segment.kind != "base":
                found[f"total_{segment.kind}_segments"] += 1
            if segment.kind in _PERSONS:
                _count_person(segment, found)
    names = (field.name for field in layouts()["trailer"].fields if field.name.startswith("total_"))
    return {name: found[name] for name in names}


def with_trailer(file: Metro2File) -> Metro2File:
    """The same file with its trailer's totals counted anew; a file without a trailer is left as it is."""
    totals = counted(file.records)
    return replace(
        file,
        records=tuple(
            replace(one, segments=(replace(one.own, values={**one.own.values, **totals}), *one.segments[1:]))
            if one.kind == "trailer"
            else one
            for one in file.records
        ),
    )


def _count_person(segment: Segment, found: Counter[str]) -> None:
    if segment.text("ecoa_code") == "Z":
        found["total_ecoa_z"] += 1
    for field, total in (("social_security_number", "ssn"), ("date_of_birth", "birth_dates")):
        value = segment.text(field)
        if value.strip(" 0") and value.strip(" 9"):
            found[f"total_{total}_all"] += 1
            found[f"total_{total}_{segment.kind}"] += 1
    if segment.text("telephone_number").strip(" 0"):
        found["total_telephones_all"] += 1
