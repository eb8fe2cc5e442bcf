"""Her data to take along: what the record holds of her, as JSON and as a table for each kind, in one archive.

The same rows in both forms, made anew from the record at each request and logged. Who she is (phone, identity number,
address) stands in it masked: what guards this page is a link and a small check, and a whole identity in the wrong hands
does more harm than the convenience is worth; the archive says how to have it in full (docs/borrower.md).
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from forbear.desk.applications.models import Application
from forbear.desk.ledger.models import Entry, Posting
from forbear.desk.lists.formats import FORMULA
from forbear.desk.plans.models import Plan
from forbear.desk.portal import paying
from forbear.desk.portal.history import contacts_of
from forbear.desk.portal.models import Asked, Evidence
from forbear.desk.privacy.sealed import opened_texts
from forbear.desk.privacy.showing import masked
from forbear.desk.record.models import (
    Borrower,
    Case,
    Complaint,
    Consent,
    Fact,
    Installment,
    Loan,
    Note,
    Promise,
    Schedule,
)
from forbear.desk.replies.models import Incoming

Row = Mapping[str, Any]

ABOUT = """\
What {lender} holds about you, as of {at}.

data.json holds everything; each .csv file is one table of it. Amounts are in the smallest unit of the currency (1250
of CNY is 12.50). Instants are UTC. Your name, phone, address and identity number are shown in part: to have them in
full, or to correct them, call {phone} or come with your identity card.

{lender} 保存的与您有关的数据，截至 {at}。

data.json 为全部内容；每个 .csv 文件是其中一张表。金额以最小货币单位计（人民币 1250 即 12.50 元）。时间为 UTC。姓名、
电话、住址、证件号码为部分显示：需要完整内容或更正，请致电 {phone} 或持身份证件办理。
"""


def tables(borrower: Borrower) -> dict[str, list[Row]]:
    """All that the record holds of a borrower, by table; amounts in minor units."""
    own = {"borrower_id": borrower.pk}
    loans = list(Loan.objects.filter(**own).order_by("loan_id").values())
    ids = [loan["loan_id"] for loan in loans]
    entries = Entry.objects.filter(loan_id__in=ids).order_by("entry_id")
    return {
        "borrower": list(Borrower.objects.filter(pk=borrower.pk).values()),
        "personal": [
            {"field": one.field, "label": one.label, "position": one.position, "shown": one.shown}
            for one in masked(borrower)
        ],
        "loans": loans,
        "schedules": list(Schedule.objects.filter(loan_id__in=ids).order_by("loan_id", "version").values()),
        "installments": list(
            Installment.objects.filter(loan_id__in=ids).order_by("loan_id", "version", "number").values()
        ),
        "ledger": list(
            entries.values(
                "entry_id", "loan_id", "kind", "effective_on", "booked_at", "amount", "cause", "reverses_id"
            )
        ),
        "postings": list(
            Posting.objects.filter(entry__in=entries.values("entry_id"))
            .order_by("entry_id", "line")
            .values("entry_id", "line", "account", "component", "number", "amount")
        ),
        **_talk(borrower, own),
    }


def _talk(borrower: Borrower, own: dict[str, str]) -> dict[str, list[Row]]:
    consents = Consent.objects.filter(**own).order_by("at")
    facts = Fact.objects.filter(**own).order_by("recorded_at", "pk")
    promises = Promise.objects.filter(**own).order_by("made_at")
    cases = Case.objects.filter(**own).order_by("opened_at")
    evidence = Evidence.objects.filter(**own).order_by("evidence_id")
    return {
        "cases": list(
            cases.values("case_id", "opened_at", "closed_at", "closed_because", "dpd", "bucket", "arrears")
        ),
        "contacts": [vars(one) for one in contacts_of(borrower.pk)],
        "promises": list(promises.values("promise_id", "amount", "currency", "due_on", "made_at", "state")),
        "facts": list(facts.values("fact", "value", "since", "until", "loan_id", "channel", "recorded_at")),
        "consents": list(consents.values("purpose", "channel", "given", "at", "until", "source", "wording")),
        "applications": list(
            Application.objects.filter(**own).values(
                "application_id", "applied_at", "amount", "currency", "term", "state"
            )
        ),
        "plans": list(
            Plan.objects.filter(**own)
            .order_by("plan_id")
            .values("plan_id", "loan_id", "kind", "state", "asked_at", "option")
        ),
        "notes": _with_texts(Note.objects.filter(**own).order_by("at"), ("note_id", "at"), ("text",)),
        "complaints": _with_texts(
            Complaint.objects.filter(**own).order_by("received_at"),
            ("complaint_id", "kind", "received_at", "channel", "answer_due_on", "answered_at", "outcome"),
            ("text", "answer"),
        ),
        "messages": _with_texts(
            Incoming.objects.filter(**own).order_by("at"), ("message_id", "channel", "at", "intents"), ("text",)
        ),
        "asked": _with_texts(
            Asked.objects.filter(**own).order_by("at"), ("number", "kind", "at", "due_on", "facts"), ("text",)
        ),
        "evidence": _with_texts(
            evidence.defer("data"),
            ("evidence_id", "complaint_id", "plan_id", "asked_id", "at", "media", "size", "sha256"),
            ("name",),
        ),
        "payments_begun": [
            {
                "reference": one.pk,
                "amount": one.amount,
                "currency": one.currency,
                "state": one.state,
                "at": one.opened_at,
            }
            for one in paying.of(borrower.pk)
        ],
    }


def _with_texts(rows: Iterable[Any], names: tuple[str, ...], texts: tuple[str, ...]) -> list[Row]:
    held = list(rows)
    opened = {name: opened_texts(held, name) for name in texts}
    return [
        {**{name: getattr(row, name) for name in names}, **{name: opened[name][at] for name in texts}}
        for at, row in enumerate(held)
    ]


def archive(borrower: Borrower, at: datetime, lender: Mapping[str, str]) -> bytes:
    """The archive: data.json, a CSV for each table, a word on what it is."""
    found = tables(borrower)
    made = io.BytesIO()
    about = ABOUT.format(
        lender=lender["name"] or "the lender", phone=lender["phone"] or "-", at=f"{at:%Y-%m-%d %H:%M}"
    )
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("README.txt", about)
        opened.writestr("data.json", json.dumps(found, ensure_ascii=False, indent=1, default=_plain))
        for name, rows in found.items():
            opened.writestr(f"{name}.csv", _csv(rows))
    return made.getvalue()


def _csv(rows: list[Row]) -> str:
    out = io.StringIO()
    out.write("\N{ZERO WIDTH NO-BREAK SPACE}")
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A value for a spreadsheet: no text of it is taken for a formula."""
    if isinstance(value, dict | list | tuple):
        value = json.dumps(value, ensure_ascii=False, default=_plain)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return _plain(value) if isinstance(value, date | Decimal | bytes) else value


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else repr(value)
