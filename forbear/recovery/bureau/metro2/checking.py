"""Checking a file: each field by itself, fields across (`rules.toml`), each record's frame, and the trailer's totals.

A finding names the record, the segment, the field, its position, the value and the rule, so that somebody can go there
and put it right. Values that say who somebody is are masked in it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.recovery.bureau.metro2.cells import is_packed
from forbear.recovery.bureau.metro2.conditions import holds, is_none
from forbear.recovery.bureau.metro2.file import Metro2File, Record, Segment, Value
from forbear.recovery.bureau.metro2.layout import APPENDED, Field, codes, layouts, open_lists
from forbear.recovery.bureau.metro2.totals import counted, is_filler

_PERSONAL = frozenset(["social_security_number", "date_of_birth", "telephone_number", "surname", "first_name"])
_SEVERAL = frozenset(["j1", "j2"])


@dataclass(frozen=True)
class Finding:
    """Something that does not hold.

    Attributes:
        record: number of the record, from 1.
        position: first character of the field in its record, from 1, the block descriptor left out; 0: no field.
        value: as the file has it; masked where it is personal.
        rule: its name.
        level: error or warning.
    """

    record: int
    segment: str
    field: str
    position: int
    value: str
    rule: str
    level: str
    says: str

    @property
    def message(self) -> str:
        """One line for a person."""
        where = f"record {self.record}, segment {self.segment}"
        if self.field:
            where += f", {self.field} (position {self.position}) = {self.value!r}"
        return f"{where}: {self.says} [{self.rule}]"


@dataclass(frozen=True)
class _Rule:
    name: str
    of: tuple[str, ...]
    field: str
    when: tuple[Mapping[str, Any], ...]
    then: tuple[Mapping[str, Any], ...]
    says: str
    level: str


def check(file: Metro2File) -> list[Finding]:
    """All that does not hold in a file, in its order."""
    found: list[Finding] = []
    header = next((one.own for one in file.of("header")), None)
    for record in file.records:
        found += _frame(record, file)
        begins = 0
        for segment in record.segments:
            if segment.kind in layouts() and not (segment.kind in APPENDED and is_filler(segment)):
                found += _Asked(record, segment, begins, header, file).findings()
            begins += layouts()[segment.kind].size(file.form.packed) if segment.kind in layouts() else 0
    return found + list(_whole(file))


class _Asked:
    """One segment in its record, asked all that it can be asked."""

    def __init__(
        self, record: Record, segment: Segment, begins: int, header: Segment | None, file: Metro2File
    ) -> None:
        self.record, self.segment, self.begins, self.header, self.file = record, segment, begins, header, file
        self.layout = layouts()[segment.kind]

    def findings(self) -> list[Finding]:
        if self.segment.cut is not None:
            size = self.layout.size(self.file.form.packed)
            says = f"the segment is cut off: {self.segment.cut} of {size} bytes"
            return [Finding(self.record.number, self.segment.kind, "", 0, "", "cut", "error", says)]
        told = [one for field in self.layout.fields for one in self._field(field)]
        unread = {one.field for one in told if one.level == "error"}
        return told + [one for one in self._across() if one.field not in unread]

    def _field(self, field: Field) -> Iterator[Finding]:
        value = self.segment.values.get(field.name)
        if field.kind in {"number", "length"} and isinstance(value, str):
            yield self._finding(
                field.name, "not-a-number", "this is no number; numbers are zero-filled from the left"
            )
        elif field.kind == "digits" and not (str(value or "").isdigit() or not value):
            yield self._finding(field.name, "not-digits", "this field holds digits alone")
        elif field.kind in {"date", "time"} and isinstance(value, str) and "-" not in value:
            form = "MMDDYYYY" if field.kind == "date" else "MMDDYYYYHHMMSS"
            yield self._finding(field.name, "not-a-date", f"this is no day of the calendar written {form}")
        elif field.must and (value in (None, "") or (field.kind in {"date", "time"} and is_none(value))):
            yield self._finding(field.name, "missing", f"{field.label} may not be empty")
        elif field.codes and str(value or "") not in codes()[field.codes] and not (field.must and not value):
            level = "warning" if field.codes in open_lists() else "error"
            known = ", ".join(one or "blank" for one in codes()[field.codes])
            says = f"not a known value; one of {known}" if len(known) < 160 else "not a known value"
            yield self._finding(field.name, "unknown-code", says, level)
        elif field.name in self.segment.as_read and not is_packed(field, self.file.form):
            fill = "zeros" if field.kind != "text" else "blanks"
            yield self._finding(
                field.name, "fill", f"not filled as the format says: {fill} where there is nothing", "warning"
            )

    def _across(self) -> Iterator[Finding]:
        for rule in _rules().get(self.segment.kind, ()):
            asked = all(holds(one, self._look, _lists()) for one in rule.when)
            if asked and not all(holds(one, self._look, _lists()) for one in rule.then):
                yield self._finding(rule.field, rule.name, rule.says, rule.level)

    def _look(self, name: str) -> Value:
        kind, _, field = name.rpartition(".")
        if not kind:
            return self.segment.values[name]
        if kind == "header":
            if self.header is None:
                raise KeyError(name)
            return self.header.values[field]
        segment = next((one for one in self.record.segments if one.kind == kind), None)
        if segment is None and kind in APPENDED:
            return None
        if segment is None:
            raise KeyError(name)
        return segment.values[field]

    def _finding(self, name: str, rule: str, says: str, level: str = "error") -> Finding:
        kind, _, plain = name.rpartition(".")
        segment = next((s for s in self.record.segments if s.kind == kind), self.segment) if kind else self.segment
        start = layouts()[segment.kind].field(plain).at(self.file.form.packed)[0]
        begins = self.begins if segment is self.segment else 0
        value = _shown(plain, segment.as_read.get(plain) or segment.text(plain))
        return Finding(self.record.number, segment.kind, plain, begins + start + 1, value, rule, level, says)


def _shown(name: str, value: str) -> str:
    """A value as findings tell it: personal ones keep their shape and lose what they say."""
    if name not in _PERSONAL:
        return value
    return "".join("9" if one.isdigit() else "x" if one.isalpha() else one for one in value)


def _frame(record: Record, file: Metro2File) -> Iterator[Finding]:
    """The record's frame: its length, its segments' order, what stands behind them."""
    if record.kind == "unknown":
        says = f"this is no header, base segment or trailer: it begins {record.own.text('text')[:20]!r}"
        yield Finding(record.number, "unknown", "", 0, "", "no-record", "error", says)
        return
    sizes = [one.cut or layouts()[one.kind].size(file.form.packed) for one in record.segments]
    length, told = sum(sizes) + len(record.tail), record.own.get("record_length")
    if told != length and not (record.block is not None and record.kind != "base"):
        says = f"the record says it has {told} bytes and has {length}"
        yield Finding(record.number, record.kind, "record_length", 1, str(told), "record-length", "error", says)
    if record.tail.strip(" "):
        says = f"what follows the last segment is no segment: {record.tail.strip()[:10]!r}"
        yield Finding(record.number, record.kind, "", 0, "", "no-segment", "error", says)
    kinds = [one.kind for one in record.segments[1:]]
    if kinds != sorted(kinds, key=APPENDED.index):
        says = f"segments stand in the order {', '.join(APPENDED)}; here {', '.join(kinds)}"
        yield Finding(record.number, record.kind, "", 0, "", "segment-order", "error", says)
    for kind, times in Counter(kinds).items():
        if times > 1 and kind not in _SEVERAL:
            yield Finding(
                record.number, kind, "", 0, "", "segment-once", "error", f"{times} segments {kind}; one at most"
            )


def _whole(file: Metro2File) -> Iterator[Finding]:
    """The file as a whole: a header first, a trailer last, its totals, no account twice."""
    kinds = [one.kind for one in file.records]
    if kinds[:1] != ["header"]:
        yield Finding(1, kinds[0], "", 0, "", "no-header", "error", "a file begins with a header record")
    if kinds[-1:] != ["trailer"]:
        yield Finding(len(kinds), kinds[-1], "", 0, "", "no-trailer", "error", "a file ends with a trailer record")
    yield from _twice(file)
    for trailer in file.of("trailer")[-1:]:
        for name, count in counted(file.records).items():
            told = trailer.own.get(name)
            if told != count and trailer.own.cut is None:
                position = layouts()["trailer"].field(name).at(file.form.packed)[0] + 1
                says = f"the trailer says {told}, the file has {count}"
                yield Finding(trailer.number, "trailer", name, position, str(told), "total", "error", says)


def _twice(file: Metro2File) -> Iterator[Finding]:
    seen: dict[tuple[str, str], int] = {}
    for record in file.of("base"):
        key = (record.own.text("identification_number"), record.own.text("consumer_account_number"))
        if key in seen and key[1]:
            start = layouts()["base"].field("consumer_account_number").at(file.form.packed)[0] + 1
            says = f"the same account stands in record {seen[key]}"
            name = "consumer_account_number"
            yield Finding(record.number, "base", name, start, key[1], "account-twice", "error", says)
        seen.setdefault(key, record.number)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("rules.toml").read_text("utf-8"))


@cache
def _lists() -> Mapping[str, list[str]]:
    return dict(_table()["status"])


@cache
def _rules() -> Mapping[str, tuple[_Rule, ...]]:
    rules = [
        _Rule(
            row["id"],
            tuple(row["of"]),
            row["field"],
            tuple(row.get("when", ())),
            tuple(row["then"]),
            row["says"],
            row.get("level", "error"),
        )
        for row in _table()["rule"]
    ]
    return {kind: tuple(one for one in rules if kind in one.of) for kind in layouts()}
