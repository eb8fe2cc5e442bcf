"""A table of applications with what is known of each, from CSV, Parquet or JSON: docs/assessment.md has the columns.

Money is in the major unit with its decimals; an empty cell is not known. A column that nobody knows is refused, so
that a slip of the pen does not turn into "not known"; a lender's own begin with `x_`.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from forbear.basics.errors import ForbearError, UnreadableFile, WrongUse
from forbear.basics.money import minor_digits
from forbear.loans.terms import Method
from forbear.risk.applied import (
    ANSWERED,
    CHECKS,
    FAILED,
    MOST_MINOR,
    NOT_ASKED,
    PASSED,
    SOURCE_STATES,
    UNSURE,
    Application,
    Bureau,
    Evidence,
)

Row = Mapping[str, Any]
MONEY = frozenset(
    [
        *("amount", "income_declared", "income_verified", "obligations_declared", "housing"),
        *("bureau_obligations", "bureau_debts", "bureau_overdue_now", "own_overdue"),
    ]
)
COUNTS = frozenset(
    [
        *("term", "dependants", "employment_months", "age", "multi_lenders", "applications_30d"),
        *("bureau_months_of_history", "bureau_lenders", "bureau_worst_dpd_24m", "bureau_lates_24m"),
        *("bureau_inquiries_3m", "own_loans", "own_settled", "own_worst_dpd"),
    ]
)
DAYS = frozenset(["applied_on", "birth_date", "bureau_asked_on"])
YES_NO = frozenset(["is_student", "bureau_on_enforcement_list"])
TEXTS = frozenset(
    [
        *("application_id", "method", "currency", "purpose", "identity_number", "bureau_state", "multi_state"),
        *(f"check_{name}" for name in CHECKS),
    ]
)
COLUMNS = MONEY | COUNTS | DAYS | YES_NO | TEXTS
NEEDED = ("application_id", "applied_on", "amount", "term")
WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read_applications(path: str | Path) -> Iterator[tuple[Application, Evidence]]:
    """The applications of a file, in its order.

    Raises:
        UnreadableFile: it cannot be read as what its ending says (.csv, .parquet, .json, .jsonl).
        WrongUse: a column or a cell that cannot be; names file, row, column and value (not of an identity number).
    """
    file, seen = Path(path), set()
    for number, row in _rows(file):
        where = f"{file}, row {number}"
        application, evidence = application_of(row, where)
        if application.application_id in seen:
            raise WrongUse(f"{where}: application_id {application.application_id!r} stands there twice")
        seen.add(application.application_id)
        yield application, evidence


def _rows(file: Path) -> Iterator[tuple[int, Row]]:
    """Rows by number: of CSV and JSON lines the line an editor shows, else counted from 1."""
    try:
        yield from _READERS[file.suffix.lower()](file)
    except KeyError:
        raise WrongUse(f"{file}: ends in {file.suffix!r}", "name a .csv, .parquet, .json or .jsonl file") from None
    except ForbearError:
        raise
    except (OSError, ValueError, csv.Error) as bad:
        raise UnreadableFile(f"{file}: cannot be read: {bad}", "see docs/assessment.md") from bad


def _csv(file: Path) -> Iterator[tuple[int, Row]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        header = next(reader, None)
        if header is None:
            raise UnreadableFile(f"{file}: is empty", "a header line with the columns of docs/assessment.md")
        _refuse_strangers(header, f"{file}, row 1")
        if twice := [name for name, count in Counter(header).items() if count > 1]:
            raise WrongUse(f"{file}, row 1: column {twice[0]!r} stands there twice")
        first = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(header):
                raise WrongUse(
                    f"{file}, row {first}: {len(cells)} cells, and the header has {len(header)} columns",
                    "quote cells that hold a comma",
                )
            if cells:
                yield first, dict(zip(header, cells, strict=True))
            first = reader.line_num + 1


def _parquet(file: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow.parquet as pq

    batches = pq.ParquetFile(file).iter_batches(batch_size=4096)
    yield from enumerate((row for batch in batches for row in batch.to_pylist()), start=1)


def _json(file: Path) -> Iterator[tuple[int, Row]]:
    text = file.read_text(encoding="utf-8-sig")
    told: Any = json.loads(text, parse_float=Decimal)
    if not isinstance(told, list):
        raise UnreadableFile(f"{file}: not a list of objects", "one object an application")
    yield from _objects(enumerate(told, start=1), file)


def _json_lines(file: Path) -> Iterator[tuple[int, Row]]:
    lines = enumerate(file.read_text(encoding="utf-8-sig").splitlines(), start=1)
    yield from _objects(((n, json.loads(line, parse_float=Decimal)) for n, line in lines if line.strip()), file)


def _objects(told: Iterable[tuple[int, Any]], file: Path) -> Iterator[tuple[int, Row]]:
    for number, row in told:
        if not isinstance(row, dict):
            raise UnreadableFile(f"{file}, row {number}: not an object", "one object an application")
        yield number, row


_READERS: Mapping[str, Callable[[Path], Iterator[tuple[int, Row]]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".jsonl": _json_lines,
}


def application_of(row: Row, where: str) -> tuple[Application, Evidence]:
    """One application and its evidence from a row.

    Raises:
        WrongUse: as `read_applications`.
    """
    _refuse_strangers(row, where)
    currency = str(row.get("currency") or "CNY").strip()
    try:
        minor_digits(currency)
    except WrongUse as bad:
        raise WrongUse(f"{where}, column currency: {bad.message}", bad.hint) from None
    known = {name: _cell(name, row.get(name), currency, where) for name in sorted(COLUMNS)}
    if missing := [name for name in NEEDED if known[name] is None]:
        raise WrongUse(f"{where}: {missing[0]} is missing", f"needed are {', '.join(NEEDED)}")
    try:
        return _application(known, row, currency, where), _evidence(known)
    except WrongUse as bad:
        told = bad.message if bad.message.startswith(where) else f"{where}: {bad.message}"
        raise WrongUse(told, bad.hint) from None


def _refuse_strangers(names: Iterable[str], where: str) -> None:
    if strangers := sorted(str(c) for c in names if c not in COLUMNS and not str(c).startswith("x_")):
        raise WrongUse(
            f"{where}: column {strangers[0]!r} is not known", "see docs/assessment.md; your own begin with x_"
        )


def _application(known: Row, row: Row, currency: str, where: str) -> Application:
    return Application(
        known["application_id"],
        known["applied_on"],
        known["amount"],
        known["term"],
        _method(known["method"]),
        currency,
        known["purpose"] or "",
        known["income_declared"],
        known["income_verified"],
        known["obligations_declared"],
        known["housing"] or 0,
        known["dependants"] or 0,
        known["employment_months"],
        _age(known),
        known["is_student"],
        {
            name: float(_number(name, value, where))
            for name, value in row.items()
            if str(name).startswith("x_") and value not in (None, "")
        },
    )


def _evidence(known: Row) -> Evidence:
    checks = {name: known[f"check_{name}"] or NOT_ASKED for name in CHECKS}
    if known["identity_number"]:
        proved = number_is_valid(known["identity_number"])
        told = checks["identity_number"]
        checks["identity_number"] = FAILED if not proved else PASSED if told == NOT_ASKED else told
    if checks["identity_number"] == PASSED and not _ages_agree(known):
        checks["identity_number"] = UNSURE
    told = {name.removeprefix("bureau_"): value for name, value in known.items() if name.startswith("bureau_")}
    state, asked_on = told.pop("state"), told.pop("asked_on")
    bureau, found = None, [name for name, value in told.items() if value is not None]
    if state in SOURCE_STATES and state != ANSWERED and found:
        raise WrongUse(
            f"bureau_state is {state!r}, and bureau_{found[0]} is told", "leave one empty: they do not fit together"
        )
    if state == ANSWERED and not found:
        raise WrongUse("bureau_state is 'answered', and nothing is told", "what it answered, or no_file")
    if found and asked_on is None:
        raise WrongUse("the bureau's answer has no bureau_asked_on", "say of which day it is")
    if found:
        bureau, state = Bureau(asked_on=asked_on, **told), state or ANSWERED
    return Evidence(
        checks,
        state or NOT_ASKED,
        bureau,
        known["multi_state"] or (ANSWERED if known["multi_lenders"] is not None else NOT_ASKED),
        known["multi_lenders"],
        known["applications_30d"],
        known["own_loans"] or 0,
        known["own_settled"] or 0,
        known["own_worst_dpd"],
        known["own_overdue"] or 0,
    )


def number_is_valid(number: str) -> bool:
    """Whether a resident identity number fits its own checksum, date and region (GB 11643)."""
    try:
        ric.validate(number)
    except ValidationError:
        return False
    return True


def age_on(birth_date: date, on: date) -> int:
    """Whole years: a birthday counts from the day itself on."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def _ages(known: Row) -> list[int]:
    """The applicant's age by each of the columns that tell it."""
    ages = [age_on(day, known["applied_on"]) for day in _births(known)]
    return ages if known["age"] is None else [*ages, known["age"]]


