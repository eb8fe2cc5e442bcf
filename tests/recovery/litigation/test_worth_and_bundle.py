"""Who is sued, and what goes to court: never against somebody who cannot pay; every exhibit as it came."""

from __future__ import annotations

import dataclasses
import io
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader
from typer.testing import CliRunner

from forbear.basics.console import answers
from forbear.basics.errors import AnswerIsNo, ForbearError, WrongUse
from forbear.cli import app
from forbear.recovery.letters import letter_facts, write
from forbear.recovery.letters.sample import sample_facts
from forbear.recovery.litigation import SuitCase, assess, check_bundle, make_bundle
from forbear.recovery.litigation.worth import BARS, CARE

WHOLE = frozenset(["contract", "disbursal", "statement", "contacts", "identity"])
CASE = SuitCase(20_000_00, 1_500_00, evidence=WHOLE, average_wage=120_000_00)
TRIED = dataclasses.replace(CASE, mediated=True)


def test_mediation_comes_first_and_then_what_brings_most():
    assert assess(CASE).answer == "mediate"
    assert assess(CASE).best.name == "mediation"
    found = assess(TRIED)
    assert found.answer == "sue"
    open_ones = [one for one in found.options if not one.why_not and one.name != "mediation"]
    assert found.best.net == max(one.net for one in open_ones) > 0


@given(st.integers(-5_000_00, 0), st.integers(1, 10**8), st.booleans())
def test_nobody_who_cannot_pay_is_sued(surplus, claim, mediated):
    found = assess(SuitCase(claim, surplus, evidence=WHOLE, mediated=mediated, average_wage=10**9))
    assert found.answer == "no"
    assert found.best is None


@pytest.mark.parametrize("state", [*BARS, *CARE])
def test_no_suit_in_these_states_however_much_it_would_bring(state):
    rich = dataclasses.replace(TRIED, states=frozenset([state]), assets=10**9)
    assert assess(rich).answer == "no"


def test_unknown_means_is_a_no_and_a_barred_claim_goes_to_counsel():
    assert "nobody knows" in assess(dataclasses.replace(TRIED, surplus=None)).reasons[0]
    assert assess(dataclasses.replace(TRIED, barred=True)).answer == "counsel"


def test_a_small_claim_against_little_surplus_is_not_worth_it():
    assert assess(SuitCase(200_00, 10_00, evidence=WHOLE, mediated=True)).answer == "no"


def test_what_the_law_does_not_open_says_why():
    reasons = {one.name: one.why_not for one in assess(dataclasses.replace(TRIED, can_be_served=False)).options}
    assert "225" in reasons["payment_order"]
    assert "166" in reasons["small_claims"]
    assert not reasons["ordinary"]
    above = {o.name: o.why_not for o in assess(dataclasses.replace(TRIED, average_wage=39_999_00)).options}
    assert "165" in above["small_claims"]
    unknown = {o.name: o.why_not for o in assess(dataclasses.replace(TRIED, average_wage=None)).options}
    assert "not known" in unknown["small_claims"]


def test_missing_evidence_lowers_the_chance():
    weak = assess(dataclasses.replace(TRIED, evidence=WHOLE - {"contract"}))
    by_name = {one.name: one for one in weak.options}
    assert by_name["ordinary"].likely < assess(TRIED).options[-1].likely


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "exhibits"
    folder.mkdir()
    (folder / "1 合同.txt").write_text("借款合同 L00001\n第一条", "utf-8")
    (folder / "2 statement.pdf").write_bytes(write(letter_facts(sample_facts("statement"))).pdf)
    (folder / "3 contacts.csv").write_text("at,channel\n" + "2026-01-01,sms\n" * 200)
    Image.new("RGB", (300, 200), "gray").save(folder / "4 receipt.png")
    Image.new("RGB", (300, 200), "gray").save(folder / "5 card.jpg")
    return folder


def bundle(source, out, **more):
    from datetime import date

    return make_bundle(source, out, title="示例诉王安样", on=date(2026, 11, 27), **more)


