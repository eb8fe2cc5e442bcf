"""The docs are true where a machine can tell: each command with its options exists, each setting is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from forbear.cli import app

COMMANDS = get_command(app)
ROOT = Path(__file__).parents[1]
PAGES = sorted(p for folder in (ROOT, ROOT / "docs") for p in folder.glob("*.md") if p.name != "CHANGELOG.md")
SETTING = re.compile(r"FORBEAR_[A-Z]+(?:_[A-Z]+)*")
OURS_ALONE = {
    *("FORBEAR_BIND", "FORBEAR_WORKERS", "FORBEAR_THREADS", "FORBEAR_CONTACT_CLOCK", "FORBEAR_STORM_CLOCK"),
    *("FORBEAR_CONTACT_CARE", "FORBEAR_CONTACT_ASK_AGAIN"),
    *("FORBEAR_SIGNATURE", "FORBEAR_TIMESTAMP"),  # parts of a header's name
}
"""Between the desk's own processes, or for tests: nobody sets them."""


def told_commands(text: str) -> list[str]:
    """What stands after `forbear` in the lines of consoles and between back-ticks."""
    lines = re.findall(r"(?m)^\s*\$ (?:[A-Z_]+=\S+ |echo [^|]*\| )?(?:fb|forbear) (.*)$", text)
    # quotes and $(...) may hold other programs' words; what follows a pipe or && is another command
    bare = [re.sub(r'"[^"]*"|\$\([^)]*\)', "X", line) for line in lines]
    return [re.split(r"\s(?:\||>|&|;|#)", line)[0] for line in bare] + re.findall(r"`forbear ([a-z][^`]*)`", text)


def wrong(told: str) -> str:
    """What of a command is not there; empty when all is."""
    command, words = COMMANDS, told.split()
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return words[0] if words[0][0].isalpha() and "|" not in words[0] else ""
        command = command.commands[words.pop(0)]
    known = {"--help", *(name for given in command.params for name in (*given.opts, *given.secondary_opts))}
    asked = [word.strip("[]`|,.;:)('").partition("=")[0] for word in words]
    return " ".join(w for w in asked if re.fullmatch(r"--[a-z][a-z-]*|-[a-zA-Z]", w) and w not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_of_a_page_is_there_with_its_options(page):
    found = [(told, bad) for told in told_commands(page.read_text(encoding="utf-8")) if (bad := wrong(told))]
    assert not found


@pytest.mark.parametrize(
    ("planted", "bad"),
    [
        ("$ forbear desk migrate", "migrate"),
        ("$ forbear close BOOK --as-off 2026-06-30 | tee log", "--as-off"),
        ("say `forbear ledger verify --date 1`", "--date"),
        ("$ fb desk user add anna --rule agent", "--rule"),
    ],
)
def test_what_is_not_there_is_found(planted, bad):
    assert [wrong(told) for told in told_commands(planted)] == [bad]


def test_every_setting_is_told_and_every_told_one_is_read():
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    code = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "forbear").rglob("*.py")))
    read, told = set(SETTING.findall(code)) - OURS_ALONE, set(SETTING.findall(pages))
    begun = {name for name in told if any(one.startswith(f"{name}_") for one in read)}  # FORBEAR_OIDC_...
    assert not {name for name in read - told if not any(name.startswith(f"{one}_") for one in begun)}
    assert told - read - begun <= {"FORBEAR_SHARED", "FORBEAR_PICTURES"}  # of the tests
