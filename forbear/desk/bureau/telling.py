"""What is told of an account where the lender is, who it is told of, and the file that goes out.

In the US the file is Metro 2; elsewhere it is the neutral format or the one of the adapter that the settings name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.bureau.accounts import Owed
from forbear.desk.complaints.taking import jurisdiction
from forbear.desk.privacy.keys import open_many
from forbear.desk.privacy.models import PersonalValue
from forbear.recovery.bureau import american, metro2, neutral
from forbear.recovery.bureau.clocks import Clock, clock_of
from forbear.recovery.bureau.reconciling import held_in_metro2

US = "us"
PERSONAL = ("name", "identity_number", "address", "phone")


@dataclass(frozen=True)
class Line:
    """One account that goes into a file; `deleted`: it is taken away by it."""

    loan_id: str
    borrower_id: str
    fields: Mapping[str, Any]
    deleted: bool = False


def place() -> str:
    """Where the lender is."""
    return jurisdiction()


def clock() -> Clock:
    """The statutory times there."""
    return clock_of(place())


def account_number(loan_id: str) -> str:
    """The account's number as the bureau has it: in Metro 2 letters and digits alone."""
    return re.sub(r"[^A-Za-z0-9]", "", loan_id)[:30] if place() == US else loan_id


def fields_of(owed: Owed, told_before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is told of an account."""
    if place() != US:
        return neutral.fields(owed.account)
    before = (told_before or {}).get("date_of_first_delinquency")
    return dict(american.fields(owed.account, date.fromisoformat(before) if before else None))


def is_negative(fields: Mapping[str, Any], *, in_collection: bool) -> bool:
    """Whether it tells something against her; of an account in collection, strictly, always where no format says."""
    return american.negative(fields) if place() == US else in_collection or neutral.negative(fields)


def act_facts(fields: Mapping[str, Any], *, in_collection: bool) -> dict[str, str]:
    """What the gate is told of the act itself: of these very fields, as they go out."""
    bad = is_negative(fields, in_collection=in_collection)
    facts = {"negative_information": str(bad).lower(), "positive_information": str(not bad).lower()}
    facts["marked_disputed"] = str((american if place() == US else neutral).disputed(fields)).lower()
    if began := fields.get("date_of_first_delinquency"):
        facts["delinquency_began"] = str(began)
    if ended := fields.get("bad_behavior_ended_on"):
        facts["bad_behavior_ended_on"] = str(ended)
    return facts


def day_of(fields: Mapping[str, Any], otherwise: date) -> date:
    """The day that a bureau's record is as of."""
    told = str(fields.get("as_of") or fields.get("date_of_account_information") or "")
    try:
        return min(date.fromisoformat(told), otherwise)
    except ValueError:
        return otherwise


def deleted(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that take an account away."""
    return (
        {**fields, "account_status": "DA", "payment_rating": ""} if place() == US else {**fields, "state": "删除"}
    )


def persons(borrower_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Who these borrowers are, in the clear: their first name, identity number, address, phone. For files alone."""
    rows = list(
        PersonalValue.objects.filter(borrower_id__in=set(borrower_ids), field__in=PERSONAL, position=0).values_list(
            "borrower_id", "field", "sealed"
        )
    )
    found: dict[str, dict[str, str]] = {}
    for field in PERSONAL:
        of_field = [(borrower, sealed) for borrower, name, sealed in rows if name == field]
        values = open_many([sealed for _, sealed in of_field], f"personal.{field}")
        for (borrower, _), value in zip(of_field, values, strict=True):
            found.setdefault(borrower, {})[field] = value
    return found


def missing(who: Mapping[str, str]) -> str:
    """What of a person is missing or cannot be told in the format; empty: nothing. Names no value."""
    if place() == US:
        try:
            _american(who)
        except WrongUse as wrong:
            return wrong.message
        return ""
    lacking = [name for name in ("name", "identity_number") if not who.get(name)]
    return f"missing: {', '.join(lacking)}" if lacking else ""


def faults(loan_id: str, fields: Mapping[str, Any]) -> str:
    """What the format's own checks say against the fields; empty: nothing."""
    if place() != US:
        return ""
    nobody = american.Person("DOE", "JANE", "", "219099999", None, "", "1 MAIN ST", "", "PEORIA", "IL", "61602")
    day = date.fromisoformat(str(fields["date_of_account_information"]))
    made = datetime.combine(day, datetime.min.time())
    file = american.file([(loan_id, fields, nobody)], american.Reporter("X", "X", "00001"), day, made)
    found = [one for one in metro2.check(file) if one.level == "error" and one.segment == "base"]
    return "; ".join(f"{one.field}: {one.says}" for one in found)[:500]


def file_of(lines: Iterable[Line], as_of: date, made_at: datetime) -> tuple[str, bytes]:
    """(name, bytes) of the file that goes to the bureau. It holds personal data: whoever calls it writes that down.

    Raises:
        AnswerIsNo: the lender's own names and numbers for the bureau are not set.
    """
    rows = list(lines)
    who = persons(row.borrower_id for row in rows)
    reporter = settings.BUREAU
    if not reporter["name"]:
        raise AnswerIsNo("who reports is not set", "set FORBEAR_BUREAU_NAME, see docs/bureau.md")
    name = f"bureau-{as_of:%Y%m%d}"
    if place() == US:
        told = american.Reporter(
            reporter["name"],
            reporter["address"],
            reporter["identification"],
            reporter["phone"],
            reporter["programs"],
        )
        people = [(account_number(r.loan_id), r.fields, _american(who.get(r.borrower_id, {}))) for r in rows]
        return f"{name}.m2", metro2.write(american.file(people, told, as_of, made_at))
    adapter = neutral.adapter(reporter["adapter"])
    lines_of = [neutral.Told(r.loan_id, r.fields, who.get(r.borrower_id, {})) for r in rows]
    return f"{name}.jsonl", adapter.write(lines_of, as_of, made_at, reporter["name"])


def held_in(raw: bytes) -> dict[str, dict[str, Any]]:
    """What a bureau's file says that it holds, by account number.

    Raises:
        UnreadableFile: it is no such file.
    """
    return held_in_metro2(raw) if place() == US else neutral.adapter(settings.BUREAU["adapter"]).read(raw)


def _american(who: Mapping[str, str]) -> american.Person:
    return american.person(
        who.get("name", ""), who.get("identity_number", ""), who.get("address", ""), who.get("phone", "")
    )
