"""docs/close.md is true: its settings are those there are, with their defaults; its columns are those written."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import unrest

from forbear.night import close
from forbear.night.settings import NightSettings, parse_settings

PAGE = (Path(__file__).parents[2] / "docs" / "close.md").read_text(encoding="utf-8")


def test_every_setting_with_its_default():
    text = PAGE.split("```toml\n")[1].split("```")[0]
    assert parse_settings(tomllib.loads(text)) == NightSettings()
    for name in (*NightSettings().aging.model_dump(), *NightSettings().report.model_dump()):
        assert re.search(rf"^#? ?{name} = ", text, re.M), f"{name} is not on the page"


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    return close(unrest.restless(folder / "book", loans=500), as_of=unrest.AS_OF, out=folder / "out")


def test_every_column(closed):
    rows = PAGE.split("## accounts.parquet")[1].split("\n## ")[0].splitlines()
    named = [name for row in rows if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(pq.read_schema(closed.out / "accounts.parquet").names)


def test_every_part_of_the_portfolio(closed):
    text = PAGE.split("```jsonc\n")[1].split("```")[0]
    named = re.findall(r'^  "(\w+)":', text, re.M)
    named += ["currency", "minor_digits"]
    assert sorted(named) == sorted(closed.portfolio)
