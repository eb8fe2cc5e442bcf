"""Free text about a borrower: written and read as text, kept sealed, never searched in place."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from forbear.basics.errors import WrongUse
from forbear.desk.privacy.keys import Unreadable, forget
from forbear.desk.privacy.models import DataKey
from forbear.desk.privacy.sealed import Sealed, opened_texts
from forbear.desk.record.models import Borrower, Complaint, Note

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
SAID = "她的电话是 13800138000，周五再打"


def stored(table: str, column: str = "text") -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return [bytes(value) for (value,) in cursor.fetchall()]


def test_a_note_is_read_as_it_was_written_and_kept_sealed(borrower):
    Note.objects.create(note_id="N1", borrower=borrower, text=SAID)
    assert Note.objects.get().text == SAID
    (kept,) = stored("notes")
    assert SAID.encode() not in kept
    assert b"13800138000" not in kept


def test_a_complaint_and_its_answer_are_sealed_and_an_answer_must_say_something(borrower):
    row = Complaint.objects.create(complaint_id="Q1", borrower=borrower, channel="call", text=SAID)
    row.answer, row.answered_at = "已道歉", timezone.now()
    row.save()
    again = Complaint.objects.get()
    assert (again.text, again.answer) == (SAID, "已道歉")
    assert SAID.encode() not in stored("complaints")[0]
    with pytest.raises(Exception, match="complaint_answer_given"):
        Complaint.objects.create(complaint_id="Q2", borrower=borrower, channel="call", answered_at=timezone.now())


def test_saving_a_row_that_was_never_opened_leaves_the_text_alone(borrower):
    Note.objects.create(note_id="N1", borrower=borrower, text=SAID)
    before = stored("notes")
    Note.objects.get().save()
    assert stored("notes") == before
    Note.objects.bulk_create([Note(note_id="N2", borrower=borrower, text="二")])
    assert Note.objects.get(pk="N2").text == "二"
    assert Note.objects.defer("text").get(pk="N2").text == "二"


def test_values_come_sealed_and_open_by_themselves(borrower):
    Note.objects.create(note_id="N1", borrower=borrower, text=SAID)
    (held,) = Note.objects.values_list("text", flat=True)
    assert isinstance(held, Sealed)
    assert held.open() == SAID


def test_the_texts_of_many_rows_take_one_query_for_their_keys(django_assert_num_queries, db):
    for number in range(5):
        one = Borrower.objects.create(borrower_id=f"B{number}")
        Note.objects.create(note_id=f"N{number}", borrower=one, text=f"note {number}")
    forget()
    with django_assert_num_queries(2):
        assert opened_texts(Note.objects.order_by("note_id")) == [f"note {n}" for n in range(5)]


@pytest.mark.parametrize(
    "way",
    [lambda: Note.objects.filter(text="x").exists(), lambda: Note.objects.update(text="x")],
    ids=["filter", "update"],
)
def test_it_is_neither_searched_nor_updated_in_place(borrower, way):
    with pytest.raises(WrongUse, match="sealed"):
        way()


def test_a_text_moved_to_another_column_does_not_open(borrower):
    Complaint.objects.create(complaint_id="Q1", borrower=borrower, channel="call", text=SAID)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE complaints SET answer = text")
    with pytest.raises(Unreadable):
        _ = Complaint.objects.get().answer


def test_of_a_destroyed_key_a_word_is_left(borrower):
    Note.objects.create(note_id="N1", borrower=borrower, text=SAID)
    DataKey.objects.update(wrapped=None, destroyed_at=timezone.now())
    forget()
    assert Note.objects.get().text in {"(erased)", "（已删除）"}


def test_texts_that_stood_in_the_clear_are_sealed_by_the_migration(transactional_db):
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    seal = next(
        op.code
        for op in executor.loader.get_migration("record", SEALING).operations[1].database_operations
        if hasattr(op, "code")
    )
    Borrower.objects.create(borrower_id="B1")
    with connection.schema_editor() as editor:
        editor.execute("ALTER TABLE notes ADD text_plain text NOT NULL DEFAULT ''")
        editor.execute("ALTER TABLE complaints ADD text_plain text NOT NULL DEFAULT ''")
        editor.execute("ALTER TABLE complaints ADD answer_plain text NOT NULL DEFAULT ''")
        editor.execute(
            f"INSERT INTO notes (note_id, borrower_id, text, text_plain) VALUES ('N1', 'B1', '', '{SAID}')"
        )
        seal(None, editor)
        editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        editor.execute("ALTER TABLE notes DROP text_plain")
        editor.execute("ALTER TABLE complaints DROP text_plain, DROP answer_plain")
    assert Note.objects.get().text == SAID
    call_command("check")


SEALING = next(
    name
    for _, name in __import__("django.db.migrations.loader", fromlist=["x"]).MigrationLoader(None).disk_migrations
    if name.endswith("_sealed_texts")
)
