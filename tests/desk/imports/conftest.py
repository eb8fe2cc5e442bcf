"""Small books to bring in, and what the desk then has."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from forbear.desk.imports.importing import Imported, import_book
from forbear.night import close
from forbear.testing.books import write_good_book

NOW = datetime(2026, 6, 30, 20, tzinfo=UTC)


@pytest.fixture
def book(tmp_path) -> Path:
    """A good book of 25 loans, as CSV."""
    folder = tmp_path / "book"
    write_good_book(folder, loans=25, seed=5)
    return folder


@pytest.fixture
def bring_in():
    """Bring a book in at a fixed time."""

    def bring(folder: Path, **more) -> Imported:
        return import_book(folder, actor="tests", at=NOW, **more)

    return bring


@pytest.fixture
def closed():
    """Close a book as of a day; the folder."""

    def run(folder: Path, as_of: date, out: Path) -> Path:
        shutil.rmtree(out, ignore_errors=True)
        return close(folder, as_of=as_of, out=out).out

    return run
