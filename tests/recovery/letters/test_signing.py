"""Signatures: a changed byte is found, an added page is found, a stranger's key is not trusted."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from typer.testing import CliRunner

from forbear.basics.errors import ForbearError, UnreadableFile, WrongUse
from forbear.cli import app
from forbear.recovery.letters import letter_facts, load_key, make_key, sign, verify, write
from forbear.recovery.letters.sample import as_toml, sample_facts
from forbear.recovery.letters.signing import certificate_of

AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    file = tmp_path_factory.mktemp("key") / "k.p12"
    file.write_bytes(make_key("示例消费金融有限公司", "secret", AT))
    return file


@pytest.fixture(scope="module")
def letter():
    return write(letter_facts(sample_facts("paid_in_full"))).pdf


@pytest.fixture(scope="module")
def signed(key, letter):
    return sign(letter, load_key(key, "secret"), "结清证明")


def test_a_signed_letter_verifies_and_is_trusted_by_who_has_the_certificate(key, signed):
    found = verify(signed)
    assert found.good
    assert not found.trusted
    assert found.by == "示例消费金融有限公司"
    assert verify(signed, [certificate_of(key, "secret")]).trusted


def test_the_letters_own_bytes_stay(letter, signed):
    assert signed.startswith(letter)


def test_the_signature_is_pades_and_printable(signed):
    field = PdfReader(io.BytesIO(signed)).trailer["/Root"]["/AcroForm"]["/Fields"][0].get_object()
    assert field["/V"].get_object()["/SubFilter"] == "/ETSI.CAdES.detached"
    assert field["/F"] & 4, "PDF/A asks that an annotation prints"


def test_another_key_is_not_trusted(signed, tmp_path):
    other = tmp_path / "o.p12"
    other.write_bytes(make_key("Somebody else", "", AT))
    assert not verify(signed, [certificate_of(other, "")]).trusted


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_changed_byte_is_found(signed, letter, data):
    place = data.draw(st.integers(0, len(letter) - 1))
    changed = bytearray(signed)
    changed[place] ^= data.draw(st.integers(1, 255))
    with suppress(ForbearError):  # so broken that it is no PDF any more
        assert not verify(bytes(changed)).good


def test_what_is_added_afterwards_is_found(signed):
    writer = PdfWriter(io.BytesIO(signed), incremental=True)
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    assert not verify(out.getvalue()).good


def test_what_is_not_signed_or_no_pdf_is_said(letter, key):
    with pytest.raises(WrongUse, match="no signature"):
        verify(letter)
    with pytest.raises(UnreadableFile):
        verify(b"%PDF-1.7 nothing")
    with pytest.raises(UnreadableFile, match="passphrase"):
        load_key(key, "wrong")
    with pytest.raises(UnreadableFile, match="no certificate"):
        verify(letter, [b"nothing"])


def test_a_stranger_can_try_it(tmp_path, key, monkeypatch):
    monkeypatch.setenv("FORBEAR_SIGNING_PASSPHRASE", "secret")
    facts, out = tmp_path / "facts.toml", tmp_path / "letter.pdf"
    facts.write_text(as_toml(sample_facts("arrears", "en")), "utf-8")
    run = CliRunner().invoke
    done = run(app, ["letter", "write", str(facts), "--out", str(out), "--key", str(key)])
    assert done.exit_code == 0, done.output
    assert verify(out.read_bytes()).sha256 in out.with_suffix(".json").read_text()
    assert run(app, ["letter", "verify", str(out)]).exit_code == 0
    other = tmp_path / "other.pem"
    (tmp_path / "o.p12").write_bytes(make_key("Other", "secret", AT))
    other.write_bytes(certificate_of(tmp_path / "o.p12", "secret"))
    assert run(app, ["letter", "verify", str(out), "--trust", str(other)]).exit_code == 1
    out.write_bytes(out.read_bytes().replace(b"/Type", b"/Typo", 1))
    assert run(app, ["letter", "verify", str(out)]).exit_code != 0
