"""A mapping: how a bank's CSV export is read, as data (TOML). docs/payments.md explains every key."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from forbear.basics.encodings import Encoding
from forbear.basics.errors import WrongUse
from forbear.basics.money import minor_digits


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as bad:
        raise ValueError(f"{text!r} is not a regular expression: {bad}") from bad
    if not groups:
        raise ValueError(f"{text!r} has no group in parentheses around what is to be taken")
    return text


def _currency(code: str) -> str:
    minor_digits(code)
    return code


Pattern = Annotated[str, AfterValidator(_pattern)]


class Day(_Model):
    """A day: its column and its formats, as strptime writes them; the first that fits is taken."""

    column: str
    formats: tuple[str, ...] = ("%Y-%m-%d",)


class Words(_Model):
    """A column whose words mean something: `yes` those that mean it, `no` those that mean it not; others are faults.

    With `no` empty every other word means it not.
    """

    column: str
    yes: tuple[str, ...]
    no: tuple[str, ...] = ()


class Columns(_Model):
    """Where in a row things stand.

    Attributes:
        booked_on, value_on: days.
        time: the time of day, where it has a column of its own; helps to tell rows apart.
        amount: one column for both ways: below zero went out, unless `incoming` tells by a word.
        credit, debit: instead, a column for what came in and one for what went out; below zero takes one back.
        debit_is_negative: what went out is written below zero in its own column too.
        incoming: words for came in (`yes`) and went out (`no`).
        balance: the account's balance after the row; the rows must then follow from one another.
        account, currency: of the lender's account, where rows name them.
        reference: the bank's own number of the row.
        text: the columns of what the payer wrote; all that are there are joined.
        booked: words for final (`yes`) and for not, or never, booked (`no`).
        reversal: words for a row that takes an earlier one back.
    """

    booked_on: Day
    value_on: Day | None = None
    time: str = ""
    amount: str = ""
    credit: str = ""
    debit: str = ""
    debit_is_negative: bool = False
    incoming: Words | None = None
    balance: str = ""
    account: str = ""
    currency: str = ""
    reference: str = ""
    payer_name: str = ""
    payer_account: str = ""
    text: tuple[str, ...] = ()
    booked: Words | None = None
    reversal: Words | None = None

    @model_validator(mode="after")
    def _one_way_to_the_amount(self) -> Columns:
        if bool(self.amount) == bool(self.credit or self.debit):
            raise ValueError("name either `amount` or `credit` and `debit`")
        return self


class Totals(_Model):
    """Lines outside of the table that prove that no row is missing: expressions whose groups are count and sum."""

    credit: Pattern = "(?!)()"
    debit: Pattern = "(?!)()"


class Mapping(_Model):
    """A whole mapping file; `name` is its file's name without the ending.

    Attributes:
        title: what it is for.
        currency: where rows name none.
        account: the lender's account, where neither rows nor `account_line` name it.
        account_line: an expression whose group is the account, found in a line before the table.
        encodings: tried in this order.
        header: a column by which the table's first line is known; lines before it are no rows.
        comment: lines that begin so are no rows.
        blank_ends: an empty line, or one that begins with `comment`, ends the table.
        thousands: signs to take out of amounts.
        currencies: the file's words for currencies.
        none: texts that mean no value.
    """

    name: str
    title: str
    currency: Annotated[str, AfterValidator(_currency)] = "CNY"
    account: str = ""
    account_line: Pattern = "(?!)()"
    encodings: tuple[Encoding, ...] = Field(default=("utf-8-sig", "gb18030"), min_length=1)
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header: str
    comment: str = ""
    blank_ends: bool = False
    thousands: str = ","
    currencies: dict[str, Annotated[str, AfterValidator(_currency)]] = Field(default_factory=dict)
    none: tuple[str, ...] = ("",)
    columns: Columns
    totals: Totals = Totals()


def shipped() -> tuple[str, ...]:
    """Names of the mappings that come with Forbear."""
    found = files(__package__).joinpath("mappings").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in found if f.name.endswith(".toml")))


def shipped_mapping(name: str) -> Mapping:
    """The shipped mapping of that name.

    Raises:
        WrongUse: there is none.
    """
    if name not in shipped():
        raise WrongUse(f"there is no mapping {name!r} of bank files", f"shipped: {', '.join(shipped())}")
    return _parsed(files(__package__).joinpath("mappings", f"{name}.toml").read_text("utf-8"), name)


def read_mapping(name_or_file: str) -> Mapping:
    """The shipped mapping of that name, or the mapping in that TOML file.

    Raises:
        WrongUse: there is neither, or the file does not say what a mapping must.
    """
    path = Path(name_or_file)
    if name_or_file in shipped() or not path.is_file():
        return shipped_mapping(name_or_file)
    try:
        return _parsed(path.read_text("utf-8-sig"), path.stem)
    except UnicodeDecodeError as bad:
        raise WrongUse(f"mapping {path}: not UTF-8: {bad}", "save the file as UTF-8") from bad


def _parsed(text: str, name: str) -> Mapping:
    hint = "docs/payments.md explains every key"
    try:
        given: dict[str, Any] = tomllib.loads(text)
        return Mapping.model_validate({**given, "name": name})
    except tomllib.TOMLDecodeError as bad:
        raise WrongUse(f"mapping {name}: not TOML: {bad}", hint) from bad
    except ValidationError as bad:
        first = bad.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise WrongUse(f"mapping {name}: {where}: {first['msg']}", hint) from bad
