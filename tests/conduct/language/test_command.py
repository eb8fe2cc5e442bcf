"""`forbear words` in the shell: files in, findings out, and an exit code that a script can use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from forbear.cli import app
from forbear.conduct.language import rules

run = CliRunner()


def checked(*words: str, given: str | None = None) -> tuple[int, dict[str, Any]]:
    answer = run.invoke(app, ["words", "check", *words, "--format", "json"], input=given)
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, json.loads(answer.stdout)


def test_text_from_standard_input_with_a_place_in_it() -> None:
    text = "Pay us or you will go to jail."
    code, answer = checked("-", given=text)
    assert code == 1
    (message,) = answer["results"]
    arrest = next(f for f in message["findings"] if f["category"] == "false_consequence")
    assert text[arrest["start"] : arrest["end"]] == arrest["text"]


def test_a_clean_text_ends_with_0() -> None:
    assert checked("-", given="Elm Credit: your payment of $20 is due on Friday.")[0] == 0


def test_a_table_brings_its_own_facts(tmp_path: Path) -> None:
    file = tmp_path / "letters.csv"
    file.write_text(
        "text,facts\n"
        '"We will file a lawsuit against you this week.",\n'
        '"We will file a lawsuit against you this week.",suit_approved\n',
        encoding="utf-8",
    )
    _, answer = checked(str(file))
    found = [{f["rule"] for f in message["findings"]} for message in answer["results"]]
    assert "words.consequence.suit" in found[0]
    assert "words.consequence.suit" not in found[1]
    assert [message["row"] for message in answer["results"]] == [2, 3]


def test_json_lines_and_lines_of_text_are_one_message_each(tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"内容": "再不还款就让你坐牢"}\n{"内容": "您好"}\n', encoding="utf-8")
    assert [m["forbidden"] for m in checked(str(lines))[1]["results"]] == [True, False]
    plain = tmp_path / "a.txt"
    plain.write_text("再不还款就让你坐牢\n\n您好\n", encoding="utf-8")
    assert [m["row"] for m in checked(str(plain), "--lines")[1]["results"]] == [1, 3]


def test_people_see_the_rule_the_words_and_a_kinder_wording() -> None:
    command = [sys.executable, "-c", "from forbear.cli import main; main()", "words", "check", "-"]
    answer = subprocess.run(command, input="再不还款就让你坐牢".encode(), capture_output=True, check=False)
    told = answer.stdout.decode()
    assert answer.returncode == 1
    assert "words.consequence.arrest “坐牢”" in told
    assert "可改为" in told


def test_the_rules_are_listed_with_their_grounds() -> None:
    answer = run.invoke(app, ["words", "rules", "--format", "json"])
    listed = json.loads(answer.stdout)["rules"]
    assert {rule["id"] for rule in listed} == set(rules())
    assert all(rule["citations"] for rule in listed)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"message_id,when\n1,now\n", "column"),
        ("a.jsonl", b"{not json}\n", "line 1"),
        ("a.txt", b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    answer = run.invoke(app, ["words", "check", str(file)])
    assert answer.exit_code != 0
    assert said in str(answer.exception)
    assert name in str(answer.exception)
