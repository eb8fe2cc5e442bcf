"""Plans as pages and answers show them: an option with its effects in the reader's language, a plan with its steps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils.translation import get_language

from forbear.desk.ledger.refusals import Refused
from forbear.desk.money.acts import Effect, rows_in_force, standing_with
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import allowed
from forbear.desk.plans.booking import preview
from forbear.desk.plans.models import AGREED, Plan
from forbear.desk.plans.offering import Offers, day_of
from forbear.desk.plans.services import PlanState, state_of
from forbear.desk.plans.standing import debt_of, fingerprint
from forbear.desk.record.models import Borrower
from forbear.relief import Option
from forbear.relief.plain import to_plain
from forbear.relief.saying import evidence, language_of, refusal, title


def reader() -> str:
    """The reader's language: zh or en."""
    return language_of(get_language())


def option_shown(option: Option | dict[str, Any]) -> dict[str, Any]:
    """An option, or one that was kept, with its title, sentence, payments and proof in the reader's language."""
    told = to_plain(option) if isinstance(option, Option) else dict(option)
    language = reader()
    return told | {
        "title": told["title"][language],
        "say": told["say"][language],
        "payments": [(date.fromisoformat(day), amount) for day, amount in told["payments"]],
        "asks": [evidence(name, language) for name in told["evidence"]],
        "share_used": float(told["share_used"]),
        "chance": float(told["chance"]),
        "annual_cost": float(told["annual_cost"]),
        "annual_cost_before": float(told["annual_cost_before"]),
        "waived_total": _waived(told["waived"]),
    }


def offers_shown(found: Offers) -> dict[str, Any]:
    """The surplus, the plans that are shown, and why others are not."""
    language = reader()
    return {
        "loan": found.loan,
        "debt": found.debt,
        "surplus": found.told.surplus,
        "options": [(option_shown(one), found.ruled_out.get(one.option_id, "")) for one in found.told.shown],
        "refused": [
            (title(kind, language) if kind != "all" else "", refusal(reason, language))
            for kind, reason in found.told.refused.items()
        ],
        "none_because": refusal(found.told.refused["all"], language) if "all" in found.told.refused else "",
    }


def slot(user: Any, who: Borrower) -> dict[str, Any]:
    """What the borrower's page shows of her plans: the last few, for those who may see them."""
    if not allowed(user, "plans.see"):
        return {}
    rows: Iterable[PlanState] = state_of(who)[:3]
    return {"plan_slot": [(row, title(row.plan.kind, reader())) for row in rows], "shows_plans": True}


def effect_of_plan(approval: Approval, at: datetime) -> Effect:
    """What granting a plan would do to its loan now.

    Raises:
        Refused, AnswerIsNo: it can no longer be booked.
    """
    row = plan_of(approval)
    before = rows_in_force(row.loan)
    booked = preview(row, day_of(row.borrower_id, at), at)
    return Effect(row.loan, booked.changes, standing_with(row.loan_id, booked.changes), booked.rows, before)


def plan_is_stale(approval: Approval, at: datetime) -> bool:
    """Whether what is owed has changed since the plan was computed, or it is no longer to be granted."""
    row = plan_of(approval)
    return row.state != AGREED or fingerprint(debt_of(row.loan, day_of(row.borrower_id, at))) != row.debt


def plan_of(approval: Approval) -> Plan:
    """The plan that a proposal is about.

    Raises:
        Refused: there is none.
    """
    row = Plan.objects.select_related("loan").filter(pk=approval.payload["plan_id"]).first()
    if row is None:
        raise Refused("unknown_plan", f"there is no plan {approval.payload['plan_id']}")
    return row


def _waived(waived: dict[str, Any]) -> int:
    return int(waived["principal"] + waived["interest"] + waived["fees"] + sum(a for _, a in waived["charged"]))
