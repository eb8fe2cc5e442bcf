"""What a bank file says, as plain data: statements of accounts and the movements on them. Money in minor units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from forbear.basics.errors import AnswerIsNo, ForbearError
from forbear.basics.money import minor_digits, to_minor

SHOWN = 5
"""So many faults are named in the sentence; all of them (to `MOST`) are with the error."""
MOST = 200
MOST_DIGITS = 15
FIRST_YEAR, LAST_YEAR = 1970, 2199


class Fault(NamedTuple):
    """What is wrong at one place of a file.

    Args:
        where: the element's path (`Stmt[1]/Ntry[3]`) or the row.
        column: the element or column.
        value: as it stands there; empty where it may be personal.
        expected: what should stand there.
    """

    where: str
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}, {self.column}: {self.value!r}, expected {self.expected}"


class Faulty(AnswerIsNo):
    """A bank file has faults; nothing of it was taken. `faults` names each."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self.faults = faults[:MOST]
        more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
        said = "; ".join(map(str, faults[:SHOWN]))
        super().__init__(
            f"{file}: {said}{more}", "nothing of the file was taken: get it from the bank anew, or mend it"
        )


@dataclass(frozen=True)
class Movement:
    """Money that came or went, as the bank tells it.

    Args:
        where: its place in the file.
        amount: minor units, above zero.
        incoming: credited to the lender's account.
        reversal: it takes an earlier movement back.
        booked: it is final; else it is only announced.
        booked_on: the bank's booking day.
        value_on: from when the bank counts it; None: not told.
        instant: the time of day as written, where the file has one; helps to tell movements apart.
        reference: the bank's own reference of it; empty: none.
        payer_name, payer_account: the other side; personal.
        text: what the other side wrote, its references and the bank's words, joined; personal.
        note: what a person should know, such as that a batch could not be taken apart.
    """

    where: str
    amount: int
    incoming: bool
    booked_on: date
    reversal: bool = False
    booked: bool = True
    value_on: date | None = None
    instant: str = ""
    reference: str = ""
    payer_name: str = ""
    payer_account: str = ""
    text: str = ""
    note: str = ""

    @property
    def signed(self) -> int:
        """The amount, below zero where money left the account."""
        return self.amount if self.incoming else -self.amount

    @property
    def counted_on(self) -> date:
        """The day from which it counts for the borrower: the earlier of booking and value."""
        return min(self.booked_on, self.value_on or self.booked_on)


@dataclass(frozen=True)
class Statement:
    """A statement of one of the lender's accounts; balances are signed, None where the file does not tell them."""

    where: str
    account: str
    currency: str
    number: str = ""
    opening: int | None = None
    closing: int | None = None
    movements: tuple[Movement, ...] = field(default=())

    @property
    def difference(self) -> int | None:
        """Closing balance less opening balance and booked movements: zero, or None where it cannot be told."""
        if self.opening is None or self.closing is None:
            return None
        return self.closing - self.opening - sum(one.signed for one in self.movements if one.booked)


class Faults:
    """Collects faults while a file is read, so that all are told at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Fault] = []

    def add(self, where: str, column: str, value: str, expected: str) -> None:
        """Name a fault."""
        self.found.append(Fault(where, column, value[:80], expected))

    def refuse(self) -> None:
        """Stop here if there was any.

        Raises:
            Faulty: there was.
        """
        if self.found:
            raise Faulty(self.file, self.found)

    def amount(self, where: str, column: str, value: str, currency: str, *, zero: bool = False) -> int:
        """An amount in minor units; a fault, and 0, where it is none."""
        plain = re.fullmatch(rf"\+?[0-9]{{1,{MOST_DIGITS}}}(\.[0-9]*)?", value, re.ASCII)
        if plain and _known(currency):
            digits = minor_digits(currency)
            exact = Decimal(value)
            if exact == round(exact, digits) and (exact or zero):
                return to_minor(exact, currency)
        more = "" if zero else ", above zero"
        self.add(where, column, value, f"an amount in {currency or 'a known currency'} such as 1234.50{more}")
        return 0

    def currency(self, where: str, column: str, value: str) -> str:
        """A currency's code; a fault, and nothing, where it is none."""
        if _known(value):
            return value
        self.add(where, column, value, "a currency code of ISO 4217 such as CNY")
        return ""

    def check_balances(self, statements: Iterable[Statement]) -> None:
        """A statement whose movements do not lead from its opening to its closing balance is cut or wrong."""
        for one in statements:
            if one.difference:
                expected = (
                    f"the opening balance and the booked movements, which is {one.difference} minor units less"
                )
                self.add(one.where, "closing balance", str(one.closing), expected)


def _known(currency: str) -> bool:
    try:
        minor_digits(currency)
    except ForbearError:
        return False
    return currency.isupper()


def plain(text: str | None) -> str:
    """A text on one line: full-width letters and digits made plain, control characters and doubled spaces gone."""
    made = unicodedata.normalize("NFKC", text or "")
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in made).split())


def possible_day(day: date) -> bool:
    """Whether a day is one that a statement may be of."""
    return FIRST_YEAR <= day.year <= LAST_YEAR
