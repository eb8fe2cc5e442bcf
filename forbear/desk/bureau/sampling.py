"""Invented bureau records for a sample desk: consents, notices, a run sent, one compared with the bureau, a dispute.

Written by what the desk itself writes with. The identity numbers are of no form that anybody has.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

from forbear.desk.bureau import disputing, running, telling
from forbear.desk.bureau.models import Held, Run
from forbear.desk.people.approvals import approve
from forbear.desk.people.models import Approval, User
from forbear.desk.privacy.models import PersonalValue
from forbear.desk.privacy.storing import Given, put_many
from forbear.desk.record.models import Borrower, Fact, Loan, Vouched
from forbear.recovery.bureau.neutral import Neutral, Told

TOLD = timedelta(days=40)
CHECKED = ("bureau_data_checked", "bureau_fields_necessary")


def furnish_bureau(manager: User, compliance: User, at: datetime, chance: random.Random) -> None:
    """Furnish a desk outside the US with two months of bureau records."""
    if telling.place() == telling.US:
        return
    for fact in CHECKED:
        Vouched.objects.create(
            channel="bureau_report", fact=fact, grounds="样例 / sample", since=at - TOLD, by=compliance
        )
    borrowers = list(Borrower.objects.order_by("pk").values_list("pk", flat=True))
    named = set(PersonalValue.objects.filter(field="name").values_list("borrower_id", flat=True))
    numbers = [Given(one, "identity_number", f"SAMPLE{n:06}", "other") for n, one in enumerate(borrowers)]
    names = [Given(one, "name", "样例客户") for one in borrowers if one not in named]
    put_many([*numbers, *names], "forbear demo", tell=False)
    asked = [one for one in borrowers if chance.random() < 0.9]
    noticed = [one for one in asked if chance.random() < 0.7]
    Fact.objects.bulk_create(
        Fact(borrower_id=one, fact=fact, value="true", since=at - TOLD)
        for fact, of in (("bureau_consent_written", asked), ("bureau_notice", noticed))
        for one in of
    )
    _send(manager, compliance, at - timedelta(days=31), at, None)
    _send(manager, compliance, at - timedelta(days=1), at, _answer(at, chance))
    loan = Loan.objects.filter(pk__in=Held.objects.values("loan_id")).order_by("pk").first()
    if loan:
        day = (at - timedelta(days=6)).date()
        disputing.take(manager, loan.pk, "五月那一期我还了，有转账记录 / I paid in May", day, "direct", at)


def _send(manager: User, compliance: User, day: datetime, at: datetime, answer: bytes | None) -> Run:
    run = running.make(manager, day.date(), at, answer, "sample.jsonl" if answer else "")
    approve(compliance, Approval.objects.get(state="proposed", kind=running.SEND).pk, at)
    return run


def _answer(at: datetime, chance: random.Random) -> bytes:
    """What an invented bureau says that it holds: what it was told, with some of it wrong."""
    rows = []
    for held in Held.objects.order_by("loan_id"):
        fields = json.loads(json.dumps(held.fields))
        if chance.random() < 0.03:
            fields["repayment_24"] = "N" + fields["repayment_24"][1:]
        if chance.random() > 0.01:
            rows.append(Told(held.account, fields, {}))
    return Neutral().write(rows, at.date(), at, "sample")
