"""`forbear fineract`: books on the disk, what was left out told, the password never an argument."""

from __future__ import annotations

import io
import json
from datetime import date

import duckdb
import pytest
from typer.testing import CliRunner

from forbear.basics import console
from forbear.book import check_book, open_book
from forbear.cli import app
from forbear.testing.fineract import PASSWORD, USER, FineractDouble, loan, transaction

KNOWN = {"FINERACT_PASSWORD": PASSWORD}


@pytest.fixture
def server():
    with FineractDouble() as double:
        double.put(loan(1, transactions=[transaction(11, 2, date(2026, 2, 14), 275.0)]), loan(2, status=100))
        yield double


def run(server, out, *more, env=KNOWN, **given):
    command = ["fineract", server.url, "--user", USER, "--out", str(out), "--rate", "1000", *more]
    return CliRunner().invoke(app, command, env={"FINERACT_PASSWORD": "", **env}, **given)


def test_books_are_written_and_what_is_left_out_is_told(server, tmp_path, monkeypatch):
    told_to_people = io.StringIO()
    monkeypatch.setattr(console.answers, "file", told_to_people)
    said = run(server, tmp_path)
    assert said.exit_code == 0, said.output
    words = told_to_people.getvalue()
    assert "left out, not_disbursed: 1: 2 (submitted and pending approval)" in words
    assert str(tmp_path / "KES") in words
    with duckdb.connect() as engine:
        assert check_book(open_book(tmp_path / "KES", engine), date(2026, 6, 1)).ok
    told = json.loads(run(server, tmp_path, "--format", "json").output)
    assert (told["listed"], told["read"], told["unchanged"]) == (2, 0, 2)
    assert told["left_out"]["not_disbursed"]
    assert told["types"] == {"disbursement": 1, "repayment": 1}


def test_the_password_comes_from_the_environment_or_from_stdin(server, tmp_path):
    assert "no password" in str(run(server, tmp_path, env={}).exception)
    assert run(server, tmp_path, "--password-stdin", env={}, input=f"{PASSWORD}\n").exit_code == 0
    assert run(server, tmp_path, "--password", PASSWORD, env={}).exit_code == 2
    assert "HTTP 401" in str(run(server, tmp_path, env={"FINERACT_PASSWORD": "wrong"}).exception)
