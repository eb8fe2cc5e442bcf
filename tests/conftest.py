"""How tests are dealt to the processes of `make test`: a file at a time, the longest groups first.

What a file sets up once (a book closed, a desk started) is then set up in one process alone. Groups that span files,
`@pytest.mark.xdist_group`, share what takes longest: one Spark, one demo. They begin first, so that the other process
is not left idle at the end.
"""

from __future__ import annotations

import pytest

OWN_GROUP = "xdist_group"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make each file a group, unless a test names its own; those that do come first, in the order of their files."""
    items.sort(key=lambda item: item.get_closest_marker(OWN_GROUP) is None)
    for item in items:
        if item.get_closest_marker(OWN_GROUP) is None:
            item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name}/{item.path.stem}"))
