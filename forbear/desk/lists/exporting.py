"""Exporting a list: who may, told to the audit log before the first byte and after the last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied

from forbear.desk.audit.log import record
from forbear.desk.lists.described import Described, list_named
from forbear.desk.lists.formats import written
from forbear.desk.lists.reading import Asked, Row, stream
from forbear.desk.people.rights import allowed

RIGHT = "lists.export"


def may_export(user: Any, name: str) -> bool:
    """Whether a user may export a list: the right to export, and the list's own."""
    return allowed(user, RIGHT) and allowed(user, list_named(name).right)


def export(of: Described, what: Asked, form: str, *, actor: Any, bom: bool = False) -> Iterator[bytes]:
    """A list in a format, as bytes.

    The audit log is told at once, before anything is read, and at the end with the number of rows that left.

    Args:
        of: the list.
        what: of it is asked for; its user sees her rows alone.
        form: csv or parquet.
        actor: for the audit log: the user, or a program's name.
        bom: of CSV, see `formats.written`.

    Raises:
        PermissionDenied: the user may not export it.
        WrongUse: no such format.
    """
    if what.user is not None and not may_export(what.user, of.name):
        raise PermissionDenied(of.right)
    counted = _Counted(stream(of, what))
    blocks = written(of, counted, form, bom=bom)
    facts = {"form": form, "filters": {name: str(value) for name, value in what.filters.items()}}
    record(actor, "list.export", f"list:{of.name}", **facts, sort=what.sort)
    return _told(blocks, counted, of.name, actor)


class _Counted:
    """Rows, counted as they pass."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _told(blocks: Iterator[bytes], counted: _Counted, name: str, actor: Any) -> Iterator[bytes]:
    try:
        yield from blocks
    finally:  # also when whoever asked has gone
        record(actor, "list.exported", f"list:{name}", rows=counted.count)
