"""In which order tests are dealt to the processes of `make test`, a file at a time: the longest begin.

What a file sets up once (a book closed, a desk started) is so set up in one process alone. Spark and the browser's
tours take longest: begun last, one of them would leave the other process idle at the end.
"""

from __future__ import annotations

import pytest

LONG = ("spark", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files that hold long tests first; all else stays in the order that it had."""
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in LONG)}
    items.sort(key=lambda item: item.path not in long)
