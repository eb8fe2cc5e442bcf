"""`forbear certify`: an allocation checked by someone who trusts nobody, in one pass over the values.

It shares nothing with the allocator but the file formats: the files are read by DuckDB, the pass is
`tables/certified.sql`, and what is said in the certificate is worked out again. What it proves: each decision is a
row of the values, nobody has two, every limit holds, the value is the sum it claims to be, and no allocation
whatever can have a value above the bound: for any prices p >= 0 that is p . limit + the sum over borrowers of
max(0, the best of value - p . use).
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import duckdb

from forbear.basics.errors import UnreadableFile

FORMAT = "forbear-allocation-1"
CLOSE = 1e-9
"""Relative difference within which sums count as equal: they are taken in another order."""
MEMORY = "2500MB"

Told = dict[str, Any]


@dataclass
class Checked:
    """What a check found.

    Attributes:
        bound, value, gap: as worked out again.
        faults: what is wrong, in words; empty when the certificate holds.
    """

    bound: float = math.nan
    value: float = math.nan
    gap: float = math.nan
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything was as claimed."""
        return not self.faults


def certify(certificate: Path, values: Path, capacities: Path, decisions: Path) -> Checked:
    """Check a certificate against the files it speaks of.

    Raises:
        UnreadableFile: a file cannot be read at all, or the certificate is not one.
    """
    told = _told(certificate)
    checked = Checked()
    given = {"values": values, "capacities": capacities, "decisions": decisions}
    checked.faults += _fingerprints(told, given)
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = false; SET threads = 2")
        for name, path in given.items():
            _see(connection, name, path)
        limits = _limits(connection, capacities)
        wrong = [*_shape(told, limits), *_columns(connection, limits)]
        if wrong:
            checked.faults += wrong
            return checked
        _compare(connection, told, limits, checked)
    return checked


def _told(path: Path) -> Told:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as unread:
        raise UnreadableFile(
            f"{path}: cannot be read: {unread}", "give the file that --certificate wrote"
        ) from unread
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        seen = told.get("format") if isinstance(told, dict) else type(told).__name__
        raise UnreadableFile(
            f"{path}: format {seen!r}, expected {FORMAT!r}", "give the file that --certificate wrote"
        )
    return told


def _fingerprints(told: Told, given: Mapping[str, Path]) -> Iterator[str]:
    claimed = told.get("sha256")
    claimed = claimed if isinstance(claimed, dict) else {}
    for name, path in given.items():
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        except OSError as unread:
            raise UnreadableFile(f"{path}: cannot be read: {unread.strerror}") from unread
        if claimed.get(name) != digest.hexdigest():
            yield f"{path} is not the file of {name} that was certified: its fingerprint is another"


