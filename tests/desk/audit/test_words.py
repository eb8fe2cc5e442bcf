"""Every action that is told to the audit log has a name that people read, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.utils import translation

import forbear.desk
from forbear.desk.audit.words import ACTIONS
from forbear.desk.contact.models import SWITCH_MODES

DESK = Path(forbear.desk.__file__).parent


def told_actions():
    """(action, file) of each call of the log's `record` that names its action in so many words."""
    for file in DESK.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        if "audit.log import record" not in source:
            continue
        for call in ast.walk(ast.parse(source)):
            named = isinstance(call, ast.Call) and getattr(call.func, "id", "") == "record" and len(call.args) > 1
            if named and isinstance(call.args[1], ast.Constant):
                yield call.args[1].value, file.name


def test_every_action_has_a_name():
    told = set(told_actions())
    assert len(told) > 80, "the search finds the calls"
    assert sorted((action, file) for action, file in told if action not in ACTIONS) == []
    assert [mode for mode in SWITCH_MODES if f"contact.{mode}" not in ACTIONS] == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_names_differ(language):
    with translation.override(language):
        said = [str(name) for name in ACTIONS.values()]
    assert len(set(said)) == len(said)
