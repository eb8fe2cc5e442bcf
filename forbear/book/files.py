"""Which files of a folder make which table, and their fingerprints.

A table is `loans.csv`, `loans.parquet`, `loans-2026-01.csv.gz`, or every such file in a folder `loans/`; several
files of one table are read as one. What the folder holds besides is named, not guessed at.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from forbear.basics.errors import UnreadableFile
from forbear.book.schema import TABLES

FORMATS = ("csv", "parquet")
SETTINGS_FILE = "book.toml"
_ENDING = re.compile(r"\.(csv|parquet)(\.gz)?$", re.IGNORECASE)
_IGNORED = re.compile(r"^[._]|^readme|^licen[cs]e", re.IGNORECASE)


@dataclass(frozen=True)
class BookFile:
    """One input file: the table (or mapping source) it feeds, its name below the book, and its fingerprint."""

    table: str
    name: str
    path: Path
    format: str
    gzipped: bool
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Found:
    """The files of a folder: those that make tables, by table, and those that make none."""

    tables: dict[str, list[Path]]
    strangers: tuple[Path, ...]


def open_folder(path: Path) -> Path:
    """The folder of a book, resolved.

    Raises:
        UnreadableFile: nothing is there, or it is not a folder.
    """
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "does not exist"
        raise UnreadableFile(f"{path} {what}", "a book is a folder with loans, installments, … as CSV or Parquet")
    return path.resolve()


def find(root: Path) -> Found:
    """Sort the files below `root` into tables by their names; files of no table are strangers."""
    tables: dict[str, list[Path]] = {}
    strangers: list[Path] = []
    for path in walk(root):
        table = table_of(path.relative_to(root))
        if table:
            tables.setdefault(table, []).append(path)
        else:
            strangers.append(path)
    return Found({name: tables[name] for name in TABLES if name in tables}, tuple(strangers))


def walk(root: Path) -> list[Path]:
    """Files below `root` in byte order of their names, without hidden ones, notes and the book's settings."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not _IGNORED.match(f))
        found += [Path(folder, n) for n in names if not _IGNORED.match(n) and n != SETTINGS_FILE]
    return sorted(found, key=lambda p: p.relative_to(root).as_posix().encode(errors="surrogateescape"))


def table_of(relative: Path) -> str | None:
    """The table a file belongs to by its first folder or its name, or None."""
    if not _ENDING.search(relative.name):
        return None
    first = relative.parts[0].lower()
    if len(relative.parts) > 1:
        return first if first in TABLES else None
    stem = _ENDING.sub("", first)
    return next((t for t in TABLES if stem == t or re.match(rf"{t}[-_.\d]", stem)), None)


def format_of(path: Path) -> tuple[str, bool]:
    """(`csv` or `parquet`, gzipped) by the file's name; any other ending counts as CSV."""
    ending = _ENDING.search(path.name)
    if ending:
        return ending.group(1).lower(), bool(ending.group(2))
    return "csv", path.name.lower().endswith(".gz")


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes, streamed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def book_files(root: Path, tables: Iterable[tuple[str, Sequence[Path]]]) -> tuple[BookFile, ...]:
    """Describe files by the table they feed, fingerprints taken side by side."""
    wanted = [(table, path) for table, paths in tables for path in paths]
    with ThreadPoolExecutor() as pool:
        prints = list(pool.map(fingerprint, (path for _, path in wanted)))
    return tuple(_described(root, table, path, sha) for (table, path), sha in zip(wanted, prints, strict=True))


def _described(root: Path, table: str, path: Path, sha: str) -> BookFile:
    form, gzipped = format_of(path)
    return BookFile(table, path.relative_to(root).as_posix(), path, form, gzipped, path.stat().st_size, sha)