def _see(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """A view of a file with borrower_id and action as text."""
    text = str(path).replace("'", "''")
    texts = {"borrower_id", "action", "capacity"}
    try:
        if path.suffix.lower() == ".csv":
            read = f"read_csv('{text}', {_as_written(path)})"
        else:
            read = f"read_parquet('{text}')"
        columns = [str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()]
        cells = [f"CAST({_quoted(c)} AS {'VARCHAR' if c in texts else 'DOUBLE'}) AS {_quoted(c)}" for c in columns]
        kept = [
            cell
            for cell, c in zip(cells, columns, strict=True)
            if c in texts or name != "capacities" or c == "limit"
        ]
        connection.execute(f"CREATE VIEW {name} AS SELECT {', '.join(kept)} FROM {read}")
    except duckdb.Error as unread:
        raise UnreadableFile(f"{path}: cannot be read: {' '.join(str(unread).split())[:300]}") from unread


def _as_written(path: Path) -> str:
    """How DuckDB reads a CSV file without guessing: columns as the header names them, cells as text."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            names = [name.strip() for name in next(csv.reader(lines), [])]
    except csv.Error as unread:
        raise UnreadableFile(f"{path}: cannot be read: its header: {unread}") from unread
    columns = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in names)
    return f"auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _limits(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, float]:
    try:
        return {
            str(name): float(limit)
            for name, limit in connection.execute('SELECT capacity, "limit" FROM capacities').fetchall()
        }
    except (duckdb.Error, TypeError) as unread:
        raise UnreadableFile(f"{path}: cannot be read: {' '.join(str(unread).split())[:300]}") from unread


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shape(told: Told, limits: Mapping[str, float]) -> Iterator[str]:
    """What is wrong with the certificate's own form."""
    for name in ("bound", "value", "gap", "borrowers", "rows", "treated", "waiting"):
        if not _number(told.get(name)):
            yield f"the certificate's {name} is {told.get(name)!r}, not a number"
    if not isinstance(told.get("actions"), dict):
        yield "the certificate counts no actions"
    for name in ("key", "forbear"):
        if not isinstance(told.get(name), str) or not told[name]:
            yield f"the certificate does not say its {name}"
    shared = told.get("capacities")
    if not isinstance(shared, list) or not all(isinstance(c, dict) for c in shared):
        yield "the certificate lists no capacities"
        return
    if [c.get("capacity") for c in shared] != list(limits):
        yield f"the certificate's capacities are not those of the file: {', '.join(limits)}"
    for one in shared:
        for name in ("limit", "used", "price"):
            if not _number(one.get(name)):
                yield f"capacity {one.get('capacity')}: {name} is {one.get(name)!r}, not a number"
        if _number(one.get("price")) and one["price"] < 0:
            yield f"capacity {one.get('capacity')}: the price {one['price']} is below zero, so the bound proves nothing"


def _columns(connection: duckdb.DuckDBPyConnection, limits: Mapping[str, float]) -> Iterator[str]:
    for table in ("values", "decisions"):
        there = [str(row[0]) for row in connection.execute(f'DESCRIBE "{table}"').fetchall()]
        for name in ("borrower_id", "action", "value", *(limits if table == "decisions" else ())):
            if name not in there:
                yield f"the {table} have no column {name}"


def _compare(
    connection: duckdb.DuckDBPyConnection, told: Told, limits: Mapping[str, float], checked: Checked
) -> None:
    """Work everything out again and note what differs."""
    found = _passed(connection, told, limits)
    checked.faults += _decisions_alone(connection, found)
    used = {name: float(found[f"used_{k}"] or 0) for k, name in enumerate(limits)}
    prices = {c["capacity"]: float(c["price"]) for c in told["capacities"]}
    checked.value = float(found["gained"] or 0)
    checked.bound = float(found["best"] or 0) + math.fsum(prices[name] * limit for name, limit in limits.items())
    short = checked.bound - checked.value
    checked.gap = max(short, 0.0) / checked.bound if checked.bound > 0 else 0.0
    scale = max(abs(checked.bound), abs(checked.value))
    checked.faults += _sums(told, checked, scale)
    for one in told["capacities"]:
        checked.faults += _capacity(one, limits[one["capacity"]], used[one["capacity"]])
    if short < -CLOSE * scale or math.isnan(short):
        checked.faults.append(f"the value {checked.value} is above the bound {checked.bound}: one of them is wrong")
    checked.faults += _counts(connection, told, found)


def _passed(connection: duckdb.DuckDBPyConnection, told: Told, limits: Mapping[str, float]) -> Told:
    """The one pass over the values: `tables/certified.sql`."""
    there = {str(row[0]) for row in connection.execute('DESCRIBE "values"').fetchall()}
    price = {c["capacity"]: float(c["price"]) for c in told["capacities"]}
    uses = {n: f"v.{_quoted(n)}" if n in there else "CAST(0 AS DOUBLE)" for n in limits}
    numbers = list(enumerate(limits))
    text = files("forbear.treatment").joinpath("tables", "certified.sql").read_text(encoding="utf-8")
    query = Template(text).substitute(
        reduced="v.value" + "".join(f" - CAST('{price[n]!r}' AS DOUBLE) * {uses[n]}" for n in limits),
        uses="".join(f", {uses[n]} AS use_{k}" for k, n in numbers),
        differs=" OR ".join(["d.value <> v.value", *(f"d.{_quoted(n)} <> {uses[n]}" for n in limits)]),
        invalid=" OR ".join(
            ["NOT isfinite(v.value)", *(f"NOT isfinite({uses[n]}) OR {uses[n]} < 0" for n in limits)]
        ),
        sums="".join(f", fsum(use_{k}) FILTER (chosen) AS used_{k}" for k, _ in numbers),
        totals="".join(f", fsum(used_{k}) AS used_{k}" for k, _ in numbers),
    )
    answer = connection.execute(query)
    names = [column[0] for column in answer.description or []]
    row = answer.fetchone()
    assert row is not None, "an aggregate gives one row"
    return dict(zip(names, row, strict=True))


def _decisions_alone(connection: duckdb.DuckDBPyConnection, found: Told) -> Iterator[str]:
    """Faults of the decisions as such, and against the values."""
    twice = connection.execute(
        "SELECT borrower_id, count(*) FROM decisions GROUP BY ALL HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
    ).fetchone()
    if twice:
        yield f"borrower {twice[0]} has {twice[1]} decisions; at most one is allowed"
    rows = connection.execute("SELECT count(*) FROM decisions").fetchone()
    decided = rows[0] if rows else 0
    if int(found["matched"] or 0) != decided:
        matched = int(found["matched"] or 0)
        yield f"{decided} decisions, {matched} rows of the values for them: a decision is not among the values"
    if found["differing"]:
        yield f"{int(found['differing'])} decisions carry another value or use than their row of the values"
    if found["invalid"]:
        yield f"{int(found['invalid'])} rows of the values are not finite or use less than nothing"


def _near(a: float, b: float, scale: float) -> bool:
    return abs(a - b) <= CLOSE * max(abs(scale), abs(a), abs(b))


def _sums(told: Told, checked: Checked, scale: float) -> Iterator[str]:
    for name, found in (("value", checked.value), ("bound", checked.bound)):
        if not _near(told[name], found, scale):
            yield f"the certificate's {name} is {told[name]}, found is {found}"
    if not abs(told["gap"] - checked.gap) <= CLOSE:
        yield f"the certificate's gap is {told['gap']}, found is {checked.gap}"


def _capacity(one: Told, limit: float, used: float) -> Iterator[str]:
    name = one["capacity"]
    if one["limit"] != limit:
        yield f"capacity {name}: the certificate's limit is {one['limit']}, the file's {limit}"
    if not _near(one["used"], used, limit):
        yield f"capacity {name}: the certificate's use is {one['used']}, found is {used}"
    if not used <= limit * (1 + CLOSE):
        yield f"capacity {name}: the decisions use {used} of {limit}"


def _counts(connection: duckdb.DuckDBPyConnection, told: Told, found: Told) -> Iterator[str]:
    treated = connection.execute("SELECT action, count(*) FROM decisions GROUP BY action").fetchall()
    actions = {str(name): int(n) for name, n in treated}
    if told["actions"] != actions:
        yield f"the certificate's counts of actions are {told['actions']}, found are {actions}"
    borrowers = int(found["borrowers"] or 0)
    expected = {
        "borrowers": borrowers,
        "rows": int(found["rows"] or 0),
        "treated": sum(actions.values()),
        "waiting": borrowers - sum(actions.values()),
    }
    for name, number in expected.items():
        if told[name] != number:
            yield f"the certificate's number of {name} is {told[name]}, found is {number}"
