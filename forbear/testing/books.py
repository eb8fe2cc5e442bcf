"""Small good books, and a seeded fuzzer that breaks them in every way files get broken.

For tests, ours and those of people who build on Forbear: `write_good_book`, then `break_book` with a seed; the same
seed breaks the same book in the same way, so that a failing run can be replayed.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Rows = list[list[str]]

FORMS = ("csv", "csv.gz", "parquet")
_LOAN_HEADER = [
    "loan_id",
    "borrower_id",
    "disbursed_on",
    "principal",
    "annual_rate",
    "term",
    "currency",
    "product",
    "x_city",
]
_HEADERS = {
    "loans": _LOAN_HEADER,
    "installments": ["loan_id", "number", "due_on", "principal_due", "interest_due", "fees_due"],
    "payments": ["payment_id", "loan_id", "paid_on", "amount", "installment_number", "source"],
    "borrowers": ["borrower_id", "time_zone", "language", "region", "birth_year"],
    "contacts": ["contact_id", "borrower_id", "at", "channel", "direction", "result", "loan_id"],
    "events": ["event_id", "loan_id", "kind", "effective_on", "until_on", "payment_id", "recorded_on"],
}


@dataclass(frozen=True)
class Broken:
    """What was done to a book.

    Attributes:
        how: the name of the breakage.
        file: the file it was done to.
        row: the line (CSV) or row (Parquet) it was done to, when there is one.
        outcome: `named` (a check must name it), `harmless` (the book is as good as before), or `quiet` (it may have
            given another well-formed book, which only control totals can tell from the first).
    """

    how: str
    file: str
    row: int | None = None
    outcome: str = "named"


def good_rows(loans: int, seed: int) -> dict[str, Rows]:
    """The rows of a good book by table, each with its header first."""
    pick = random.Random(seed)  # noqa: S311 - made-up loans, not secrets
    rows: dict[str, Rows] = {table: [list(header)] for table, header in _HEADERS.items()}
    for number in range(1, loans + 1):
        _add_loan(rows, number, pick)
    return rows


def _add_loan(rows: dict[str, Rows], number: int, pick: random.Random) -> None:
    loan, person = f"LN{number:05d}", f"P{number:04d}"
    begun = date(2025, 1, 1) + timedelta(days=pick.randrange(200))
    term = pick.choice((1, 3, 6))
    part = pick.randrange(10_000, 90_000)
    product = pick.choice(("现金贷", "消费贷, 家电", '"随借"', "salary loan"))
    city = pick.choice(("上海", "成都", "Lagos"))
    rows["loans"].append([loan, person, str(begun), _major(part * term), "0.18", str(term), "CNY", product, city])
    rows["borrowers"].append([person, "Asia/Shanghai", "zh", "31", str(pick.randrange(1960, 2004))])
    for n in range(1, term + 1):
        due = begun + timedelta(days=30 * n)
        interest = pick.randrange(100, 900)
        rows["installments"].append([loan, str(n), str(due), _major(part), _major(interest), "0.00"])
        if pick.random() < 0.8:
            paid = begun + timedelta(days=30 * n + pick.randrange(-5, 40))
            key = f"PY{number:05d}-{n}"
            rows["payments"].append([key, loan, str(paid), _major(part + interest), str(n), "bank"])
    at = f"{begun + timedelta(days=31)}T10:00:00+08:00"
    rows["contacts"].append([f"C{number:05d}", person, at, "sms", "out", "delivered", loan])
    if number % 7 == 0:
        rows["events"].append(
            [f"E{number:05d}", loan, "pause", str(begun), str(begun + timedelta(days=30)), "", str(begun)]
        )


def _major(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def write_good_book(folder: Path, *, form: str = "csv", loans: int = 25, seed: int = 0) -> None:
    """Write a good book of that many loans into `folder`, as `csv`, `csv.gz` or `parquet` files."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in good_rows(loans, seed).items():
        _save(folder / f"{table}.{form}", rows)


def _save(path: Path, rows: Rows) -> None:
    if path.suffix == ".parquet":
        pq.write_table(_arrow(rows), path)
        return
    _write(path, _as_text(rows).encode())


def _as_text(rows: Rows) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


_MONEY = frozenset(("principal", "principal_due", "interest_due", "fees_due", "amount"))
_WHOLE = frozenset(("term", "number", "installment_number", "birth_year"))


def _arrow(rows: Rows) -> pa.Table:
    columns = {name: _typed(name, [r[i] for r in rows[1:]]) for i, name in enumerate(rows[0])}
    return pa.table(columns)


