"""Lines of CSV files that could not be split: which loan each belongs to.

A broken line is out of every table, so the loan it was about must go too. The loan is found by looking for known
loan_ids (or borrower_ids) among the line's pieces. A line that names none leaves the book with an unknown hole,
which no quarantine can close.
"""

from __future__ import annotations

import re

from forbear.book.book import Book
from forbear.book.faults import Fault, fault
from forbear.book.text import BadLine
from forbear.book.views import SCHEMA

_PIECES = re.compile(r"[,;|\t\r\n]")
LINES_AT_ONCE = 10_000
SELF_NAMING = frozenset(("loans", "borrowers"))
"""Tables whose broken line takes a whole loan or person with it: rows that need it then refer to nothing."""


def place_lines(book: Book, found_table: str) -> list[Fault]:
    """Add the loans of all broken lines to `found_table` (no rule is counted twice); name lines without a loan."""
    lost = [(raw, bad) for raw in book.raws for bad in raw.bad_lines]
    unplaced = []
    for start in range(0, len(lost), LINES_AT_ONCE):
        some = lost[start : start + LINES_AT_ONCE]
        pieces = [(n, piece) for n, (_, bad) in enumerate(some) for piece in _pieces(bad.text)]
        owners = _owners(book, pieces)
        for number, (raw, bad) in enumerate(some):
            if number not in owners and raw.file.table not in SELF_NAMING:
                unplaced.append(_unplaced(raw.file.name, raw.file.table, bad))
        _insert(book, found_table, sorted({loan for loans in owners.values() for loan in loans}))
    return unplaced


def _unplaced(file: str, table: str, bad: BadLine) -> Fault:
    return fault("unplaced_line", file, bad.row, value=bad.text, table=table, personal=True)


def _pieces(text: str) -> list[str]:
    return [p for p in (piece.strip(" \"'") for piece in _PIECES.split(text)) if p]


def _owners(book: Book, pieces: list[tuple[int, str]]) -> dict[int, list[str]]:
    connection = book.connection
    connection.execute("CREATE OR REPLACE TEMP TABLE forbear_pieces (line INTEGER, piece VARCHAR)")
    connection.execute(
        "INSERT INTO forbear_pieces SELECT unnest(?), unnest(?)", [[n for n, _ in pieces], [p for _, p in pieces]]
    )
    known = f"""SELECT loan_id, borrower_id FROM {SCHEMA}.loans UNION
        SELECT loan_id, NULL FROM {SCHEMA}.installments UNION SELECT loan_id, NULL FROM {SCHEMA}.statuses"""
    owners: dict[int, list[str]] = {}
    for column in ("loan_id", "borrower_id"):
        named = f"""SELECT DISTINCT line, CAST(l.loan_id AS VARCHAR) FROM forbear_pieces
            JOIN ({known}) AS l ON CAST(l.{column} AS VARCHAR) = piece WHERE l.loan_id IS NOT NULL"""
        for line, loan in connection.execute(named).fetchall():
            owners.setdefault(line, []).append(loan)
    return owners


def _insert(book: Book, found_table: str, loans: list[str]) -> None:
    if loans:
        book.connection.execute(
            f"INSERT INTO {found_table} SELECT '{LINE_LOAN}', '', '', 0, '', '', '', false, unnest(?), NULL",
            [loans],
        )


LINE_LOAN = "broken_line_loan"
"""Marks loans of broken lines in the table of findings; not a rule, so never counted."""
