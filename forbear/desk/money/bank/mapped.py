"""A bank's CSV export, read through a mapping: every cell either read exactly or named as a fault.

Cells are brought to one form first (full-width letters plain, tabs and spaces around them gone), and so are the column
names of the mapping. Where rows carry a balance they must follow from one another, forwards or backwards in time.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from forbear.basics.money import minor_digits
from forbear.desk.money.bank.mapping import Day, Mapping, Words
from forbear.desk.money.bank.movements import Faults, Movement, Statement, plain, possible_day


class Row(NamedTuple):
    """A row of the table: its line in the file and its cells by column."""

    line: int
    cells: dict[str, str]


class Read(NamedTuple):
    """A movement with what else its row says."""

    movement: Movement
    account: str
    currency: str
    balance: int | None


def read_mapped(data: bytes, file: str, mapping: Mapping) -> list[Statement]:
    """The statements of a CSV file: one an account and currency.

    Raises:
        Faulty: it has faults; names all of them.
    """
    faults = Faults(file)
    text = _decoded(data, mapping, faults)
    faults.refuse()
    rows, around = _table(text, mapping, faults)
    faults.refuse()
    account = _account(around, mapping)
    read = [one for row in rows for one in _read(row, mapping, account, faults)]
    faults.refuse()
    statements = _statements(read, faults)
    _check_totals(around, read, mapping, faults)
    faults.refuse()
    return statements


def _decoded(data: bytes, mapping: Mapping, faults: Faults) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for encoding in mapping.encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    faults.add("the file", "encoding", "", f"text in {' or '.join(mapping.encodings)}")
    return ""


def _table(text: str, mapping: Mapping, faults: Faults) -> tuple[list[Row], list[str]]:
    """The rows, and the lines around them."""
    lines = [f"{line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    head = next((n for n, line in enumerate(lines) if plain(mapping.header) in _cells(line, mapping)), None)
    if head is None:
        faults.add("the file", mapping.header, "", "a line of column names that has it; is this the right mapping?")
        return [], []
    end = next((n for n in range(head + 1, len(lines)) if _ends(lines[n], mapping)), len(lines))
    names = _cells(lines[head], mapping)
    if doubled := {name for name in names if name and names.count(name) > 1}:
        faults.add(f"row {head + 1}", ", ".join(sorted(doubled)), "", "each column once")
    for name in _needed(mapping) - set(names):
        faults.add(f"row {head + 1}", name, "", "this column; the mapping names it")
    rows = list(_rows("".join(lines[head + 1 : end]), head + 2, names, mapping, faults))
    return rows, lines[:head] + lines[end:]


def _cells(line: str, mapping: Mapping) -> list[str]:
    try:
        found = next(csv.reader([line], delimiter=mapping.delimiter), [])
    except csv.Error:  # no line of a table
        return []
    return [plain(cell) for cell in found]


def _ends(line: str, mapping: Mapping) -> bool:
    bare = line.strip()
    return mapping.blank_ends and (not bare or (bool(mapping.comment) and bare.startswith(mapping.comment)))


def _needed(mapping: Mapping) -> set[str]:
    """The columns without which a row says nothing; the others may be missing from an export."""
    columns = mapping.columns
    wanted = [columns.booked_on.column, columns.amount, columns.credit, columns.debit, mapping.header]
    wanted += [words.column for words in (columns.incoming, columns.booked) if words]
    return {plain(name) for name in wanted if name}


def _rows(text: str, first: int, names: list[str], mapping: Mapping, faults: Faults) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
    line = first
    try:
        for cells in reader:
            here, line = line, first + reader.line_num
            values = [plain(cell) for cell in cells]
            if not any(values) or (mapping.comment and values[0].startswith(mapping.comment)):
                continue
            while len(values) > len(names) and not values[-1]:  # a delimiter at the end of each row
                values.pop()
            if len(values) != len(names):
                faults.add(f"row {here}", "the row", str(len(values)), f"{len(names)} cells, as the header has")
                continue
            yield Row(here, dict(zip(names, values, strict=True)))
    except csv.Error as broken:
        faults.add(f"row {line}", "the row", "", f"well-formed CSV to the end of the file ({broken})")


def _account(around: list[str], mapping: Mapping) -> str:
    found = (re.search(mapping.account_line, plain(line)) for line in around)
    named = next((match[1] for match in found if match), "")
    return re.sub(r"[\s-]", "", named) or mapping.account


def _read(row: Row, mapping: Mapping, account: str, faults: Faults) -> Iterator[Read]:
    cell, columns, where = _Cells(row, mapping), mapping.columns, f"row {row.line}"
    booked = _means(columns.booked, cell, where, faults) if columns.booked else True
    currency = cell.of(columns.currency)
    currency = faults.currency(
        where, columns.currency or "currency", mapping.currencies.get(currency, currency) or mapping.currency
    )
    booked_on = _day(columns.booked_on, cell, where, faults)
    signed, taken_back = _amount(cell, mapping, where, currency, faults)
    own = re.sub(r"[\s-]", "", cell.of(columns.account)) or account
    if not own:
        faults.add(
            where, columns.account or "account", "", "the lender's account: `account` in the mapping names it"
        )
    if booked_on is None or not signed:
        return
    yield Read(
        Movement(
            where,
            abs(signed),
            signed > 0,
            booked_on,
            reversal=taken_back or _means(columns.reversal, cell, where, faults),
            booked=booked,
            value_on=_day(columns.value_on, cell, where, faults) if columns.value_on else None,
            instant=cell.of(columns.time) or cell.of(columns.booked_on.column),
            reference=cell.of(columns.reference),
            payer_name=cell.of(columns.payer_name),
            payer_account=cell.of(columns.payer_account),
            text=" | ".join(dict.fromkeys(filter(None, map(cell.of, columns.text)))),
        ),
        own,
        currency,
        _signed(cell.of(columns.balance), columns.balance, mapping, where, currency, faults),
    )


class _Cells:
    """A row's cells by the mapping's own names; what means no value is empty."""

    def __init__(self, row: Row, mapping: Mapping) -> None:
        self.cells, self.none = row.cells, {plain(text) for text in mapping.none}

    def of(self, column: str) -> str:
        value = self.cells.get(plain(column), "") if column else ""
        return "" if value in self.none else value


def _means(words: Words | None, cell: _Cells, where: str, faults: Faults) -> bool:
    if words is None:
        return False
    said = cell.of(words.column)
    if said not in words.yes and words.no and said not in words.no:
        faults.add(where, words.column, said, f"one of {', '.join((*words.yes, *words.no))}")
    return said in words.yes


def _day(day: Day, cell: _Cells, where: str, faults: Faults) -> date | None:
    said = cell.of(day.column)
    for form in day.formats:
        try:
            found = datetime.strptime(said, form).date()  # noqa: DTZ007 - a bank's day has no zone
        except ValueError:
            continue
        if possible_day(found):
            return found
    faults.add(where, day.column, said, f"a day as {' or '.join(day.formats)}")
    return None


def _amount(cell: _Cells, mapping: Mapping, where: str, currency: str, faults: Faults) -> tuple[int, bool]:
    """A row's amount, below zero where money went out, and whether it is written as taking an earlier one back."""
    columns = mapping.columns

    def read(column: str) -> int | None:
        return _signed(cell.of(column), column, mapping, where, currency, faults)

    if columns.amount:
        minor = read(columns.amount)
        if minor is None:
            faults.add(where, columns.amount, "", "an amount")
            return 0, False
        if columns.incoming:
            return (minor if _means(columns.incoming, cell, where, faults) else -minor), minor < 0
        return minor, False
    came, went = read(columns.credit) or 0, read(columns.debit) or 0
    went = -went if columns.debit_is_negative else went
    if came and went:
        faults.add(where, f"{columns.credit}, {columns.debit}", f"{came}, {went}", "an amount in one of the two")
    return came - went, came < 0 or went < 0