def _typed(name: str, cells: list[str]) -> pa.Array:
    texts = pa.array([c or None for c in cells], pa.string())
    if name in _MONEY:
        return texts.cast(pa.decimal128(18, 2))
    if name in _WHOLE:
        return texts.cast(pa.int32())
    if name.endswith("_on"):
        return texts.cast(pa.date32())
    if name == "annual_rate":
        return texts.cast(pa.decimal128(12, 8))
    if name == "at":
        return texts.cast(pa.timestamp("us", "UTC"))
    return texts


def _bytes(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


Breaker = Callable[[Path, random.Random], Broken]


def _table_file(folder: Path, table: str) -> Path:
    return next(p for p in sorted(folder.iterdir()) if p.name.split(".")[0] == table)


def _any_file(folder: Path, pick: random.Random, *tables: str) -> Path:
    return _table_file(folder, pick.choice(tables or ("loans", "installments", "payments")))


def _cell(how: str, targets: dict[str, str], values: tuple[str, ...]) -> Breaker:
    """A breaker that puts one of `values` into one cell of a CSV file; `targets` are table to columns."""

    def breaker(folder: Path, pick: random.Random) -> Broken:
        table = pick.choice(sorted(targets))
        path = _table_file(folder, table)
        rows = list(csv.reader(io.StringIO(_bytes(path).decode())))
        column = rows[0].index(pick.choice(targets[table].split()))
        row = pick.randrange(1, len(rows))
        rows[row][column] = pick.choice(values)
        _write(path, _as_text(rows).encode())
        return Broken(how, path.name, row + 1)

    return breaker


def _line(how: str, change: Callable[[bytes, random.Random], bytes], outcome: str = "named") -> Breaker:
    """A breaker that changes one line of a CSV file."""

    def breaker(folder: Path, pick: random.Random) -> Broken:
        path = _any_file(folder, pick)
        lines = _bytes(path).split(b"\n")
        row = pick.randrange(1, len(lines) - 1)
        lines[row] = change(lines[row], pick)
        _write(path, b"\n".join(lines))
        return Broken(how, path.name, row + 1, outcome)

    return breaker


def _whole(how: str, change: Callable[[bytes, random.Random], bytes], outcome: str = "named") -> Breaker:
    """A breaker that changes the bytes of a whole CSV file (unpacked when gzipped)."""

    def breaker(folder: Path, pick: random.Random) -> Broken:
        path = _any_file(folder, pick)
        _write(path, change(_bytes(path), pick))
        return Broken(how, path.name, None, outcome)

    return breaker


def _inserted(data: bytes, what: bytes, pick: random.Random) -> bytes:
    at = pick.randrange(len(data))
    return data[:at] + what + data[at:]


def _flipped(data: bytes, pick: random.Random) -> bytes:
    at = pick.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << pick.randrange(8))]) + data[at + 1 :]


def _header_changed(change: Callable[[list[bytes], random.Random], list[bytes]]) -> Callable[..., bytes]:
    def changed(data: bytes, pick: random.Random) -> bytes:
        header, rest = data.split(b"\n", 1)
        return b",".join(change(header.split(b","), pick)) + b"\n" + rest

    return changed


def _swapped(names: list[bytes], pick: random.Random) -> list[bytes]:
    a, b = pick.sample(range(len(names)), 2)
    names[a], names[b] = names[b], names[a]
    return names


def _doubled_row(data: bytes, pick: random.Random) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join([*lines[:-1], pick.choice(lines[1:-1]), b""])


def _shuffled(data: bytes, pick: random.Random) -> bytes:
    header, *rows, end = data.split(b"\n")
    pick.shuffle(rows)
    return b"\n".join([header, *rows, end])


def _joined(data: bytes, pick: random.Random) -> bytes:
    ends = [i for i, byte in enumerate(data[:-1]) if byte == 10]
    at = pick.choice(ends[1:])
    return data[:at] + data[at + 1 :]


def _dropped_row(folder: Path, pick: random.Random) -> Broken:
    path = _table_file(folder, "installments")
    lines = _bytes(path).split(b"\n")
    del lines[pick.randrange(1, len(lines) - 1)]
    _write(path, b"\n".join(lines))
    return Broken("row dropped", "loans." + path.name.split(".", 1)[1])


