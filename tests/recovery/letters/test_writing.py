"""Letters: whole, exact, readable by people and machines, and refused by name where something is missing."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from decimal import Decimal

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.basics.money import shown
from forbear.recovery.letters import kinds, letter_facts, plain_letter, read_facts, write
from forbear.recovery.letters.sample import as_toml, sample_facts
from forbear.recovery.letters.writing import MissingGlyph

LANGUAGES = ("zh-CN", "en")


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    said = "".join(page.get_textpage().get_text_range() for page in document)
    return re.sub(r"\s+", "", said)


def embedded(pdf: bytes):
    """Every font of a PDF with its descriptor."""
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for named in page["/Resources"]["/Font"].values():
            font = named.get_object()
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            yield font, inner["/FontDescriptor"].get_object()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_letter_of_each_kind_says_all_its_facts(kind, language):
    facts = letter_facts(sample_facts(kind, language))
    made = write(facts)
    said = text_of(made.pdf)
    assert re.sub(r"\s+", "", facts.kind.title[facts.language]) in said
    for name, value in facts.values.items():
        if (
            isinstance(value, str)
            and name != "currency"
            and (name != "lender_address" or kind != "letter_before_action")
        ):
            assert re.sub(r"\s+", "", value) in said, name
    for table in ("parts", "schedule", "movements"):
        for row in facts.rows(table):
            amounts = [v for k, v in row.items() if isinstance(v, int) and k != "number"]
            assert all(shown(one, "CNY", facts.language) in said for one in amounts)
    assert "�" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_what_pdf_a_asks_as_far_as_it_can_be_read(language):
    """veraPDF is in neither Debian nor PyPI; typst checks its own export against the profile, these are read back."""
    pdf = write(letter_facts(sample_facts("letter_before_action", language))).pdf
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"]
    meta = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part[^0-9]+2", meta)
    assert re.search(r"pdfaid:conformance[^A-Z]+A", meta)
    assert "/Filter" not in root["/Metadata"].get_object()
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("zh" if language == "zh-CN" else "en")
    assert root["/StructTreeRoot"]
    assert root["/OutputIntents"][0].get_object()["/S"] == "/GTS_PDFA1"
    assert root["/OutputIntents"][0].get_object()["/DestOutputProfile"]
    assert reader.trailer["/ID"]
    assert "/Encrypt" not in reader.trailer
    assert not {"/OpenAction", "/AA", "/Names", "/AcroForm"} & set(root)
    assert b"/JavaScript" not in pdf
    assert b"/Launch" not in pdf
    fonts = list(embedded(pdf))
    assert fonts
    for font, descriptor in fonts:
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor), "a font is not embedded"
        assert "/ToUnicode" in font


def test_the_same_facts_give_the_same_bytes():
    facts = sample_facts("arrears")
    assert write(letter_facts(facts)).sha256 == write(letter_facts(facts)).sha256


@pytest.mark.parametrize("char", ["\U0002a6a5", "ஹ", "\U0001f600"])
def test_a_missing_glyph_is_named(char):
    facts = letter_facts({**sample_facts("arrears"), "borrower_name": f"王{char}"})
    with pytest.raises(MissingGlyph, match=f"U\\+{ord(char):04X}"):
        write(facts)


def test_a_rare_name_is_set():
    facts = {**sample_facts("paid_in_full"), "borrower_name": "𠮷堃䶮"}
    assert "𠮷堃䶮" in text_of(write(letter_facts(facts)).pdf)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_missing_fact_is_named(kind):
    whole = sample_facts(kind)
    for name in kinds()[kind].all_needs:
        if name == "currency":
            continue
        with pytest.raises(WrongUse, match=f"the fact {name} "):
            letter_facts({one: value for one, value in whole.items() if one != name})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arrears": "2116.31"}, "rows of parts come to"),
        ({"arrears": 2116.3}, "arrears is 2116.3"),
        ({"arrears": "1.005"}, "arrears"),
        ({"days_late": -1}, "days_late"),
        ({"oldest_due_on": "15.10.2026"}, "oldest_due_on"),
        ({"nickname": "x"}, "no use for the fact 'nickname'"),
        ({"language": "fr"}, "no language 'fr'"),
        ({"kind": "threat"}, "no kind of letter"),
        ({"borrower_name": "A\nB"}, "borrower_name"),
        ({"parts": [{"item": "gold", "amount": "2116.30"}]}, "parts, row 1, item"),
        ({"parts": [{"item": "fees"}]}, "parts, row 1: amount is missing"),
        ({"parts": "none"}, "parts is no table"),
        ({"arrears": "-2116.30", "parts": [{"item": "fees", "amount": "-2116.30"}]}, "below zero"),
    ],
)
def test_what_is_wrong_is_said(change, said):
    with pytest.raises(WrongUse, match=re.escape(said)):
        letter_facts({**sample_facts("arrears"), **change})


def test_no_certificate_while_a_fen_is_owed():
    with pytest.raises(WrongUse, match="only when all is paid"):
        letter_facts({**sample_facts("paid_in_full"), "outstanding": "0.01"})


def test_a_statement_that_does_not_add_up_is_refused():
    facts = sample_facts("statement")
    facts["movements"] = [{**row, "charged": "1.00"} if n == 2 else row for n, row in enumerate(facts["movements"])]
    with pytest.raises(WrongUse, match="movements, row 3"):
        letter_facts(facts)


def test_words_that_may_not_be_said_are_refused():
    facts = letter_facts({**sample_facts("arrears"), "pay_to": "不还钱就让你全家坐牢"})
    with pytest.raises(WrongUse, match="the check of words forbids"):
        write(facts)


def test_what_is_let_go_is_said_only_where_there_is_something():
    facts = sample_facts("plan_agreement")
    assert "减免" in text_of(write(letter_facts(facts)).pdf)
    del facts["waived"]
    assert "同意减免" not in text_of(write(letter_facts(facts)).pdf)


def test_markup_in_a_fact_stays_text():
    """Nothing of a fact is evaluated: typst's own signs come out as they are."""
    odd = '#read("/etc/passwd") $x$ *b* @a <c> [d] \\ "e"'
    assert re.sub(r"\s+", "", odd) in text_of(write(letter_facts({**sample_facts("arrears"), "pay_to": odd})).pdf)


