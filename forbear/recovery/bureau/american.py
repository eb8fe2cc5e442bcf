"""An account as a Metro 2 base segment: statuses, 24 months of history, the date of first delinquency, whole dollars.

The lender's own loans are reported (account type 01, unsecured, unless told otherwise): an installment loan with its
term in months. What cannot be said of a person or an account in this format is refused with its reason.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.recovery.bureau.accounts import Account, MonthEnd, first_delinquency
from forbear.recovery.bureau.metro2 import Form, Metro2File, Record, Segment, with_trailer
from forbear.recovery.bureau.metro2.file import Value
from forbear.recovery.bureau.metro2.layout import layouts

MONTHS = 24
"""Months in a payment history profile."""
MOST = 999_999_999
_ADDRESS = re.compile(
    r"(?P<first>[^,]+)(?:,(?P<second>[^,]+))?,(?P<city>[^,]+),?\s+(?P<state>[A-Z]{2})\s+(?P<zip>\d{5}(?:-?\d{4})?)\s*"
)


@dataclass(frozen=True)
class Person:
    """Who owes, in the format's plain letters."""

    surname: str
    first_name: str
    middle_name: str = ""
    social_security_number: str = ""
    date_of_birth: date | None = None
    telephone_number: str = ""
    first_line: str = ""
    second_line: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""


@dataclass(frozen=True)
class Reporter:
    """Who reports: the names and numbers that stand in the header and in each base segment."""

    name: str
    address: str
    identification_number: str
    telephone_number: str = ""
    program_identifiers: Mapping[str, str] = field(default_factory=dict)
    account_type: str = "01"


@cache
def _told() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("american.toml").read_text("utf-8"))


def person(name: str, identity: str, address: str, phone: str = "", born: date | None = None) -> Person:
    """A person from what a lender has: a name in one, an identity number, an address in one line.

    Raises:
        WrongUse: the name or the address cannot be told in the format; the message names no value.
    """
    parts = name.upper().split()
    if len(parts) < 2 or not all(part.isascii() for part in parts):
        raise WrongUse(
            "name: no first name and surname in Latin letters", "record the name as given on the contract"
        )
    found = _ADDRESS.fullmatch(address.upper().strip())
    if not found:
        raise WrongUse("address: not of the form street, city, ST 12345", "record the address in that form")
    digits = re.sub(r"\D", "", identity)
    telephone = re.sub(r"\D", "", phone)[-10:]
    if len(digits) != 9 and born is None:
        raise WrongUse("identity: neither a Social Security number nor a date of birth", "record one of them")
    return Person(
        surname=parts[-1],
        first_name=parts[0],
        middle_name=" ".join(parts[1:-1]),
        social_security_number=digits if len(digits) == 9 else "",
        date_of_birth=born,
        telephone_number=telephone if len(telephone) == 10 else "",
        first_line=found["first"].strip(),
        second_line=(found["second"] or "").strip(),
        city=found["city"].strip(),
        state=found["state"],
        zip_code=found["zip"].replace("-", ""),
    )


def status(account: Account) -> tuple[str, str]:
    """(account status, payment rating) of an account; the rating is empty where the status needs none."""
    words = _told()["status"]
    if account.charged_off:
        return (words["paid_charge_off"] if account.closed else words["charged_off"]), ""
    if account.closed:
        if account.in_collection:
            return words["paid_collection"], ""
        before = next((one for one in account.months if one.existed), None)
        return words["paid"], str(_late(before.dpd if before else 0)["rating"])
    if account.in_collection:
        return words["collection"], ""
    return str(_late(account.dpd)["status"]), ""


def history(months: Iterable[MonthEnd]) -> str:
    """24 places, the latest month first; B where the account did not exist yet or is not known."""
    told = [_place(one) for one in list(months)[:MONTHS]]
    first_unknown = told.index("B") if "B" in told else len(told)
    return "".join(told[:first_unknown]).ljust(MONTHS, "B")