def _cut_anywhere(folder: Path, pick: random.Random) -> Broken:
    """The file's own bytes cut: in the middle of a row, or of a gzip or Parquet stream."""
    path = _any_file(folder, pick)
    data = path.read_bytes()
    path.write_bytes(data[: pick.randrange(1, len(data))])
    return Broken("file cut", path.name, None, "quiet" if path.suffix == ".csv" else "named")


def _emptied(folder: Path, pick: random.Random) -> Broken:
    path = _any_file(folder, pick)
    path.write_bytes(b"")
    return Broken("file emptied", path.name)


def _removed(folder: Path, pick: random.Random) -> Broken:
    path = _any_file(folder, pick, "loans", "installments", "payments", "borrowers")
    path.unlink()
    needed = path.name.split(".")[0] in {"loans", "installments"}
    return Broken("file removed", "", None, "named" if needed else "quiet")


def _file_flipped(folder: Path, pick: random.Random) -> Broken:
    """A bit of the file as stored turned over, packed or not."""
    path = _any_file(folder, pick)
    path.write_bytes(_flipped(path.read_bytes(), pick))
    return Broken("bit flipped", path.name, None, "quiet")


_NUMBERS = {
    "loans": "principal annual_rate term",
    "installments": "number principal_due interest_due",
    "payments": "amount",
}
_AMOUNTS = {"loans": "principal", "installments": "principal_due interest_due fees_due", "payments": "amount"}
_DATES = {"loans": "disbursed_on", "installments": "due_on", "payments": "paid_on", "events": "effective_on"}
_KEYS = {"loans": "loan_id borrower_id", "installments": "loan_id number due_on", "payments": "payment_id paid_on"}

_BROKEN_TEXT = (b"\xff", b"\xc3\x28", b"\xb0\xa1")

CSV_BREAKERS: tuple[Breaker, ...] = (
    _cell("wrong type", _NUMBERS, ("abc", "12,5x", "1e5", "¥100", "0x10", "--3", "1 000")),
    _cell("not a number", _NUMBERS, ("NaN", "Infinity", "-inf", "nan", "null")),
    _cell("negative money", _AMOUNTS, ("-1.00", "-0.01")),
    _cell("too fine", _AMOUNTS, ("1.005", "0.001")),
    _cell("impossible date", _DATES, ("2025-02-30", "0202-01-01", "20255-01-01", "2025-13-01", "2025-00-10")),
    _cell("date in another form", _DATES, ("01/02/2025", "20250101", "2025-1-1", "2025-01-01 10:00", "45658")),
    _cell("missing value", _KEYS, ("",)),
    _cell(
        "unknown loan", {"payments": "loan_id", "installments": "loan_id", "events": "loan_id"}, ("LN99999", "x")
    ),
    _cell("unknown borrower", {"loans": "borrower_id", "contacts": "borrower_id"}, ("P9999",)),
    _cell("mixed currency", {"loans": "currency"}, ("USD", "RMB", "cny")),
    _cell("before disbursal", {"payments": "paid_on", "installments": "due_on"}, ("2001-01-01",)),
    _cell("future", {"payments": "paid_on", "loans": "disbursed_on"}, ("2199-01-01",)),
    _cell("number out of place", {"installments": "number"}, ("40", "-1", "200")),
    _cell("principal changed", {"loans": "principal"}, ("1.01", "99999999.99")),
    _cell("padded id", {"loans": "loan_id", "payments": "loan_id payment_id"}, (" LN00001", "LN00001 ", "LN\t1")),
    _cell("instant without zone", {"contacts": "at"}, ("2025-03-01T10:00:00", "noon", "2025-03-01T25:00:00Z")),
    _cell("unknown kind", {"events": "kind"}, ("holiday", "")),
    _line("stray quote", lambda line, pick: _inserted(line, b'"', pick)),
    _line("broken encoding", lambda line, pick: _inserted(line, pick.choice(_BROKEN_TEXT), pick)),
    _line("field too many", lambda line, pick: line + b",1"),
    _line("field too few", lambda line, pick: line.rsplit(b",", 1)[0]),
    _line("nul byte", lambda line, pick: line[:2] + b"\0" + line[2:]),
    _line("bit flipped in text", _flipped, "quiet"),
    _line("row of commas", lambda line, pick: b"," * line.count(b",")),
    _whole("row doubled", _doubled_row),
    _whole("rows shuffled", _shuffled, "harmless"),
    _whole("two rows joined", _joined),
    _whole("columns swapped", _header_changed(_swapped), "quiet"),
    _whole("column doubled", _header_changed(lambda names, pick: [names[0], names[0], *names[2:]])),
    _whole("column renamed", _header_changed(lambda names, pick: [b"loan", *names[1:]])),
    _whole("header short", _header_changed(lambda names, pick: names[:-1])),
    _whole("header gone", lambda data, pick: data.split(b"\n", 1)[1]),
    _whole("rows gone", lambda data, pick: data.split(b"\n", 1)[0] + b"\n", "quiet"),
    _whole("utf-16", lambda data, pick: data.decode().encode("utf-16")),
    _whole("gb18030", lambda data, pick: data.decode().encode("gb18030"), "quiet"),
    _whole("semicolons", lambda data, pick: data.replace(b",", b";")),
    _whole("byte order mark", lambda data, pick: b"\xef\xbb\xbf" + data, "harmless"),
    _whole("windows line ends", lambda data, pick: data.replace(b"\n", b"\r\n"), "harmless"),
    _whole("mac line ends", lambda data, pick: data.replace(b"\n", b"\r")),
    _whole("blank lines", lambda data, pick: data.replace(b"\n", b"\n\n"), "harmless"),
    _dropped_row,
    _cut_anywhere,
    _emptied,
    _removed,
    _file_flipped,
)
"""Every way a CSV book is broken; `break_book` walks through them by its seed."""


