"""The audit log takes entries and gives none away."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from forbear.desk.audit.log import record
from forbear.desk.audit.models import Entry


def test_what_was_done_is_written_with_its_facts(user_of):
    record(user_of("manager"), "payments.book", "loan:L1", amount=100)
    entry = Entry.objects.get()
    assert (entry.actor, entry.action, entry.subject, entry.facts) == (
        "manager",
        "payments.book",
        "loan:L1",
        {"amount": 100},
    )


@pytest.mark.parametrize("change", [lambda rows: rows.update(actor="another"), lambda rows: rows.delete()])
def test_nothing_in_it_is_changed_or_taken_out(db, change):
    record("importer", "book.import", "book:1")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(Entry.objects.all())
    assert Entry.objects.get().actor == "importer"