@pytest.mark.parametrize("form", ["toml", "json"])
def test_facts_are_read_from_files(form, tmp_path):
    file = tmp_path / f"facts.{form}"
    facts = sample_facts("statement")
    file.write_text(as_toml(facts) if form == "toml" else json.dumps(facts, ensure_ascii=False), "utf-8")
    assert read_facts(file) == letter_facts(facts)


@pytest.mark.parametrize("raw", [b"", b"kind = ", b"\xff\xfe\x00", b"[1]"])
def test_a_file_that_is_none_is_refused(raw, tmp_path):
    file = tmp_path / "facts.toml"
    file.write_bytes(raw)
    with pytest.raises((UnreadableFile, WrongUse), match=r"facts\.toml"):
        read_facts(file)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=5))
def test_a_total_is_the_sum_of_its_parts_or_refused(amounts):
    parts = [{"item": "fees", "amount": str(Decimal(one).scaleb(-2))} for one in amounts]
    total = sum(amounts)
    facts = {**sample_facts("reminder"), "parts": parts, "amount_due": str(Decimal(total).scaleb(-2))}
    assert letter_facts(facts).values["amount_due"] == total
    with pytest.raises(WrongUse, match="rows of parts"):
        letter_facts({**facts, "amount_due": str(Decimal(total + 1).scaleb(-2))})


def test_a_plain_letter_says_its_lines():
    made = plain_letter(
        ["Sample Lending"], ["Wang", "1 Road"], "About", ["One.", "Two 二。"], "zh", date(2026, 11, 27), "x"
    )
    assert "Two二。" in text_of(made.pdf)
