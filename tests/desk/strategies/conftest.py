"""A desk with a small book, and users who propose and approve."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from forbear.desk.imports.importing import import_book
from forbear.desk.people import approvals
from forbear.desk.strategies import versions
from forbear.testing.books import write_good_book

NOW = datetime(2026, 6, 30, 20, tzinfo=UTC)
AS_OF = date(2026, 6, 30)


def text(more: str = "", *, version: str = "1", base: str = "sample") -> str:
    """A strategy of the tests' own."""
    return f'extends = "{base}"\nname = "ours"\nversion = "{version}"\n{more}'


@pytest.fixture
def people(user_of):
    """Manager, another manager, compliance."""
    return user_of("manager"), user_of("manager", "manager2"), user_of("compliance")


@pytest.fixture
def held(people):
    """Puts a text in force, proposed by the manager and approved by compliance; gives the version."""

    def put(given: str, at: datetime = NOW):
        manager, _, compliance = people
        version = versions.write(manager, given, "", at)
        approvals.approve(compliance, versions.propose(manager, version.pk, at).pk, at)
        return version

    return put


@pytest.fixture
def on_the_desk(tmp_path):
    """A good book of 25 loans, brought in."""
    write_good_book(tmp_path / "book", loans=25, seed=5)
    return import_book(tmp_path / "book", actor="tests", at=NOW)
