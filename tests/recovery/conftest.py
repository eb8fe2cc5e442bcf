"""Letters and bundles need the Chinese fonts; without them these tests are skipped and say what to install."""

from __future__ import annotations

import pytest

from forbear.basics.errors import WrongUse
from forbear.recovery.letters.fonts import fonts


@pytest.fixture(scope="session", autouse=True)
def _fonts():
    try:
        fonts()
    except WrongUse as missing:
        pytest.skip(missing.hint)
