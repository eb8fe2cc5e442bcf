"""Looking: what I owe, how it came about, every contact, my receipts, my data, my way back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from forbear.desk.audit.log import record
from forbear.desk.complaints.taking import clocks
from forbear.desk.pages.owed import Owed, owed
from forbear.desk.plans.services import way_back as way_back_of
from forbear.desk.plans.showing import reader
from forbear.desk.portal import asking, data, evidence, history, paying, words
from forbear.desk.portal.checking import ACTOR
from forbear.desk.portal.door import shell
from forbear.desk.portal.models import Asked
from forbear.desk.portal.numbers import new_number
from forbear.desk.portal.standing import standing_of
from forbear.desk.portal.visits import hers
from forbear.desk.record.models import Loan
from forbear.desk.wording.rendering import today_of


def loans_of(borrower_id: str, at: Any) -> list[Owed]:
    """Her loans as the ledger has them today, most in arrears first."""
    return owed(
        Loan.objects.filter(borrower_id=borrower_id).order_by("-disbursed_on", "loan_id"), today_of(borrower_id, at)
    )


@require_safe
@hers
def home(request: Any) -> HttpResponse:
    """What I owe now, and what I can do."""
    at = timezone.now()
    told = {"loans": loans_of(request.borrower.pk, at), "standing": standing_of(request.borrower.pk, at)}
    return render(request, "portal/home.html", shell(**told))


@require_safe
@hers
def loan(request: Any, loan_id: str) -> HttpResponse:
    """One loan: each component, the schedule, payments, fees, and what each did."""
    at = timezone.now()
    mine = Loan.objects.filter(pk=loan_id, borrower=request.borrower)
    found = owed(mine, today_of(request.borrower.pk, at))
    if not found:
        raise Http404
    return render(request, "portal/loan.html", shell(one=found[0], parts=words.PART_WORDS))


@require_safe
@hers
def contacts(request: Any) -> HttpResponse:
    """Every contact made to me, and why."""
    return render(
        request, "portal/contacts.html", shell(rows=history.contacts_of(request.borrower.pk), who=request.borrower)
    )


@require_safe
@hers
def receipts(request: Any) -> HttpResponse:
    """What I asked for, and what I paid here."""
    rows = [(row, words.KIND_WORDS[row.kind]) for row in asking.of(request.borrower.pk)]
    return render(
        request,
        "portal/receipts.html",
        shell(rows=rows, payments=paying.of(request.borrower.pk), who=request.borrower),
    )


@require_safe
@hers
def receipt(request: Any, number: str) -> HttpResponse:
    """One receipt: what happens next, and the answer once there is one."""
    row = Asked.objects.filter(pk=number, borrower=request.borrower).first()
    if row is None:
        raise Http404
    if row.kind == "plan":
        return redirect("portal:plan", plan_id=int(row.refers))
    complaint = asking.complaint_of(row)
    told = {
        "row": row,
        "who": request.borrower,
        "title": words.KIND_WORDS[row.kind],
        "next": words.NEXT_WORDS[row.kind],
        "complaint": complaint,
        "clock": clocks().get(complaint.clock) if complaint else None,
        "outcome": words.OUTCOME_WORDS.get(complaint.outcome, "") if complaint else "",
        "files": evidence.of([complaint.pk]).get(complaint.pk, []) if complaint else evidence.proof_with(row),
    }
    return render(request, "portal/receipt.html", shell(**told))


@require_safe
@hers
def my_data(request: Any) -> HttpResponse:
    """What can be taken along, and how."""
    return render(request, "portal/data.html", shell())


@require_POST
@hers
def download(request: Any) -> HttpResponse:
    """Her data as an archive; that it was taken is written down first, and she gets a number for it."""
    at = timezone.now()
    with transaction.atomic():
        row = Asked.objects.create(number=new_number(), borrower=request.borrower, kind="download", at=at)
        record(ACTOR, "portal.download", f"borrower:{request.borrower.pk}", number=row.pk)
    made = data.archive(request.borrower, at, settings.LENDER)
    response = HttpResponse(made, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="my-data-{at:%Y-%m-%d}.zip"'
    return response


@require_safe
@hers
def way_back(request: Any) -> HttpResponse:
    """What it takes to be up to date again."""
    at = timezone.now()
    told = {
        "loans": loans_of(request.borrower.pk, at),
        "standing": standing_of(request.borrower.pk, at),
        "ways": [
            (one.loan_id, [(step, step.sentence(reader())) for step in one.steps])
            for one in way_back_of(request.borrower, at)
        ],
    }
    return render(request, "portal/way_back.html", shell(**told))
