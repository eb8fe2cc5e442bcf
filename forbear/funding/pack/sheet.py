"""The pack as a spreadsheet: a sheet a section, figures as numbers, each counted one with its meaning and derivation.

Amounts are written as numbers of the major unit. A spreadsheet keeps fifteen digits; an amount that needs more
is written as text, so that none is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from forbear.funding.pack.document import Cell, Section, Table, Writer, document

FORMATS = {"money": "#,##0.00", "count": "#,##0", "share": "0.00%", "plain": "General"}
EXACT_DIGITS = 15
WIDEST = 60


def sheet(told: Mapping[str, Any], language: str) -> bytes:
    """The pack of `funding.json` as an XLSX file; the same bytes for the same figures.

    Raises:
        WrongUse: there is no such language.
    """
    import xlsxwriter

    stream = BytesIO()
    write = Writer(told, language)
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties(
            {"title": write.say("phrases", "title"), "created": datetime.fromisoformat(told["as_of"])}
        )
        styles = _styles(book, told["minor_digits"])
        for section in document(told, language):
            _section(book, styles, section, f"{told['facility'] or ''} {told['as_of']} {told['currency']}".strip())
        _meanings(book, styles, write)
    return stream.getvalue()


def _styles(book: Any, digits: int) -> dict[str, Any]:
    formats = {**FORMATS, "money": "#,##0" + ("." + "0" * digits if digits else "")}
    styles = {kind: book.add_format({"num_format": form}) for kind, form in formats.items()}
    styles["text"] = book.add_format({"text_wrap": True, "valign": "top"})
    styles["title"] = book.add_format({"bold": True, "font_size": 14})
    styles["head"] = book.add_format({"bold": True, "bg_color": "#EEF3F8", "bottom": 1})
    return styles


def _section(book: Any, styles: Mapping[str, Any], section: Section, of: str) -> None:
    page = book.add_worksheet(_name(section.title))
    page.write_string(0, 0, section.title, styles["title"])
    page.write_string(1, 0, of)
    page.write_string(2, 0, section.lead)
    row = 4
    for table in section.tables:
        row = _table(page, styles, table, row) + 1
    for note in section.notes:
        page.write_string(row, 0, note)
        row += 1
    page.freeze_panes(5, 1)


def _table(page: Any, styles: Mapping[str, Any], table: Table, top: int) -> int:
    for column, head in enumerate(table.columns):
        page.write_string(top, column, head, styles["head"])
        widest = max([len(head) * 2, *(len(r[column].text) + 3 for r in table.rows)], default=10)
        page.set_column(column, column, min(WIDEST, max(10, widest)))
    for down, cells in enumerate(table.rows, start=1):
        for column, cell in enumerate(cells):
            _write(page, styles, top + down, column, cell)
    return top + len(table.rows) + 1


def _write(page: Any, styles: Mapping[str, Any], row: int, column: int, cell: Cell) -> None:
    exact = cell.number is not None and len(cell.number.normalize().as_tuple().digits) <= EXACT_DIGITS
    if exact:
        page.write_number(row, column, float(cell.number), styles[cell.kind])  # type: ignore[arg-type]
    else:
        page.write_string(row, column, cell.text, styles["text"])


def _meanings(book: Any, styles: Mapping[str, Any], write: Writer) -> None:
    """Each counted figure: its name, value, meaning, what it is the sum or count of and over how many loans."""
    figures = write.told["figures"]
    rows = tuple(
        (
            Cell(write.of(f["title"])),
            Cell(f["name"]),
            write.money(f["value"]) if f["is_money"] else write.count(f["value"]),
            Cell(write.of(f["meaning"])),
            Cell(write.of(f["derived"])),
            write.count(f["loans"]),
        )
        for f in figures
    )
    heads = (*write.columns("figure"), "name", *write.columns("value", "meaning", "derived", "loans"))
    page = book.add_worksheet(_name(write.say("columns", "meaning")))
    _table(page, styles, Table(heads, rows), 0)
    page.freeze_panes(1, 1)


def _name(title: str) -> str:
    """A sheet's name may have 31 characters and none of these."""
    return "".join(" " if c in "[]:*?/\\" else c for c in title)[:31].strip()
