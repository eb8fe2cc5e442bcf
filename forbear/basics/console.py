"""How commands speak: words for people on stderr, answers on stdout, progress on anything slow."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from rich.table import Table

PROGRESS_AFTER_SECONDS = 2.0
"""A step shorter than this shows nothing; people notice waits from about two seconds."""


WIDEST_TABLE = 1000
"""Columns that a printed table may take, however narrow the terminal."""


class Format(StrEnum):
    """The forms a command's answer comes in."""

    text = "text"
    json = "json"


answers = Console(file=sys.stdout, soft_wrap=True, highlight=False)
words = Console(file=sys.stderr, stderr=True, soft_wrap=True, highlight=False)


def print_json(answer: Any) -> None:
    """Print `answer` as JSON on stdout; dates and Decimals become strings.

    Chinese stays Chinese, but is escaped where stdout's encoding cannot say it: the answer is JSON everywhere.
    """
    text = json.dumps(answer, ensure_ascii=False, indent=2, default=str) + "\n"
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(answer, indent=2, default=str) + "\n"
    sys.stdout.write(text)


def speak_any_encoding() -> None:
    """Let stdout and stderr escape what their encoding cannot say, where they would else stop midway."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_table(table: Table) -> None:
    """Print `table` on stdout as wide as its cells need: a narrow terminal wraps lines, it never cuts an amount."""
    needed = answers.measure(table, options=answers.options.update(width=WIDEST_TABLE)).maximum
    shown, answers.width = answers.width, max(answers.width, needed)
    try:
        answers.print(table, width=needed)
    finally:
        answers.width = shown


_COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())


class Steps:
    """Named steps of a long job; shows the running step, and the seconds it took when it was a slow one."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Time the body as `name`; show it on a terminal while it runs: a spinner, a bar once parts are counted.

        Gives a function that takes the parts done and their number.
        """
        began = time.perf_counter()
        shown = not self.quiet and words.is_terminal
        bar = Progress(*_COLUMNS, console=words, transient=True, disable=not shown)
        task = bar.add_task(name, total=None)
        bar.start()
        try:
            yield lambda done, parts: bar.update(task, completed=done, total=parts)
        finally:
            bar.stop()
            took = time.perf_counter() - began
            self.seconds[name] = self.seconds.get(name, 0.0) + took
            if not self.quiet and took >= PROGRESS_AFTER_SECONDS:
                words.print(f"{name}: {took:.1f} s", style="dim")
