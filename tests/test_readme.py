"""The README is true: its ten lines of Python run, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md"]
PAGES += sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))


def python_of(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize("page", ["README.md", "docs/engineers.md"])
def test_the_python_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for code in python_of(page):
        exec(compile(code.replace("20_000", "400"), page, "exec"), {})
    assert capsys.readouterr().out.strip()


def test_ten_lines():
    (code,) = python_of("README.md")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    file = ROOT / page
    told = re.sub(r"(?ms)^```.*?^```", "", file.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", told):
        if not target.startswith(("http://", "https://", "#")):
            path = (file.parent / target.partition("#")[0]).resolve()
            assert path.exists(), f"{page} links to {target}"
