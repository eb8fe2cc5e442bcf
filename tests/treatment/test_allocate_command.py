"""`forbear allocate` and `forbear certify` as a manager uses them, and the page about them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "allocation.md").read_text(encoding="utf-8")
FORBEAR = Path(sys.executable).with_name("forbear")


def forbear(folder, *arguments):
    return subprocess.run([FORBEAR, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The page's example: its two files."""
    folder = tmp_path_factory.mktemp("example")
    for name, content in re.findall(r"```csv (\S+)\n(.*?)```", PAGE, re.S):
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_the_page_shows_what_the_commands_print(example):
    shown = re.findall(r"```console\n(.*?)```", PAGE, re.S)
    commands = [block.split("\n", 1) for block in shown]
    assert len(commands) == 2
    for command, expected in commands:
        run = forbear(example, *command.removeprefix("$ forbear ").split())
        assert run.stdout.strip() == expected.strip(), run.stderr
        assert run.returncode == 0


def test_json_and_exit_codes(example):
    tables = ("--values", "values.csv", "--capacities", "capacities.csv")
    made = forbear(example, "allocate", *tables, "--out", "d.csv", "--certificate", "c.json", "--format", "json")
    assert json.loads(made.stdout) == json.loads((example / "c.json").read_text())
    holds = forbear(example, "certify", "c.json", *tables, "--decisions", "d.csv", "--format", "json")
    assert holds.returncode == 0
    assert json.loads(holds.stdout)["holds"] is True
    lines = (example / "d.csv").read_text().splitlines()
    (example / "d.csv").write_text("\n".join(lines[:-1]) + "\n")
    broken = forbear(example, "certify", "c.json", *tables, "--decisions", "d.csv")
    assert broken.returncode == 1
    assert "does not hold" in broken.stdout


def test_wrong_use_is_told(example):
    tables = ("--values", "values.csv", "--capacities", "capacities.csv")
    wrong = forbear(example, "allocate", *tables, "--out", "d.csv", "--engine", "abacus")
    assert wrong.returncode == 2
    assert "known: files, duckdb, spark" in wrong.stderr
    missing = forbear(example, "allocate", "--values", "no.csv", "--capacities", "capacities.csv", "--out", "d.csv")
    assert missing.returncode == 2
    assert "no such file" in missing.stderr
