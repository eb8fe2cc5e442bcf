"""The compliance guide's files, commands and tables, taken from its pages and made anew.

Run as a program (`.venv/bin/python tests/conduct/compliance_page.py`) it writes what commands answer, and the tables
of rules, into both pages; the tests beside it hold the pages to what is so made.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from forbear.conduct.listing import language_of, rewritten

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (DOCS / "compliance.md", DOCS / "compliance.zh.md")
FILE = re.compile(r"```(?:yaml|csv) (\S+)\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"```console\n\$ (.*?)\n(.*?)```", re.DOTALL)
VERDICT = re.compile(r"```json (\S+)\n(.*?)```", re.DOTALL)
JUDGED = "gate judge --acts acts.csv --history contacts.csv --facts facts.csv --pack cn --as-then --format json"
UNSHOWN = " test --pack "
"""Commands of which the page shows only that they end well: their count of examples grows with every pack."""


def files(page: Path) -> dict[str, str]:
    """The files that a page shows, by name."""
    return dict(FILE.findall(page.read_text(encoding="utf-8")))


@cache
def folder() -> Path:
    """A folder with the files of the English page."""
    made = Path(tempfile.mkdtemp(prefix="compliance-"))
    for name, text in files(PAGES[0]).items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    return made


@cache
def run(command: str) -> tuple[int, str]:
    """Exit code and everything a `forbear` command says in that folder."""
    program = [sys.executable, "-c", "from forbear.cli import main; main()", *shlex.split(command)]
    done = subprocess.run(program, cwd=folder(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode()


def verdict(act_id: str) -> str:
    """One verdict as JSON, without the rules that allowed the act."""
    told = json.loads(run(JUDGED)[1])
    one = next(v for v in told if v["act_id"] == act_id)
    one["answers"] = [a for a in one["answers"] if a["answer"] != "allowed"]
    return json.dumps(one, ensure_ascii=False, indent=2) + "\n"


def shown(command: str) -> str:
    """What the page shows below a command."""
    return "" if UNSHOWN in command else run(command.removeprefix("forbear "))[1]


def made_anew(page: Path) -> str:
    """A page with its answers and tables as they are now."""
    text = page.read_text(encoding="utf-8")
    text = COMMAND.sub(lambda m: f"```console\n$ {m[1]}\n{shown(m[1])}```", text)
    text = VERDICT.sub(lambda m: f"```json {m[1]}\n{verdict(m[1])}```", text)
    return rewritten(text, language_of(page))


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(made_anew(each), encoding="utf-8")
