"""`forbear check` as people and programs use it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from forbear.testing.books import write_good_book


def run(*arguments):
    """The command in a process of its own, as people start it."""
    told = [sys.executable, "-c", "from forbear.cli import main; main()", "check", *map(str, arguments)]
    return subprocess.run(told, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path):
    write_good_book(tmp_path / "book", loans=3)
    return tmp_path / "book"


def spoil(folder):
    path = folder / "payments.csv"
    lines = path.read_text().splitlines()
    lines[1] = lines[1].rsplit(",", 3)[0] + ",-1.00,1,bank"
    path.write_text("\n".join(lines) + "\n")


def test_a_sound_book(folder):
    said = run(folder, "--as-of", "2026-06-30")
    assert said.returncode == 0, said.stderr
    assert "The book is sound." in said.stdout
    assert "3 loans" in said.stdout


def test_a_book_with_faults(folder, tmp_path):
    spoil(folder)
    said = run(folder, "--as-of", "2026-06-30", "--aside", tmp_path / "aside")
    assert said.returncode == 1
    assert "fault negative_money: 1" in said.stdout
    assert "payments.csv, row 2, amount: '-1.00'; expected an amount of zero or more" in said.stdout
    assert (tmp_path / "aside" / "payments.csv.bad.csv").is_file()


def test_the_answer_as_json(folder):
    spoil(folder)
    said = run(folder, "--as-of", "2026-06-30", "--format", "json")
    answer = json.loads(said.stdout)
    assert said.returncode == 1
    assert (answer["ok"], answer["counts"], answer["bad_loans"]) == (False, {"negative_money": 1}, 1)
    fault = answer["faults"][0]
    assert (fault["file"], fault["row"], fault["column"], fault["value"]) == ("payments.csv", 2, "amount", "-1.00")
    assert {f["name"] for f in answer["files"]} >= {"loans.csv", "installments.csv"}


def test_the_seal_is_what_book_toml_takes(folder):
    sealed = run(folder, "--as-of", "2026-06-30", "--seal").stdout
    (folder / "book.toml").write_text(sealed.split("The book is sound.\n")[1])
    assert run(folder, "--as-of", "2026-06-30").returncode == 0
    (folder / "payments.csv").write_text((folder / "payments.csv").read_text().replace("bank", "bunk", 1))
    said = run(folder, "--as-of", "2026-06-30")
    assert said.returncode == 1
    assert "changed_file" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "does not exist"),
        (["BOOK", "--as-of", "tomorrow"], "not a day"),
        (["BOOK", "--mapping", "unheard_of"], "no mapping"),
    ],
)
def test_wrong_use_is_said_in_a_sentence(folder, arguments, said):
    told = run(*(folder if a == "BOOK" else a for a in arguments))
    assert told.returncode == 2
    assert said in told.stderr
    assert "Traceback" not in told.stderr
