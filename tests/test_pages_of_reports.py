"""docs/report.md, docs/sample.md and docs/rolls.md, held to the code: options, outputs, examples, links."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from forbear.commands.rolls import rolls as rolls_command
from forbear.commands.sample import sample as sample_command

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
DATA = Path(os.environ.get("FORBEAR_SHARED", ROOT.parent / "shared")) / "data"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def example(name: str) -> str:
    return re.search(r"```python\n(.*?)```", page(name), re.DOTALL)[1]


def forbear(folder: Path, *arguments: object) -> str:
    command = [sys.executable, "-c", "from forbear.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the page on samples has been followed."""
    made = tmp_path_factory.mktemp("pages")
    for line in re.findall(r"^\$ forbear (.*)$", page("sample"), re.MULTILINE):
        for command in line.split(" && forbear "):
            (made / "said.txt").open("a", encoding="utf-8").write(forbear(made, *command.split()))
    return made


@pytest.mark.parametrize(
    ("name", "command"), [("sample", sample_command), ("rolls", rolls_command)], ids=["sample", "rolls"]
)
def test_every_option_is_described_and_no_other(name, command):
    declared = {flag for default in command.__defaults__ for flag in getattr(default, "param_decls", None) or ()}
    known = {flag for flag in declared if flag.startswith("--")}
    assert len(known) > 5
    synopsis = page(name).split("```")[0]
    assert set(re.findall(r"--[a-z-]+", synopsis)) >= known
    assert set(re.findall(r"--[a-z-]+", synopsis.split("\n\n")[1])) <= known


def test_the_sample_is_as_its_page_shows(folder):
    shown = re.search(r"^sample: .*$", page("sample"), re.MULTILINE)[0]
    assert shown in (folder / "said.txt").read_text(encoding="utf-8").splitlines()
    assert (folder / "close" / "report.html").is_file()


def test_the_example_of_the_report_makes_the_same_page(folder, monkeypatch):
    monkeypatch.chdir(folder)
    told = {}
    exec(compile(example("report"), "docs/report.md", "exec"), told)
    assert told["html"].startswith("<!doctype html>")
    assert "Portfolio report" in told["html"]


def test_the_example_of_rolls_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "my-book").mkdir()
    lines = ("loan_id,on_date,state,dpd,balance", "A,2026-01-31,M0,0,5.00", "A,2026-02-28,M2,40,5.00", "")
    (tmp_path / "my-book" / "statuses.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(compile(example("rolls"), "docs/rolls.md", "exec"), {})
    assert "('M0', 'M2') ((0, 1), (0, 0)) 0" in capsys.readouterr().out


def test_the_shown_rolls_are_those_of_the_real_book(tmp_path):
    if not (DATA / "credit_record_monthly").is_dir():
        pytest.skip(f"credit_record_monthly is not at {DATA}")
    name = "credit_record_monthly"
    said = forbear(tmp_path, "rolls", DATA / name, "--mapping", name)
    shown = re.search(r"```console\n\$ .*?\n(.*?)```", page("rolls"), re.DOTALL)[1]
    assert [line.split() for line in said.splitlines()] == [line.split() for line in shown.splitlines()]


def test_the_keys_of_the_answer_are_described(tmp_path):
    lines = ("loan_id,on_date,state,dpd,balance", "A,2026-01-31,M0,0,5.00", "A,2026-02-28,M2,40,5.00", "")
    (tmp_path / "statuses.csv").write_text("\n".join(lines), encoding="utf-8")
    told = json.loads(forbear(tmp_path, "rolls", ".", "--format", "json"))
    described = re.findall(r"`([\w.]+)`", page("rolls"))
    keys = {key for key, value in told.items() if not isinstance(value, dict)} | {"movement"}
    keys |= {f"{part}.{key}" for part in ("rolls", "vintages") for key in told[part]}
    assert keys <= set(described)
    assert set(told["trend"][0]) - {"month"} <= set(described)


@pytest.mark.parametrize("name", ["report", "sample", "rolls"])
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+)\)", page(name)):
        assert (DOCS / target).exists(), target


def test_the_picture_is_small_enough_for_a_page():
    picture = DOCS / "images" / "report.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 300_000
