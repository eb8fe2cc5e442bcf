"""The neutral format: one JSON object a line, for a bureau whose own layout is not public, and the point to adapt it.

The first line says what the file is; each further line is one account; the last counts them and carries a hash of all
before it, so that a cut file is seen. An `Adapter` turns accounts into a bureau's own files, and a bureau's answer into
what it holds. The neutral one is itself an adapter. See docs/bureau.md.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any, Protocol

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.basics.money import to_major
from forbear.recovery.bureau.accounts import Account, MonthEnd, bad_behavior_ended

FORMAT = "forbear-bureau/1"
MONTHS = 24


@dataclass(frozen=True)
class Told:
    """One account to be told: its number, what is told of it, who owes it (fields of privacy)."""

    account: str
    fields: Mapping[str, Any]
    person: Mapping[str, str]


class Adapter(Protocol):
    """A bureau's own format."""

    name: str

    def write(self, rows: Iterable[Told], as_of: date, made_at: datetime, reporter: str) -> bytes:
        """The file that the bureau takes."""
        ...

    def read(self, raw: bytes) -> dict[str, dict[str, Any]]:
        """What a file of the bureau says that it holds: fields by account number.

        Raises:
            UnreadableFile: it is not such a file.
        """
        ...


class Neutral:
    """The neutral format itself."""

    name = "neutral"

    def write(self, rows: Iterable[Told], as_of: date, made_at: datetime, reporter: str) -> bytes:
        """JSON Lines in UTF-8."""
        head = {"format": FORMAT, "reporter": reporter, "as_of": as_of, "made_at": made_at}
        lines = [_line(head), *(_line({"account": r.account, **r.fields, "person": r.person}) for r in rows)]
        hashed = hashlib.sha256("".join(lines).encode()).hexdigest()
        return ("".join(lines) + _line({"accounts": len(lines) - 1, "sha256": hashed})).encode()

    def read(self, raw: bytes) -> dict[str, dict[str, Any]]:
        """As written; the count and the hash must hold.

        Raises:
            UnreadableFile: it is another file, or cut or changed.
        """
        try:
            lines = raw.decode("utf-8").splitlines(keepends=True)
            rows = [json.loads(line) for line in lines]
        except ValueError as wrong:
            raise UnreadableFile(f"this is no file of {FORMAT}: {wrong}", "give JSON Lines in UTF-8") from wrong
        if len(rows) < 2 or not all(isinstance(row, dict) for row in rows) or rows[0].get("format") != FORMAT:
            raise UnreadableFile(
                f"this is no file of {FORMAT}: its first line does not say so", "see docs/bureau.md"
            )
        if rows[-1] != {
            "accounts": len(rows) - 2,
            "sha256": hashlib.sha256("".join(lines[:-1]).encode()).hexdigest(),
        }:
            raise UnreadableFile("the file's last line does not fit the lines before it", "ask for the file again")
        return {
            str(row["account"]): {key: value for key, value in row.items() if key not in {"account", "person"}}
            for row in rows[1:-1]
        }


def adapter(path: str = "") -> Adapter:
    """The adapter of that import path (`package.module:Class`); empty: the neutral format.

    Raises:
        WrongUse: there is none there.
    """
    if not path:
        return Neutral()
    module, _, name = path.partition(":")
    try:
        made: Adapter = getattr(import_module(module), name)()
    except (ImportError, AttributeError, TypeError) as wrong:
        raise WrongUse(f"no bureau adapter at {path!r}: {wrong}", "name it as package.module:Class") from wrong
    return made


def fields(account: Account) -> dict[str, Any]:
    """What is told of an account in the neutral format; money as decimal strings of the currency's unit."""
    ended = bad_behavior_ended(account)
    words = _told()["account"]
    state = words["closed"] if account.closed else words["late"] if account.dpd >= 1 else words["open"]
    if account.charged_off and not account.closed:
        state = words["charged_off"]
    return {
        "state": state,
        "currency": account.currency,
        "opened_on": account.opened_on.isoformat(),
        "closed_on": account.closed_on.isoformat() if account.closed_on else None,
        "original_amount": _money(account.original, account.currency),
        "term_months": account.term_months,
        "scheduled_amount": _money(0 if account.closed else account.scheduled, account.currency),
        "balance": _money(0 if account.closed else account.balance, account.currency),
        "past_due": _money(0 if account.closed else account.past_due, account.currency),
        "days_past_due": account.dpd,
        "paid_in_period": _money(account.paid_in_period, account.currency),
        "last_paid_on": account.last_paid_on.isoformat() if account.last_paid_on else None,
        "charged_off": _money(account.charged_off, account.currency),
        "settled_for_less": account.settled,
        "repayment_24": history(account),
        "bad_behavior_ended_on": ended.isoformat() if ended else None,
        "disputed": account.disputed,
        "as_of": account.as_of.isoformat(),
    }


def negative(told: Mapping[str, Any]) -> bool:
    """Whether the fields tell something against her now: late, charged off, or settled for less."""
    return told["days_past_due"] >= 1 or Decimal(told["charged_off"]) > 0 or bool(told["settled_for_less"])


def disputed(told: Mapping[str, Any]) -> bool:
    """Whether the fields carry the mark of a dispute."""
    return bool(told["disputed"])


def history(account: Account) -> str:
    """24 places, the latest month first: `*` not open, N, 1 to 7, B charged off, C paid off."""
    now = MonthEnd(account.as_of, account.dpd, charged_off=bool(account.charged_off))
    first = _told()["repayment"]["paid_off"] if account.closed else _place(now)
    return (first + "".join(_place(one) for one in account.months[: MONTHS - 1])).ljust(MONTHS, "*")


def _place(one: MonthEnd) -> str:
    codes = _told()["repayment"]
    if not one.existed:
        return str(codes["not_open"])
    if one.charged_off:
        return str(codes["charged_off"])
    if not one.dpd:
        return str(codes["current"])
    late = [row["code"] for row in codes["late"] if one.dpd >= row["from"]]
    return str(late[-1] if late else codes["current"])


@cache
def _told() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("neutral.toml").read_text("utf-8"))


def _money(minor: int, currency: str) -> str:
    return str(to_major(minor, currency))


def _line(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, default=lambda one: one.isoformat()) + "\n"