def _column(how: str, table: str, name: str, change: Callable[[pa.Array], pa.Array], row: int | None) -> Breaker:
    """A breaker that changes one column of a Parquet file."""

    def breaker(folder: Path, pick: random.Random) -> Broken:
        path = _table_file(folder, table)
        stored = pq.read_table(path)
        at = stored.schema.get_field_index(name)
        pq.write_table(stored.set_column(at, name, change(stored.column(at).combine_chunks())), path)
        return Broken(how, path.name, row)

    return breaker


def _first(value: object) -> Callable[[pa.Array], pa.Array]:
    return lambda array: pa.array([value, *array.to_pylist()[1:]], array.type)


def _twice(folder: Path, pick: random.Random) -> Broken:
    path = _any_file(folder, pick)
    stored = pq.read_table(path)
    at = pick.randrange(stored.num_rows)
    pq.write_table(pa.concat_tables([stored, stored.slice(at, 1)]), path)
    return Broken("row doubled", path.name, at + 1)


def _without(folder: Path, pick: random.Random) -> Broken:
    path = _any_file(folder, pick)
    stored = pq.read_table(path)
    pq.write_table(stored.drop_columns([stored.column_names[pick.randrange(3)]]), path)
    return Broken("column gone", path.name)


def _as_floats(array: pa.Array) -> pa.Array:
    return pa.array([float(v) + (0.004 if i == 0 else 0) for i, v in enumerate(array.to_pylist())])


def _with_nan(array: pa.Array) -> pa.Array:
    return pa.array([float("nan"), *map(float, array.to_pylist()[1:])])


PARQUET_BREAKERS: tuple[Breaker, ...] = (
    _column("floats of money", "payments", "amount", _as_floats, 1),
    _column("not a number", "installments", "principal_due", _with_nan, 1),
    _column("infinite rate", "loans", "annual_rate", lambda a: pa.array([float("inf")] + [0.1] * (len(a) - 1)), 1),
    _column("negative money", "payments", "amount", lambda a: pa.array([-v for v in a.to_pylist()], a.type), 1),
    _column("texts of money", "payments", "amount", lambda a: pa.array(["?", *map(str, a.to_pylist()[1:])]), 1),
    _column("truth for money", "payments", "amount", lambda a: pa.array([True] * len(a)), 1),
    _column("null key", "payments", "loan_id", _first(None), 1),
    _column("null date", "installments", "due_on", _first(None), 1),
    _column("date of year 202", "loans", "disbursed_on", _first(date(202, 1, 1)), 1),
    _column("unknown loan", "payments", "loan_id", _first("LN99999"), 1),
    _column("other currency", "loans", "currency", _first("USD"), 1),
    _twice,
    _without,
    _cut_anywhere,
    _emptied,
    _removed,
    _file_flipped,
    _file_flipped,
    _file_flipped,
)
"""Every way a Parquet book is broken."""


def break_book(folder: Path, seed: int) -> Broken:
    """Break the book in `folder` in the way `seed` says; seeds 0, 1, 2, … walk through all ways in turn."""
    parquet = any(p.suffix == ".parquet" for p in folder.iterdir())
    breakers = PARQUET_BREAKERS if parquet else CSV_BREAKERS
    return breakers[seed % len(breakers)](folder, random.Random(seed))  # noqa: S311 - not secrets