def test_a_bundle_is_one_pdf_and_a_checked_folder(source, tmp_path):
    made = bundle(source, tmp_path / "out", about=["原告：示例"], titles={"1 合同.txt": "借款合同"})
    reader = PdfReader(tmp_path / "out" / "bundle.pdf")
    assert len(reader.pages) == made.pages == 1 + sum(one.pages for one in made.exhibits)
    assert reader.outline[0].title == "1 借款合同"
    index = "".join(reader.pages[0].extract_text().split())
    for one in made.exhibits:
        assert (source / one.file).read_bytes() == (tmp_path / "out" / one.file).read_bytes()
        assert one.sha256 in index
        assert one.file.replace(" ", "") in index
        cover = "".join(reader.pages[one.first_page - 1].extract_text().split())
        assert one.sha256 in cover
    assert check_bundle(tmp_path / "out") == 6
    told = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, check=False)
    assert told.returncode == 0


def test_the_same_exhibits_give_the_same_bundle(source, tmp_path):
    assert bundle(source, tmp_path / "a").sha256 == bundle(source, tmp_path / "b").sha256


@pytest.mark.parametrize("harm", ["change", "remove", "add"])
def test_what_was_touched_is_named(source, tmp_path, harm):
    out = tmp_path / "out"
    bundle(source, out)
    one = out / "3 contacts.csv"
    if harm == "change":
        one.write_text(one.read_text().replace("sms", "sns", 1))
    elif harm == "remove":
        one.unlink()
    else:
        one = out / "6 new.txt"
        one.write_text("x")
    with pytest.raises(AnswerIsNo, match=one.name):
        check_bundle(out)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("6.exe", b"MZ"),
        ("6.pdf", b"%PDF-1.7 broken"),
        ("6.png", b"no picture"),
        ("6.jpg", b"\xff\xd8\xff broken"),
        ("6.txt", b"\xff\xfe\x00"),
        ("6.txt", "smile \U0001f600".encode()),
        ("bundle.pdf", b"%PDF"),
    ],
)
def test_what_a_court_could_not_read_is_refused_and_nothing_is_left(source, tmp_path, name, raw):
    (source / name).write_bytes(raw)
    with pytest.raises(ForbearError):
        bundle(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_and_one_that_is_there_are_refused(source, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(WrongUse, match="no file"):
        bundle(tmp_path / "none", tmp_path / "out")
    with pytest.raises(WrongUse, match="there already"):
        bundle(source, tmp_path / "none")


def test_a_long_index_knows_its_own_pages(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(45):
        (folder / f"{n:03}.txt").write_text(f"exhibit {n}")
    made = bundle(folder, tmp_path / "out", language="en")
    reader = PdfReader(io.BytesIO((tmp_path / "out" / "bundle.pdf").read_bytes()))
    for one in (made.exhibits[0], made.exhibits[-1]):
        assert f"Exhibit {one.number}" in reader.pages[one.first_page - 1].extract_text()


def test_a_stranger_can_assess_and_bundle(source, tmp_path):
    case = tmp_path / "case.toml"
    case.write_text('claim = "20000"\nsurplus = "-100"\nevidence = ["contract"]\n')
    run = CliRunner().invoke
    with answers.capture() as told:
        done = run(app, ["litigation", "assess", str(case)])
    assert done.exit_code == 1
    assert "cannot pay" in told.get()
    out = tmp_path / "out"
    done = run(app, ["litigation", "bundle", str(source), "--out", str(out), "--title", "T", "--about", "a"])
    assert done.exit_code == 0, done.output
    assert run(app, ["litigation", "bundle", str(out), "--check"]).exit_code == 0
    (out / "1 合同.txt").write_text("x")
    assert run(app, ["litigation", "bundle", str(out), "--check"]).exit_code == 1
    case.write_text('claim = "20000"\nsurplus = "1500"\nevidence = ["gold"]\n')
    with pytest.raises(WrongUse, match="gold"):
        run(app, ["litigation", "assess", str(case)], catch_exceptions=False)
