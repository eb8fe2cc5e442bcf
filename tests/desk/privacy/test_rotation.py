"""Keys rotate without a value lost: re-wrapped, re-encrypted, cut short and run again, with writers beside."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection, transaction

from forbear.basics.errors import WrongUse
from forbear.desk.privacy import master, put, reveal, rotation
from forbear.desk.privacy.keys import current, forget, open_sealed
from forbear.desk.privacy.models import DataKey, PersonalValue, Rotation
from forbear.desk.record.models import Borrower, Note

pytestmark = [pytest.mark.postgres]


@pytest.fixture
def key_file(tmp_path, monkeypatch):
    """A file with one master key, as `forbear serve` keeps it."""
    file = tmp_path / "master-keys"
    file.write_text(master.new_key())
    monkeypatch.delenv("FORBEAR_MASTER_KEYS")
    monkeypatch.setenv("FORBEAR_MASTER_KEY_FILE", str(file))
    forget()
    yield file
    forget()


def borrowers(count: int) -> None:
    for number in range(count):
        one = Borrower.objects.create(borrower_id=f"B{number}")
        put(one, "phone", f"1380013800{number}", "importer")
        Note.objects.create(note_id=f"N{number}", borrower=one, text=f"note {number}")


def all_read(count: int) -> bool:
    forget()
    values = {
        row.borrower_id: open_sealed(bytes(row.sealed), "personal.phone") for row in PersonalValue.objects.all()
    }
    notes = {note.borrower_id: note.text for note in Note.objects.all()}
    return values == {f"B{n}": f"+861380013800{n}" for n in range(count)} and notes == {
        f"B{n}": f"note {n}" for n in range(count)
    }


def test_a_new_master_key_wraps_everything_and_the_old_one_goes(key_file, db):
    borrowers(3)
    old = master.ring().ids[0]
    master.add_to_file(key_file, master.new_key())
    assert len(master.ring().keys) == 2, "a running desk follows the file"
    assert all_read(3)
    assert sum(rotation.rewrap()) == 4, "three borrowers and the search key"
    assert rotation.masters_in_use() == {master.ring().ids[0]}
    assert master.keep_in_file(key_file, rotation.masters_in_use()) == [old]
    assert len(master.ring().keys) == 1
    assert all_read(3)
    assert key_file.stat().st_mode & 0o077 == 0


def test_without_the_master_key_nothing_opens_and_the_error_names_where_it_belongs(key_file, db):
    borrowers(1)
    key_file.write_text(master.new_key())
    forget()
    with pytest.raises(WrongUse, match="master key that is not here"):
        open_sealed(bytes(PersonalValue.objects.get().sealed), "personal.phone")


@pytest.mark.parametrize(("text", "said"), [("short", "no Fernet key"), ("", "holds no master key")])
def test_a_file_that_is_no_key_file_is_refused_without_showing_it(key_file, text, said):
    key_file.write_text(text)
    with pytest.raises(WrongUse, match=said) as error:
        master.ring()
    assert "short" not in error.value.message


def test_re_wrapping_is_taken_up_where_it_was_cut(key_file, db, monkeypatch):
    borrowers(3)
    monkeypatch.setattr(rotation, "BATCH", 1)
    master.add_to_file(key_file, master.new_key())
    assert next(rotation.rewrap()) == 1
    assert DataKey.objects.filter(master=master.ring().ids[1]).count() == 3
    assert sum(rotation.rewrap()) == 3
    assert all_read(3)


def test_re_encryption_gives_every_borrower_a_new_key_and_is_taken_up_where_it_was_cut(key_file, db, monkeypatch):
    borrowers(3)
    before = {row.borrower_id: (bytes(row.sealed), row.pseudonym) for row in PersonalValue.objects.all()}
    monkeypatch.setattr(rotation, "BATCH", 10)
    assert next(rotation.reencrypt()) == 1
    assert Rotation.objects.filter(ended_at=None).count() == 1
    assert all_read(3)
    assert sum(rotation.reencrypt()) == 2, "the one begun is finished, not a second begun"
    assert not Rotation.objects.filter(ended_at=None).exists()
    after = {row.borrower_id: (bytes(row.sealed), row.pseudonym) for row in PersonalValue.objects.all()}
    assert all(before[b][0] != after[b][0] and before[b][1] == after[b][1] for b in before)
    assert rotation.sweep() == 0, "replaced keys open for a while"
    assert rotation.sweep(timedelta(0)) == 3
    assert DataKey.objects.filter(purpose="borrower").count() == 3
    assert all_read(3)


def test_the_pseudonym_of_a_number_stays_when_keys_are_replaced(key_file, db):
    borrowers(1)
    from forbear.desk.privacy import pseudonym

    before = pseudonym("B0", "13800138000")
    list(rotation.reencrypt())
    assert pseudonym("B0", "13800138000") == before


def test_what_a_writer_is_sealing_is_not_lost_to_a_rotation(committed):
    """The writer holds the old key in an open transaction; the rotation waits for her, then seals hers anew too."""
    borrowers(1)
    began, done = threading.Event(), threading.Event()

    def rotate() -> None:
        began.set()
        list(rotation.reencrypt())
        done.set()
        connection.close()

    with transaction.atomic():
        Note.objects.create(note_id="N9", borrower_id="B0", text="late")
        thread = threading.Thread(target=rotate)
        thread.start()
        began.wait()
        assert not done.wait(0.5), "the rotation waits for the writer"
    thread.join(20)
    assert done.is_set()
    forget()
    DataKey.objects.exclude(replaced_at=None).delete()
    assert Note.objects.get(pk="N9").text == "late"


def test_thirty_two_writers_at_once_make_one_key(committed):
    Borrower.objects.create(borrower_id="B1")
    current("search")
    made: list[int] = []

    def seal() -> None:
        with transaction.atomic():
            made.append(current("borrower", "B1").key_id)
        connection.close()

    threads = [threading.Thread(target=seal) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(made) == 32
    assert len(set(made)) == 1


def test_the_keys_of_the_environment_serve_as_well(db, monkeypatch, user_of):
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    monkeypatch.setenv("FORBEAR_MASTER_KEYS", first)
    borrowers(1)
    monkeypatch.setenv("FORBEAR_MASTER_KEYS", f"{second},{first}")
    forget()
    assert reveal(user_of("agent"), "B0", "phone", "contact") == "+8613800138000"
    assert master.ring().ids == (master.key_id(second), master.key_id(first))
