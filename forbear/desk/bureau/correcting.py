"""Between two runs: telling the bureau what is true now, or taking an account away. One proposes, another approves.

A correction is what the ledger says today and nothing typed by hand; a deletion says why. Notices given to borrowers
before something bad is reported are written down here too, for the gate asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import Cleared
from forbear.desk.audit.log import record
from forbear.desk.bureau import telling
from forbear.desk.bureau.accounts import accounts
from forbear.desk.bureau.gating import asked
from forbear.desk.bureau.models import Change, Held
from forbear.desk.bureau.running import hold
from forbear.desk.contact.judging import rules_of
from forbear.desk.people.approvals import Decision, propose
from forbear.desk.people.models import Approval
from forbear.desk.record.models import Fact, Loan

CHANGE = "bureau.change"
ACTS = ("correct", "delete")


def propose_change(user: Any, loan_id: str, act: str, why: str, at: datetime) -> Approval:
    """Propose a correction or a deletion.

    Raises:
        WrongUse: no such act, nothing is held of the loan, no reason.
    """
    if act not in ACTS or not Held.objects.filter(pk=loan_id, deleted_at=None).exists():
        raise WrongUse(_("the bureau holds nothing of this loan"), _("see what it holds"))
    if not why.strip() or len(why) > 500:
        raise WrongUse(_("say why"), _("1 to 500 characters, without personal data"))
    payload = {"loan_id": loan_id, "act": act, "why": why.strip()}
    return propose(user, CHANGE, payload, f"loan:{loan_id}", at)


def change(loan_id: str, act: str, why: str, decision: Decision) -> Change:
    """Do what was proposed: write down what the bureau is told now.

    Raises:
        AnswerIsNo: nothing is held any more, nothing is to be corrected, or the gate refuses.
    """
    row = Held.objects.select_for_update().filter(pk=loan_id, deleted_at=None).first()
    if row is None:
        raise AnswerIsNo(_("the bureau holds nothing of this loan"), _("see what it holds"))
    before, at = dict(row.fields), decision.at
    after, rules = (telling.deleted(before), "") if act == "delete" else _true(row, at)
    made = Change.objects.create(
        loan_id=loan_id,
        act=act,
        before=before,
        after=after,
        why=why,
        at=at,
        proposed_by=decision.proposed_by,
        approved_by=decision.approved_by,
    )
    hold([telling.Line(loan_id, row.borrower_id, after, act == "delete")], at)
    record(decision.approved_by, "bureau.changed", f"loan:{loan_id}", act=act, change=made.pk, rules=rules)
    return made


def file_of_change(made: Change) -> tuple[str, bytes]:
    """(name, bytes) of the file that tells the bureau of one change."""
    line = telling.Line(made.loan_id, made.loan.borrower_id, made.after)
    name, raw = telling.file_of([line], made.at.date(), made.at)
    return f"change-{made.pk}-{name}", raw


def noticed(user: Any, loan_ids: Iterable[str], given_on: datetime, at: datetime) -> int:
    """Write down that borrowers were told, before it is reported, that these loans would be; how many.

    Raises:
        WrongUse: the instant lies ahead, or no loan is named.
    """
    loans = list(Loan.objects.filter(pk__in=list(loan_ids)).order_by("pk"))
    if not loans or given_on > at:
        raise WrongUse(_("no such loan, or a day that lies ahead"), _("name loans and the day of the notice"))
    fact = telling.clock().notice_fact
    with transaction.atomic():
        for loan in loans:
            Fact.objects.create(
                borrower_id=loan.borrower_id, fact=fact, value="true", since=given_on, loan_id=loan.pk, by=user
            )
            record(user, "bureau.noticed", f"loan:{loan.pk}", given_on=given_on.isoformat())
    return len(loans)


def _true(row: Held, at: datetime) -> tuple[dict[str, Any], str]:
    """What the ledger says now, if the gate lets it be told, and the rules it was asked."""
    today: date = at.date()
    owed = accounts([row.loan_id], today)[row.loan_id]
    fields = telling.fields_of(owed, row.fields)
    if fields == row.fields:
        raise AnswerIsNo(_("the bureau holds what is true"), _("there is nothing to correct"))
    facts = {**telling.act_facts(fields, in_collection=owed.account.in_collection), "correction": "true"}
    said = asked([(row.loan_id, row.borrower_id, facts)], at)[row.loan_id]
    if not isinstance(said, Cleared):
        raise AnswerIsNo(
            _("the gate does not let it be told: %(rules)s") % {"rules": ", ".join(said.codes)}, _("see the rules")
        )
    return fields, rules_of(said.verdict)