def _signed(said: str, column: str, mapping: Mapping, where: str, currency: str, faults: Faults) -> int | None:
    if not said:
        return None
    bare = said.translate({ord(sign): None for sign in mapping.thousands + " ¥￥$€"})
    negative = bare.startswith(("-", "−", "(")) or bare.endswith("-")
    minor = faults.amount(where, column, bare.strip("-−()"), currency, zero=True)
    return -minor if negative else minor


def _statements(read: list[Read], faults: Faults) -> list[Statement]:
    made = []
    for account, currency in dict.fromkeys((one.account, one.currency) for one in read):
        rows = [one for one in read if (one.account, one.currency) == (account, currency)]
        opening, closing = _balances([one for one in rows if one.movement.booked], faults)
        moves = tuple(one.movement for one in rows)
        made.append(Statement(rows[0].movement.where, account, currency, "", opening, closing, moves))
    return made


def _balances(rows: list[Read], faults: Faults) -> tuple[int | None, int | None]:
    """Opening and closing balance, once every row's balance follows from the one before it in time."""
    if not rows or any(one.balance is None for one in rows):
        return None, None
    breaks = [_first_break(order) for order in (rows, rows[::-1])]
    order, broken = next(
        ((order, at) for order, at in zip((rows, rows[::-1]), breaks, strict=True) if at is None), (rows, breaks[0])
    )
    if broken is not None:
        before, here = rows[broken - 1], rows[broken]
        wanted = (before.balance or 0) + here.movement.signed
        faults.add(
            here.movement.where, "balance", str(here.balance), f"{wanted} minor units: rows are missing or changed"
        )
    first, last = order[0], order[-1]
    return (first.balance or 0) - first.movement.signed, last.balance


def _first_break(rows: list[Read]) -> int | None:
    pairs = enumerate(pairwise(rows), 1)
    return next((n for n, (a, b) in pairs if (a.balance or 0) + b.movement.signed != b.balance), None)


def _check_totals(around: list[str], read: list[Read], mapping: Mapping, faults: Faults) -> None:
    digits = minor_digits(mapping.currency)
    for incoming, pattern in ((True, mapping.totals.credit), (False, mapping.totals.debit)):
        ours = [one.movement.amount for one in read if one.movement.incoming is incoming]
        for line in around:
            if told := re.search(pattern, plain(line)):
                count, total = int(told[1]), re.sub(r"[,+-]", "", told[2])
                here = f"{len(ours)} of {sum(ours) / 10**digits:.{digits}f}"
                same = count == len(ours) and faults.amount(
                    "totals", told[0], total, mapping.currency, zero=True
                ) == sum(ours)
                if not same:
                    faults.add(
                        "totals", "credit" if incoming else "debit", told[0], f"{here}, what the rows come to"
                    )
