"""In which order tests are dealt to the processes of `make test`, a file at a time: the longest begin.

What a file sets up once (a book closed, a desk started) is so set up in one process alone. Spark and the browser's
tours take longest: begun last, one of them would leave the other process idle at the end.
"""

from __future__ import annotations

from collections import Counter

import pytest

LONG = ("spark", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files that hold long tests first, all else in its order; see that each test has a name of its own.

    Tests are dealt by name: of several with one name a single one would run, and nobody would miss the others.
    """
    _named_apart(items)
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in LONG)}
    items.sort(key=lambda item: item.path not in long)


def _named_apart(items: list[pytest.Item]) -> None:
    """Give back the operation that pytest 9.2 drops from the names of schemathesis's tests.

    Raises:
        pytest.UsageError: two tests have one name still.
    """
    count = Counter(item.nodeid for item in items)
    for item in items:
        if count[item.nodeid] > 1:
            item._id = type(item._id).parse(f"{item.nodeid}[{item.name.partition('[')[2]}")
    doubled = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if doubled:
        raise pytest.UsageError(f"tests of one name, of which a single one would run: {', '.join(doubled[:3])}")