def _births(known: Row) -> list[date]:
    told, number = known["birth_date"], known["identity_number"]
    by_number = [ric.get_birth_date(ric.compact(number))] if number and number_is_valid(number) else []
    return by_number if told is None else [*by_number, told]


def _ages_agree(known: Row) -> bool:
    """Whether all that is told of the age fits: dates to the day; years within one, since people count in two ways."""
    ages = _ages(known)
    return len(set(_births(known))) <= 1 and (not ages or max(ages) - min(ages) <= 1)


def _age(known: Row) -> int | None:
    """The least that is told: nobody is taken for an adult whom a column calls a minor."""
    return min(_ages(known), default=None)


def _method(text: str | None) -> Method:
    try:
        return Method(text or Method.equal_installment)
    except ValueError:
        raise WrongUse(f"method {text!r} is unknown", f"one of: {', '.join(Method)}") from None


def _cell(name: str, value: Any, currency: str, where: str) -> Any:
    if value is None or value == "":
        return None
    try:
        if name in MONEY:
            return _minor(_number(name, value, where), currency)
        if name in COUNTS:
            number = _number(name, value, where)
            if abs(number) > MOST_MINOR or number != int(number):
                raise ValueError
            return int(number)
        if name in DAYS:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        if name in YES_NO:
            return WORDS[str(value).lower()]
    except WrongUse as bad:
        told = bad.message if bad.message.startswith(where) else f"{where}, column {name}: {bad.message}"
        raise WrongUse(told, bad.hint) from None
    except (ValueError, KeyError, OverflowError):
        if name in MONEY:
            digits = minor_digits(currency)
            raise WrongUse(
                f"{where}, column {name}: {str(value)!r} is no amount of {currency}",
                f"from 0 up, with {digits} decimals at most",
            ) from None
        expected = "YYYY-MM-DD" if name in DAYS else "true or false" if name in YES_NO else "a whole number"
        raise WrongUse(f"{where}, column {name}: {value!r}", f"expected {expected}") from None
    return str(value).strip()


def _minor(amount: Decimal, currency: str) -> int:
    """An amount in minor units; ValueError for what is negative, too fine or too much."""
    if not 0 <= amount <= MOST_MINOR:
        raise ValueError
    scaled = amount.scaleb(minor_digits(currency))
    if scaled > MOST_MINOR or scaled != scaled.to_integral_value():
        raise ValueError
    return int(scaled)


def _number(name: str, value: Any, where: str) -> Decimal:
    try:
        number = Decimal(str(value))
        if isinstance(value, bool) or not number.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise WrongUse(
            f"{where}, column {name}: {value!r} is not a number", "digits, with a point: 12000.50"
        ) from None
    return number
