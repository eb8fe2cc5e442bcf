"""The house habits, held: sizes, docstrings, clocks, addresses, imports; each rule catches a planted violation."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "forbear"

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70
# Assembled so that this file does not trip its own rule.
FORBIDDEN_ADDRESSES = re.compile(
    "|".join(
        (
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            "npmjs" + r"\.(org|com)",
            r"registry\." + "npm",
            "deb" + r"\.debian\.org",
        )
    )
)


def long_file(source: str) -> list[str]:
    """What is wrong with a file's length."""
    lines = source.count("\n")
    return [f"{lines} lines, at most {MAX_FILE_LINES}"] if lines > MAX_FILE_LINES else []


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def long_functions(source: str) -> list[str]:
    """Functions over the limit, their docstring not counted."""
    found = []
    for function in functions(source):
        body = function.body
        documented = ast.get_docstring(function) is not None and len(body) > 1
        first = body[1].lineno if documented else function.lineno
        lines = (function.end_lineno or first) - first + 1
        if lines > MAX_FUNCTION_LINES:
            found.append(f"{function.name} has {lines} lines, at most {MAX_FUNCTION_LINES}")
    return found


def wall_clock(source: str) -> list[str]:
    """Calls that read the wall clock inside the engine; time is passed in."""
    names = {"now", "utcnow", "today"}
    return [
        f"line {node.lineno} reads the wall clock: pass the time in"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def addresses(source: str) -> list[str]:
    return [f"names a package registry: {hit}" for hit in FORBIDDEN_ADDRESSES.findall(source)]


def undocumented_module(source: str) -> list[str]:
    return [] if ast.get_docstring(ast.parse(source)) else ["has no module docstring"]


RULES_FOR_CODE = (long_file, long_functions, undocumented_module)


def modules() -> list[Path]:
    """Ours; not what was built elsewhere, nor migrations, which Django writes and which no one edits."""
    return sorted(p for p in PACKAGE.rglob("*.py") if not {"vendor", "migrations"} & set(p.parts))


def tracked_text_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    return [
        ROOT / n
        for n in names
        if n and (ROOT / n).suffix in {".py", ".txt", ".toml", ".md", ".yaml", ".cfg", ".sh", ".in", ""}
    ]


@pytest.mark.parametrize("rule", RULES_FOR_CODE, ids=lambda r: r.__name__)
def test_every_module_keeps_the_habit(rule):
    broken = [f"{p.relative_to(ROOT)}: {said}" for p in modules() for said in rule(p.read_text())]
    assert not broken, "\n".join(broken)


def test_the_engine_never_reads_the_wall_clock():
    engine = [p for p in modules() if not {"desk", "commands", "testing"} & set(p.parts)]
    broken = [f"{p.relative_to(ROOT)}: {said}" for p in engine for said in wall_clock(p.read_text())]
    assert not broken, "\n".join(broken)


def test_no_file_names_a_package_registry():
    files = [p for p in tracked_text_files() if p.is_file() and "vendor" not in p.parts]
    broken = [f"{p.relative_to(ROOT)}: {said}" for p in files for said in addresses(p.read_text(errors="replace"))]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "planted"),
    [
        (long_file, '"""A file."""\n' + "x = 1\n" * (MAX_FILE_LINES + 1)),
        (long_functions, '"""A file."""\ndef f():\n' + "    x = 1\n" * (MAX_FUNCTION_LINES + 1)),
        (undocumented_module, "x = 1\n"),
        (wall_clock, '"""A file."""\nfrom datetime import date\nd = date.today()\n'),
        (addresses, "index = https://" + "py" + "pi.org/simple"),
    ],
    ids=lambda value: getattr(value, "__name__", "planted"),
)
def test_a_planted_violation_is_caught(rule, planted):
    assert rule(planted)


IMPORT_CONTRACT_VIOLATIONS = [
    ("forbear/basics/planted.py", '"""Planted."""\nimport forbear.book\n'),
    ("forbear/loans/planted.py", '"""Planted."""\nimport forbear.aging\n'),
    ("forbear/aging/planted.py", '"""Planted."""\nimport forbear.conduct\n'),
    ("forbear/conduct/planted.py", '"""Planted."""\nimport forbear.night\n'),
]


@pytest.mark.parametrize(("where", "planted"), IMPORT_CONTRACT_VIOLATIONS, ids=lambda value: str(value)[:24])
def test_an_import_against_the_stream_breaks_the_contract(where, planted, tmp_path):
    """A copy with one planted import must fail: a contract whose path moved would pass for ever."""
    shutil.copytree(PACKAGE, tmp_path / "forbear", ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in ("book", "aging", "conduct", "night", Path(where).parts[1]):
        (tmp_path / "forbear" / room).mkdir(exist_ok=True)
        (tmp_path / "forbear" / room / "__init__.py").touch()
    (tmp_path / where).write_text(planted)
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run(
        [str(linter), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    assert told.returncode == 1, told.stdout + told.stderr
    assert "BROKEN" in told.stdout
