"""One small book for all tests of this room."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import risk_books as small


@pytest.fixture(scope="session")
def book_folder(tmp_path_factory):
    return small.small_book(tmp_path_factory.mktemp("risk-book"))