def fields(account: Account, told_before: date | None = None, account_type: str = "01") -> dict[str, Value]:
    """What is told of an account, without who owes it: names and values of the base segment.

    Args:
        account: at its day.
        told_before: the date of first delinquency that the bureau holds.
        account_type: as in codes.toml.
    """
    code, rating = status(account)
    words = _told()
    dofd = first_delinquency(_before(account) if account.closed and account.months else account, told_before)
    comment = (
        words["comment"]["settled"] if account.settled else words["comment"]["forbearance"] * account.forbearance
    )
    compliance = words["compliance"]["disputed"] if account.disputed else ""
    late = code not in {"11", "13"}
    return {
        "portfolio_type": "I",
        "account_type": account_type,
        "date_opened": account.opened_on.isoformat(),
        "credit_limit": 0,
        "highest_credit": _dollars(account.original),
        "terms_duration": str(account.term_months).zfill(3),
        "terms_frequency": "M",
        "scheduled_monthly_payment": 0 if account.closed else _dollars(account.scheduled),
        "actual_payment": _dollars(account.paid_in_period),
        "account_status": code,
        "payment_rating": rating,
        "payment_history_profile": history(account.months),
        "special_comment": comment,
        "compliance_condition": compliance or words["compliance"]["dispute_settled"] * account.dispute_settled,
        "current_balance": 0 if account.closed else _dollars(account.balance),
        "amount_past_due": _dollars(account.past_due) if late and not account.closed else 0,
        "original_charge_off": _dollars(account.charged_off),
        "date_of_account_information": (account.closed_on or account.as_of).isoformat(),
        "date_of_first_delinquency": dofd.isoformat() if dofd else None,
        "date_closed": account.closed_on.isoformat() if account.closed_on else None,
        "date_of_last_payment": account.last_paid_on.isoformat() if account.last_paid_on else None,
        "interest_type": "F",
    }


def negative(told: Mapping[str, Any]) -> bool:
    """Whether the fields tell something against her."""
    clean = told["account_status"] == "11" or (told["account_status"] == "13" and told["payment_rating"] == "0")
    return not clean or told["special_comment"] == _told()["comment"]["settled"]


def disputed(told: Mapping[str, Any]) -> bool:
    """Whether the fields carry the mark of a dispute."""
    return bool(told["compliance_condition"] == _told()["compliance"]["disputed"])


def file(
    rows: Iterable[tuple[str, Mapping[str, Value], Person]], reporter: Reporter, as_of: date, made_at: datetime
) -> Metro2File:
    """A Metro 2 file of accounts: characters, variable records, a line each.

    Args:
        rows: account number, its fields as `fields` gives them, who owes it.
        reporter: who reports.
        as_of: the day the accounts are told of.
        made_at: when the file is made, UTC.
    """
    records = [_header(reporter, as_of, made_at)]
    for number, (account_number, told, who) in enumerate(rows, 2):
        values = {
            "processing_indicator": 1,
            "time_stamp": made_at.strftime("%Y-%m-%dT%H:%M:%S"),
            "correction_indicator": "0",
            "identification_number": reporter.identification_number,
            "consumer_account_number": re.sub(r"[^A-Za-z0-9]", "", account_number)[:30],
            **told,
            **_of(who),
        }
        records.append(_record(number, "base", values))
    records.append(_record(len(records) + 1, "trailer", {"record_identifier": "TRAILER", "block_count": 0}))
    return with_trailer(Metro2File(Form(), tuple(records)))


def _record(number: int, kind: str, values: Mapping[str, Value]) -> Record:
    length = layouts()[kind].length
    return Record(number, (Segment(kind, {"record_length": length, **values}),), after="\n")


def _header(reporter: Reporter, as_of: date, made_at: datetime) -> Record:
    made = made_at.date().isoformat()
    program = {f"{name}_program_identifier": value for name, value in reporter.program_identifiers.items()}
    values: dict[str, Value] = {
        "record_identifier": "HEADER",
        **program,
        "activity_date": as_of.isoformat(),
        "date_created": made,
        "reporter_name": reporter.name.upper(),
        "reporter_address": reporter.address.upper(),
        "reporter_telephone_number": reporter.telephone_number or "0" * 10,
        "software_vendor_name": "FORBEAR",
    }
    return _record(1, "header", values)


def _of(who: Person) -> dict[str, Value]:
    return {
        "surname": who.surname,
        "first_name": who.first_name,
        "middle_name": who.middle_name,
        "social_security_number": who.social_security_number or "0" * 9,
        "date_of_birth": who.date_of_birth.isoformat() if who.date_of_birth else None,
        "telephone_number": who.telephone_number or "0" * 10,
        "ecoa_code": "1",
        "country_code": "US",
        "first_line_of_address": who.first_line[:32],
        "second_line_of_address": who.second_line[:32],
        "city": who.city[:20],
        "state": who.state,
        "zip_code": who.zip_code,
    }


def _before(account: Account) -> Account:
    """The account as it was at its latest month's end, before it was paid."""
    first, *rest = account.months
    due = first.oldest_unpaid_due_on
    return replace(account, dpd=first.dpd, oldest_unpaid_due_on=due, months=tuple(rest))


def _late(dpd: int) -> Mapping[str, Any]:
    rows: list[Mapping[str, Any]] = _told()["late"]
    return [one for one in rows if dpd >= one["from"]][-1]


def _place(one: MonthEnd) -> str:
    if not one.existed:
        return "B"
    return "L" if one.charged_off else str(_late(one.dpd)["rating"])


def _dollars(minor: int) -> int:
    """Whole dollars, cents cut off, as the format has it; never below zero."""
    return min(max(minor, 0) // 100, MOST)
