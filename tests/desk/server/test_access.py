"""A command finds the desk it is told of, and begins none where it should only have stopped one."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from forbear.basics.errors import WrongUse
from forbear.cli import app
from forbear.desk.server.access import require_desk
from forbear.desk.server.keeping import DataFolder


@pytest.fixture(autouse=True)
def no_other_database(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.mark.parametrize("words", [["stop"], ["pause"], ["drain"], ["resume"], ["show"], ["work"]])
def test_a_switch_is_not_turned_where_no_desk_is(tmp_path, words):
    """A mistyped folder would get a desk of its own, in which everything is stopped, while the real one goes on."""
    nowhere = tmp_path / "nowhere"
    result = CliRunner().invoke(app, ["desk", "contact", *words, "--data", str(nowhere)])
    assert isinstance(result.exception, WrongUse)
    assert f"{nowhere}: no desk is there" in str(result.exception)
    assert not nowhere.exists()


def test_a_folder_that_was_a_desks_once_is_one(tmp_path):
    with DataFolder(tmp_path / "desk"):
        pass
    require_desk(tmp_path / "desk")


def test_a_database_elsewhere_is_a_desk(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere")
    require_desk(tmp_path)
