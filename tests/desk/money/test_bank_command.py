"""`forbear desk bank` and `forbear desk retention`, on the tests' own database."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from typer.testing import CliRunner

from forbear.basics.console import answers
from forbear.cli import app
from forbear.desk.money.models import Receipt
from forbear.testing.lending import lend
from tests.desk.money.bank.test_mapped import ALIPAY
from tests.desk.money.conftest import document, entry, statement

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setattr("forbear.desk.server.access.desk_at", lambda data: nullcontext())

    def run(*words: str) -> str:
        """What it said, or the error that a person would see."""
        heard = StringIO()
        monkeypatch.setattr(answers, "file", heard)
        done = CliRunner().invoke(app, ["desk", *words])
        return f"{heard.getvalue()}{done.stdout}{done.exception or ''}"

    return run


def test_files_are_taken_once_and_told(desk, tmp_path):
    lend("LN0001")
    file = tmp_path / "a.xml"
    file.write_bytes(document(statement(entry("5", text="LN0001"), entry("6", text="LN0009"))))
    assert "2 movements, 2 new, 0 known already; 1 booked" in desk("bank", str(file))
    assert "taken before" in desk("bank", str(file))
    lend("LN0009", borrower_id="B9")
    assert "1 parked receipts looked at again, 1 booked" in desk("bank", "--retry")
    csv = tmp_path / "b.csv"
    csv.write_bytes(ALIPAY.encode("gb18030"))
    told = json.loads(desk("bank", str(csv), "--mapping", "alipay", "--format", "json"))
    assert (told[0]["movements"], told[0]["booked"]) == (3, 1)


def test_what_cannot_be_read_ends_in_words(desk, tmp_path):
    assert "no file named" in desk("bank")
    assert "cannot be read" in desk("bank", str(tmp_path / "none.xml"))
    file = tmp_path / "a.xml"
    file.write_bytes(document(statement(*(entry("5,5") for _ in range(9)))))
    said = desk("bank", str(file))
    assert said.count("Amt: '5,5', expected an amount in CNY") == 9
    assert "has faults: nothing of it was taken" in said
    assert desk("bank", str(file), "--format", "json").count('"column": "Amt"') == 9


def test_retention_takes_payers_out(desk, take):
    take(entry("5", name="张三", way="DBIT"), entry("6", name="李四"))
    assert "0 receipts: payer and text due" in desk("retention")
    later = f"{datetime.now(UTC) + timedelta(days=120):%Y-%m-%d}"
    assert "1 receipts: payer and text due" in desk("retention", "--as-of", later)
    Receipt.objects.filter(incoming=False).update(settled_at=datetime.now(UTC) - timedelta(days=100))
    assert "1 receipts: payer and text taken out" in desk("retention", "--erase")
    assert Receipt.objects.get(incoming=False).payer_name == ""
    assert Receipt.objects.get(incoming=True).payer_name == "李四"
