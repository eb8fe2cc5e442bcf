"""A CSV file as DuckDB reads it here: what its header says, and nothing guessed.

DuckDB's own guessing would pass over lines it takes for a preamble or for comments, and a borrower whose id begins
with # would be gone without a word, one whose id is 007 be number 7. Here the header names the columns, every cell is
text, and every row must have as many cells as the header.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from forbear.basics.errors import UnreadableFile

_LINE = re.compile(r"CSV Error on Line: (\d+)")
_CELLS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_BROKEN = "\N{REPLACEMENT CHARACTER}"
_HINT = "give UTF-8 text with a header, commas between cells, quotes around cells that hold commas"


def header(path: Path) -> list[str]:
    """The names of the columns, as the first line has them, blanks around them gone.

    Raises:
        UnreadableFile: no such file, not UTF-8, or nothing in it.
    """
    try:
        # what follows the header is read along with it, and is DuckDB's to judge
        with path.open(encoding="utf-8-sig", errors="replace") as text:
            names = [name.strip() for name in next(csv.reader(text), [])]
    except OSError as unread:
        raise UnreadableFile(
            f"{path}: cannot be read: {unread.strerror}", "name a file that can be read"
        ) from unread
    except csv.Error as unread:
        raise UnreadableFile(f"{path}: cannot be read: the header: {unread}", _HINT) from unread
    if any(_BROKEN in name for name in names):
        raise UnreadableFile(f"{path}: cannot be read: the header is not UTF-8 text", _HINT)
    if not any(names):
        raise UnreadableFile(f"{path}: the first line is empty; it should name the columns", _HINT)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableFile(f"{path}: column {twice[0]} stands there twice", "give each column once")
    return names


def reading(path: Path, names: list[str]) -> str:
    """The SQL that reads the file, with these columns and every cell as text.

    Args:
        path: the file.
        names: what `header` found.
    """
    columns = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in names)
    return (
        f"SELECT * FROM read_csv({_quoted(str(path))}, auto_detect = false, header = true, delim = ',', "
        f"quote = '\"', escape = '\"', columns = {{{columns}}})"
    )


def unreadable(path: Path, unread: Exception) -> UnreadableFile:
    """The error for a file that DuckDB could not read, with the line and what is wrong there."""
    told = " ".join(str(unread).split())
    line, cells = _LINE.search(told), _CELLS.search(told)
    place = f"{path}, line {line[1]}" if line else f"{path}"
    if cells:
        found = f"{cells[2]} cells, expected {cells[1]} as in the header"
        return UnreadableFile(f"{place}: {found}", _HINT)
    for sign, wrong in _WRONG.items():
        if sign in told:
            return UnreadableFile(f"{place}: {wrong}", _HINT)
    return UnreadableFile(f"{place}: cannot be read: {told[:300]}", _HINT)


_WRONG = {
    "Invalid unicode": "not UTF-8 text",
    "unterminated quote": "a quote that is opened and not closed, or text behind a closing quote",
    "Maximum line size": "the line is too long; a quote that is opened and not closed may be the cause",
    "invalid state": "not CSV throughout; lines that end differently in one file may be the cause",
}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
