"""docs/peers.md names every complaint once, and every test it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/peers.md").read_text("utf-8")


def test_all_thirty_six_are_told_in_order():
    assert [int(n) for n in re.findall(r"^\| (\d+) \|", PAGE, re.M)] == list(range(1, 37))


def test_every_test_that_is_named_is_there_and_every_one_that_is_there_is_named():
    sources = {file: file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    there = {name for source in sources.values() for name in re.findall(r"^def (test_\w+)", source, re.M)}
    assert named <= there, named - there
    ours = {
        name
        for file, source in sources.items()
        if file.parent == Path(__file__).parent and file != Path(__file__)
        for name in re.findall(r"^def (test_\w+)", source, re.M)
    }
    assert ours <= named, ours - named
    assert all((ROOT / path).exists() for path in re.findall(r"`(tests/[\w/.]+)`", PAGE))
