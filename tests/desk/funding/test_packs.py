"""Packs at the desk: made from the ledger, held to its postings line by line, seen by whom they concern."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from forbear.basics.errors import WrongUse
from forbear.book.sample import make_sample
from forbear.desk.audit.models import Entry
from forbear.desk.funding.making import make_pack
from forbear.desk.funding.models import Pack
from forbear.desk.imports.importing import import_book
from forbear.desk.ledger.booking import book as booked
from forbear.desk.record.models import Loan

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 2, 1, 8, tzinfo=UTC)
MADE = datetime(2026, 2, 1, 12, tzinfo=UTC)
AS_OF = date(2026, 1, 31)
FACILITY = """
[facility]
name = "Senior A"
currency = "CNY"
limit = "9000000"
drawn = "10.00"
funder_id = "{funder}"
[[covenants]]
id = "PAR1"
title = "late"
metric = "par_1"
direction = "at_most"
threshold = "0.0001"
cure_days = 10
[base]
advance_rate = "0.80"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("desk-funding")
    make_sample(place, loans=150, seed=5, as_of=AS_OF)
    return place


@pytest.fixture
def desk(folder, transactional_db):
    """A desk with the sample's loans, on which other things than payments happened too."""
    import_book(folder, actor="tests", at=NOW)
    before = Loan.objects.filter(disbursed_on__lte=date(2025, 12, 31)).order_by("-disbursed_on", "loan_id")
    late = before.values_list("loan_id", flat=True)
    first, second, third, fourth = late[:4]
    day = date(2026, 1, 20)
    booked("fee", first, day, 25_00, "reminder fee", "k1", actor="tests", at=NOW)
    booked("penalty", second, day, 3_01, "penalty", "k2", actor="tests", at=NOW)
    booked("waiver", third, day, {"interest": 1_00}, "hardship", "k3", actor="tests", at=NOW)
    booked("payment", fourth, day, 50_00, "P-extra", "k4", actor="tests", at=NOW)
    return first


def test_every_figure_is_the_postings_also_after_fees_waivers_and_late_payments(desk, as_role):
    pack = make_pack(AS_OF, None, "", "tests", MADE)
    figures = pack.figures["figures"]
    assert pack.reconciled, [f for f in figures if not f["holds"]]
    assert len(figures) > 80
    assert sum(Decimal(f["value"]) != 0 for f in figures) > 60
    assert sum(f["loans"] for f in figures if f["name"] == "loans") == 150
    assert bytes(pack.pdf_zh).startswith(b"%PDF")
    page = as_role("risk").get(f"/funding/{pack.pk}/forecast").content.decode()
    spec = page.split('id="chart-data">')[1].split("</script>")[0]
    assert len(json.loads(spec)["charts"]["forecast"]["series"]) == 4
    noted = Entry.objects.get(action="funding.make")
    assert noted.facts["differ"] == 0


def test_what_is_booked_later_is_not_in_it_and_a_changed_ledger_shows(desk, as_role):
    pack = make_pack(AS_OF, None, "", "tests", MADE)
    later = datetime(2026, 2, 2, tzinfo=UTC)
    booked("payment", desk, date(2026, 1, 21), 77_00, "P-late", "k9", actor="tests", at=later)
    page = as_role("manager", language="en").get(f"/funding/{pack.pk}/reconciliation").content.decode()
    assert "Every figure is the ledger" in page
    newer = make_pack(AS_OF, None, "", "tests", later)
    assert _value(newer, "received") == _value(pack, "received") + Decimal("77.00")
    Pack.objects.filter(pk=pack.pk).update(
        told=pack.told.replace(f'"value": "{_value(pack, "received")}"', '"value": "1.00"', 1)
    )
    page = as_role("risk", language="en").get(f"/funding/{pack.pk}/reconciliation").content.decode()
    assert "1 figure differs" in page


def _value(pack, name):
    return Decimal(next(f["value"] for f in pack.figures["figures"] if f["name"] == name))


def test_a_funder_sees_its_own_packs_and_no_other(desk, as_role, user_of):
    funders = sorted(set(Loan.objects.values_list("funder_id", flat=True)))
    whole, own, other = (make_pack(AS_OF, f, "", "tests", MADE) for f in (None, funders[0], funders[1]))
    client = as_role("funder", language="en", funder_id=funders[0])
    page = client.get("/funding")
    assert page.status_code == 200
    assert f"loans of funder {funders[0]}" in page.content.decode()
    for pack in (whole, other):
        for part in ("", "/forecast", "/pool", "/reconciliation", "/file/pdf/en", "/file/xlsx/zh"):
            assert client.get(f"/funding/{pack.pk}{part}").status_code == 404
    for part in ("", "/forecast", "/pool", "/reconciliation", "/file/pdf/en"):
        assert client.get(f"/funding/{own.pk}{part}").status_code == 200
    assert client.post("/funding/make", {"as_of": "2026-01-31"}).status_code == 403
    assert as_role("agent").get("/funding").status_code == 403
    loans = {f["name"]: f["value"] for f in own.figures["figures"]}["loans"]
    assert int(loans) == Loan.objects.filter(funder_id=funders[0]).count()
    assert own.reconciled
    assert not {f for f in funders[1:] if f'"{f}"' in json.dumps(own.figures["portfolio"])}
    assert "Read the latest pack" in client.get("/").content.decode()


def test_a_manager_makes_one_with_a_facility_and_is_told_what_is_broken(desk, as_role):
    client = as_role("manager", language="en")
    assert "No pack has been made yet" in client.get("/funding").content.decode()
    funder = Loan.objects.order_by("loan_id").values_list("funder_id", flat=True).first()
    given = SimpleUploadedFile("f.toml", FACILITY.format(funder=funder).encode())
    made = client.post("/funding/make", {"as_of": "2026-01-31", "funder": "", "facility": given}, follow=True)
    page = made.content.decode()
    assert "The pack is made." in page
    assert "Senior A" in page
    assert "PAR1: broken" in page
    pack = Pack.objects.get()
    assert (pack.funder_id, pack.made_by) == (funder, "manager")
    sheet = client.get(f"/funding/{pack.pk}/file/xlsx/en")
    import openpyxl

    assert "Borrowing base" in openpyxl.load_workbook(BytesIO(sheet.content)).sheetnames
    assert client.get(f"/funding/{pack.pk}/file/exe/en").status_code == 404


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"as_of": "soon"}, "is not a day"),
        ({"as_of": "2026-01-31", "facility": SimpleUploadedFile("f", b"\xff\xfe")}, "no text in UTF-8"),
        ({"as_of": "2026-01-31", "facility": SimpleUploadedFile("f", b"[facility]\nname = 1")}, "facility.name"),
        ({"as_of": "2026-01-31", "facility": SimpleUploadedFile("f", b"x" * 100_001)}, "too large"),
        ({"as_of": "2026-01-31", "funder": "nobody"}, "no loan of the book carries funder_id nobody"),
        ({"as_of": "2999-01-31"}, "is still to come"),
    ],
)
def test_what_is_wrong_is_said(desk, as_role, given, said):
    page = as_role("manager", language="en").post("/funding/make", given, follow=True).content.decode()
    assert said in page
    assert not Pack.objects.exists()


def test_without_loans_there_is_no_pack():
    with pytest.raises(WrongUse):
        make_pack(AS_OF, None, "", "tests", MADE)
