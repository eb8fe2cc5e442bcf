"""Personal values: kept encrypted, shown masked, found by keyed hash, revealed with a reason that is logged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.people.models import Agency
from forbear.desk.privacy import find, masked, masked_names, pseudonym, put, put_many, remove, reveal
from forbear.desk.privacy.fields import FIELDS, REVEALS_AN_HOUR
from forbear.desk.privacy.keys import Unreadable, forget
from forbear.desk.privacy.models import PersonalValue
from forbear.desk.privacy.showing import TooMany
from forbear.desk.privacy.storing import Given
from forbear.desk.record.models import Borrower, Case
from tests.desk.privacy.conftest import VALUES

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def everything() -> str:
    """All text and bytes of the privacy and audit tables, as a thief of the database reads them."""
    read = []
    with connection.cursor() as cursor:
        for table in ("personal_values", "data_keys", "audit_entries", "contacts", "facts"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            read += [text for (text,) in cursor.fetchall()]
        cursor.execute("SELECT sealed FROM personal_values")
        read += [bytes(sealed).decode("latin-1") for (sealed,) in cursor.fetchall()]
    return "\n".join(read)


def test_nothing_stands_in_the_database_in_the_clear(known, user_of):
    reveal(user_of("agent"), known, "phone", "contact")
    list(find(user_of("manager"), "phone", "13800138000"))
    stolen = everything()
    assert "B1" in stolen
    for value in (
        *VALUES.values(),
        "13800138000",
        "138001",
        "张",
        "杭州",
        "zhang.san@example.com",
        "11010519491231",
    ):
        assert value not in stolen
        assert value.encode().hex() not in stolen


def test_what_is_shown_by_default_is_masked(known):
    shown = {value.field: value.shown for value in masked(known)}
    assert shown == {
        "name": "张*三",
        "phone": "138****8000",
        "identity_number": "****002X",
        "address": "浙江省杭州市****",
        "employer": "杭州****",
        "email": "Z***@Example.com",
        "contact_name": "李*",
        "contact_phone": "139****5678",
    }
    assert [value.field for value in masked(known)] == list(FIELDS)
    assert masked_names(["B1", "B2"]) == {"B1": "张*三"}


@pytest.mark.parametrize("field", list(VALUES))
def test_a_reveal_gives_the_value_and_tells_the_log_who_what_and_why(known, user_of, field):
    agent = user_of("agent", "anna")
    seen = reveal(agent, known, field, "contact")
    assert seen in {VALUES[field], "+8613800138000"}
    told = Entry.objects.get(action="borrower.reveal")
    assert (told.actor, told.subject) == ("anna", "borrower:B1")
    assert told.facts["field"] == field
    assert told.facts["reason"] == "contact"
    assert set(told.facts) == {"field", "position", "value_id", "reason"}


@pytest.mark.parametrize("role", ["administrator", "risk", "funder", "borrower", "service"])
def test_who_has_no_business_with_values_reveals_none(known, user_of, role):
    with pytest.raises(PermissionDenied):
        reveal(user_of(role), known, "phone", "contact")
    assert not Entry.objects.filter(action="borrower.reveal").exists()


def test_an_agency_reveals_its_own_placements_alone(known, user_of):
    other = Borrower.objects.create(borrower_id="B2")
    put(other, "phone", "13900000000", "importer")
    ours = user_of("agency")
    Case.objects.create(case_id="C1", borrower=known, agency=ours.agency)
    elsewhere = Agency.objects.create(agency_id="A2", name="A2")
    Case.objects.create(case_id="C2", borrower=other, agency=elsewhere)
    assert reveal(ours, "B1", "phone", "contact") == "+8613800138000"
    with pytest.raises(PermissionDenied):
        reveal(ours, "B2", "phone", "contact")
    assert [b.pk for b in find(ours, "phone", "13900000000")] == []


@pytest.mark.parametrize(
    ("field", "reason", "said"),
    [("phone", "curiosity", "no reason"), ("phone", "", "no reason"), ("email2", "contact", "has no email2")],
)
def test_a_reveal_without_a_reason_or_of_nothing_is_refused(known, user_of, field, reason, said):
    with pytest.raises(WrongUse, match=said):
        reveal(user_of("agent"), known, field, reason)
    assert not Entry.objects.filter(action="borrower.reveal").exists()


def test_more_reveals_than_an_hour_allows_are_refused_and_told(known, user_of):
    agent = user_of("agent")
    at = datetime.now(UTC)
    Entry.objects.bulk_create(
        Entry(actor="agent", action="borrower.reveal", subject="borrower:B1") for _ in range(REVEALS_AN_HOUR - 1)
    )
    reveal(agent, known, "phone", "contact", at=at)
    with pytest.raises(TooMany):
        reveal(agent, known, "phone", "contact", at=at)
    assert Entry.objects.filter(action="borrower.reveal_refused", actor="agent").count() == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("phone", "+86 138-0013-8000"),
        ("phone", "１３８００１３８０００"),
        ("contact_phone", "13800138000"),
        ("phone", "13912345678"),
        ("name", " 张 伟三"),
        ("identity_number", "11010519491231002x"),
        ("email", "zhang.san@EXAMPLE.com"),
    ],
)
def test_a_borrower_is_found_however_the_value_is_written(known, user_of, field, typed):
    assert [b.pk for b in find(user_of("agent"), field, typed)] == ["B1"]
    told = Entry.objects.get(action="borrower.search")
    assert told.facts == {"field": field}


@pytest.mark.parametrize(
    ("field", "typed"), [("phone", "13800138001"), ("name", "张三"), ("email", "a@example.com")]
)
def test_another_value_finds_nobody(known, user_of, field, typed):
    assert not find(user_of("agent"), field, typed).exists()


def test_an_address_is_not_searched(known, user_of):
    with pytest.raises(WrongUse, match="not searched"):
        find(user_of("agent"), "address", "杭州")


def test_a_corrected_value_replaces_the_old_and_the_log_tells_no_value(known, user_of):
    manager = user_of("manager")
    put(known, "phone", "13700000000", manager)
    assert reveal(manager, known, "phone", "correction") == "+8613700000000"
    assert not find(manager, "phone", "13800138000").exists()
    told = Entry.objects.get(action="borrower.correct", actor="manager")
    assert told.facts == {"field": "phone", "position": 0, "value_id": told.facts["value_id"]}


def test_several_phones_stand_beside_each_other_and_one_is_taken_away(known, user_of):
    put(known, "phone", "0571-88886666", "importer", label="work", position=1)
    assert [v.shown for v in masked(known) if v.field == "phone"] == ["138****8000", "****6666"]
    assert remove("B1", "phone", 1, "importer")
    assert not remove("B1", "phone", 1, "importer")
    assert len([v for v in masked(known) if v.field == "phone"]) == 1
    with pytest.raises(WrongUse, match="position"):
        put(known, "name", "张三", "importer", position=1)


@pytest.mark.parametrize(
    "theft",
    [
        "UPDATE personal_values t SET sealed = f.sealed FROM personal_values f "
        "WHERE t.field = 'phone' AND f.field = 'email'",
        "UPDATE personal_values SET sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1) WHERE field = 'phone'",
        "UPDATE personal_values SET sealed = '\\x02' WHERE field = 'phone'",
        "UPDATE personal_values t SET sealed = f.sealed FROM personal_values f "
        "WHERE t.field = 'phone' AND f.borrower_id = 'B2'",
    ],
    ids=["moved to another field", "changed", "of no form", "of another borrower"],
)
def test_a_value_that_was_changed_or_moved_does_not_open(known, user_of, theft):
    put(Borrower.objects.create(borrower_id="B2"), "email", "b@example.com", "importer")
    with connection.cursor() as cursor:
        cursor.execute(theft)
    forget()
    with pytest.raises(Unreadable):
        reveal(user_of("agent"), known, "phone", "contact")


def test_a_pseudonym_is_the_same_for_the_same_number_of_one_borrower_alone(known):
    Borrower.objects.create(borrower_id="B2")
    ours = pseudonym("B1", "13800138000")
    assert ours == pseudonym("B1", "+86 138 0013 8000") == PersonalValue.objects.get(field="phone").pseudonym
    assert ours not in {pseudonym("B1", "13800138001"), pseudonym("B2", "13800138000")}


def test_many_values_come_at_once_and_later_ones_win(db):
    Borrower.objects.bulk_create(Borrower(borrower_id=f"B{n:04}") for n in range(300))
    rows = [Given(f"B{n:04}", "phone", f"1380000{n:04}") for n in range(300)]
    assert put_many([*rows, *rows, Given("B0000", "phone", "13711111111")], "importer") == 601
    assert PersonalValue.objects.count() == 300
    assert masked("B0000")[0].shown == "137****1111"
    assert masked("B0299")[0].shown == "138****0299"


def test_of_many_values_one_that_does_not_fit_stops_all_and_is_not_repeated(known):
    rows = [Given("B1", "phone", "13711111111"), Given("B1", "email", "no address at all")]
    with pytest.raises(WrongUse, match=r"row 2 \(B1\): email: no e-mail address") as said:
        put_many(rows, "importer")
    assert "at all" not in str(said.value)
    assert masked(known)[1].shown == "138****8000"


def test_values_of_nobody_are_refused(known):
    with pytest.raises(WrongUse, match="no borrower 'B9'"):
        put("B9", "phone", "13711111111", "importer")
