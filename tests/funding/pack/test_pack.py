"""The pack: every counted figure is the ledger's; a planted fault shows; PDF and spreadsheet say the same figures."""

import json
from decimal import Decimal
from io import BytesIO

import openpyxl
import pypdfium2
import pytest

from forbear.basics.errors import WrongUse
from forbear.funding.loss import loss_parameters
from forbear.funding.pack import rederived
from forbear.funding.pack.document import document
from forbear.funding.pack.pdf import pdf
from forbear.funding.pack.sheet import sheet
from forbear.night.funding import asked, narrow, prepare, tell_losses
from forbear.night.settings import NightSettings
from tests.funding.conftest import AS_OF


def test_every_counted_figure_is_the_ledgers(told):
    answer = told[0]
    assert answer["reconciled"]
    assert len(answer["figures"]) > 80
    assert {f["section"] for f in answer["figures"]} == {
        "book",
        "buckets",
        "categories",
        "rates",
        "stages",
        "months",
        "vintages",
    }
    assert all(Decimal(f["difference"]) == 0 for f in answer["figures"])


@pytest.mark.parametrize(
    ("statement", "figure"),
    [
        ("UPDATE kept.payments SET amount = amount + 1 WHERE rowid = 0", "received"),
        ("DELETE FROM kept.installments WHERE rowid = 5", "month"),
        ("UPDATE kept.loans SET disbursed_on = disbursed_on + 40 WHERE rowid = 3", "vintage"),
    ],
)
def test_a_changed_row_shows_in_the_ledgers_figures(told, statement, figure):
    answer, book = told
    connection = book.connection
    connection.execute("CREATE SCHEMA IF NOT EXISTS kept")
    tables = ("payments", "installments", "loans")
    views = {
        t: connection.execute(
            f"SELECT sql FROM duckdb_views() WHERE schema_name = 'book' AND view_name = '{t}'"
        ).fetchall()[0][0]
        for t in tables
    }
    for t in tables:
        connection.execute(f"CREATE OR REPLACE TABLE kept.{t} AS SELECT * FROM book.{t}")
    try:
        for t in tables:
            connection.execute(f"CREATE OR REPLACE VIEW book.{t} AS SELECT * FROM kept.{t}")
        connection.execute(statement)
        found = rederived(book, AS_OF, NightSettings().aging, loss_parameters())
    finally:
        for t in tables:
            connection.execute(f"DROP VIEW book.{t}")
            connection.execute(views[t])
    changed = [f["name"] for f in answer["figures"] if found.get(f["name"], (0, 0))[0] != _minor(f)]
    assert any(name.startswith(figure) for name in changed), changed


def _minor(figure):
    return int(Decimal(figure["value"]).scaleb(2 if figure["is_money"] else 0))


def test_grace_tolerance_and_exemption_count_in_both_ways(book):
    settings = NightSettings.model_validate(
        {
            "aging": {
                "grace_days": 5,
                "grace_counts": "after_grace",
                "tolerance": "1.00",
                "contagion_share": "0.3",
                "buckets": "us",
            }
        }
    )
    from forbear.night.funding import funding

    assert funding(book, asked(AS_OF, settings=settings))["reconciled"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pdf_says_the_figures_and_lacks_no_glyph(told, language):
    answer = told[0]
    made = pypdfium2.PdfDocument(pdf(answer, language))
    text = "".join(page.get_textpage().get_text_range() for page in made)
    for section in document(answer, language):
        assert section.title.split("（")[0].split(" (")[0] in text.replace("\r\n", "")
    for figure in answer["figures"]:
        shown = f"{Decimal(figure['value']):,}"
        assert shown in text, figure["name"]
    assert "\ufffd" not in text
    assert "\x00" not in text
    for page in made:
        assert page.get_size()[0] == pytest.approx(595, abs=1)


def test_the_spreadsheet_holds_numbers_with_their_meaning(told):
    answer = told[0]
    made = openpyxl.load_workbook(BytesIO(sheet(answer, "en")))
    rows = list(made["meaning"].iter_rows(min_row=2, values_only=True))
    assert {name: value for _, name, value, *_ in rows} == {f["name"]: float(f["value"]) for f in answer["figures"]}
    assert all(meaning and derived for _, _, _, meaning, derived, _ in rows)
    held = made["Reconciliation with the ledger"]
    assert sum(1 for row in held.iter_rows(min_row=6, values_only=True) if row[3] == 0) == len(answer["figures"])
    assert sheet(answer, "zh") == sheet(answer, "zh")


def test_an_amount_of_more_digits_than_a_spreadsheet_keeps_stays_text(told):
    answer = json.loads(json.dumps(told[0]))
    answer["figures"][1]["value"] = "99999999999999999.99"
    made = openpyxl.load_workbook(BytesIO(sheet(answer, "en")))
    assert made["meaning"]["C3"].value == "99,999,999,999,999,999.99"


def test_a_loan_named_like_a_formula_is_text(told):
    answer = json.loads(json.dumps(told[0]))
    answer["base"]["excess"][0]["title"] = {"en": '=HYPERLINK("http://x")', "zh": "=1+1"}
    made = openpyxl.load_workbook(BytesIO(sheet(answer, "zh")))
    assert all(cell.data_type != "f" for page in made for row in page for cell in row)


def test_liquidity_takes_the_facilitys_service_off(told):
    free = told[0]["forecast"]["liquidity"]
    assert [f["service"] for f in free[:3]] == ["100000.25", "7.00", "0.00"]
    assert Decimal(free[1]["total"]) == Decimal(free[0]["cash"]) + Decimal(free[1]["cash"]) - Decimal("100007.25")


def test_a_funders_pool_is_its_own_loans_and_all_pools_are_the_book(folder, told):
    import duckdb

    from forbear.book import open_book
    from forbear.funding import loss

    whole, parts = 0, 0
    for funder in ("1", "2", "3", "4"):
        with duckdb.connect() as connection:
            opened = open_book(folder, connection)
            question = asked(AS_OF, funder=funder)
            prepare(opened, question)
            gross = tell_losses(opened, loss.losses(opened, question.parameters))["gross"]
            parts += Decimal(gross)
            assert connection.execute("SELECT DISTINCT CAST(funder_id AS VARCHAR) FROM book.loans").fetchall() == [
                (funder,)
            ]
    whole = Decimal(told[0]["losses"]["gross"])
    assert parts == whole


def test_a_funder_that_nobody_knows(book):
    with pytest.raises(WrongUse, match="no loan of the book carries funder_id Nobody"):
        narrow(book, "Nobody")
