"""The way back: the steps from arrears to a restored status, limit and record, each with its day and what it needs.

Restoring is earned and dated; nobody may promise more than law gives. A record that is wrong is corrected now, one
that is true ages out: five years from the end of the bad conduct in China, seven from the first delinquency in the
US. The People's Bank's one-off measure of 2026 is closed; arrears that it covered are never shown again (CN-BUR-07).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from forbear.basics.money import to_minor
from forbear.loans.every import MONTHLY, add_steps
from forbear.relief.effects import adverse_until, observed_until
from forbear.relief.policy import Policy

LIMIT_STEPS = ((Decimal("0.5"), 0), (Decimal(1), 6))
"""Share of the former limit, and months after the observation; lender policy, assumed."""


@dataclass(frozen=True)
class Journey:
    """What the way back starts from.

    Args:
        on: the day it is looked at from.
        currency: of the amounts.
        late_began: due date of the first missed installment; None: never late.
        late_ended: the day on which all arrears were gone; None: they are not.
        worst_owed: the most that was overdue at once, minor units; for the one-off measure.
        plan_days: due dates of the plan in force or kept; empty: there is none.
        plan_state: running, late, broken, kept; empty: there is none.
        charged_off: whether it was written off or settled for less.
        reported: whether a bureau was told; None: not known here.
    """

    on: date
    currency: str
    late_began: date | None = None
    late_ended: date | None = None
    worst_owed: int = 0
    plan_days: tuple[date, ...] = ()
    plan_state: str = ""
    charged_off: bool = False
    reported: bool | None = None


@dataclass(frozen=True)
class Step:
    """One step: done, or from which day it is reached if all goes well (None: by no date yet)."""

    code: str
    done: bool
    on: date | None
    en: str
    zh: str
    rule: str = ""
    verified: bool = True

    def sentence(self, language: str) -> str:
        """The step in the reader's language."""
        return self.zh if language.lower().startswith("zh") else self.en


def way_back(journey: Journey, policy: Policy) -> tuple[Step, ...]:
    """The steps in their order; empty for somebody who was never late."""
    if journey.late_began is None:
        return ()
    arrears = _arrears(journey)
    status = _status(journey, policy)
    return (arrears, *_plan(journey), status, *_limits(journey, status), *_record(journey, policy))


def _ends_on(journey: Journey) -> date | None:
    """When arrears are, or will be, over: a plan that is paid ends them; one that broke does not."""
    if journey.late_ended:
        return journey.late_ended
    going = journey.plan_state in ("running", "late", "kept")
    return journey.plan_days[-1] if journey.plan_days and going else None


def _arrears(journey: Journey) -> Step:
    done, on = journey.late_ended is not None, _ends_on(journey)
    if done:
        return Step("arrears", True, on, f"Nothing is overdue since {on}.", f"自{on}起没有逾期。")
    if on is None:
        return Step(
            "arrears",
            False,
            None,
            "Pay what is overdue, or choose a plan that you can keep.",
            "先还清逾期，或选一个还得起的方案。",
        )
    return Step("arrears", False, on, f"Keep the plan: it is paid on {on}.", f"按方案还款，{on}还清。")


def _plan(journey: Journey) -> tuple[Step, ...]:
    if not journey.plan_days:
        return ()
    kept = journey.plan_state == "kept"
    if journey.plan_state == "broken":
        return (
            Step(
                "plan",
                False,
                None,
                "The plan is broken. Another, lighter one can be agreed; talk to us.",
                "方案已中断，可以另商一个更轻的方案，请联系我们。",
            ),
        )
    last = journey.plan_days[-1]
    done = sum(day < journey.on for day in journey.plan_days)
    return (
        Step(
            "plan",
            kept,
            last,
            f"{done} of {len(journey.plan_days)} payments of the plan have come due; the last on {last}.",
            f"方案共{len(journey.plan_days)}期，已到期{done}期，最后一期{last}。",
        ),
    )


def _status(journey: Journey, policy: Policy) -> Step:
    """Back to the ordinary category: when the observation of a restructured loan is over, else when nothing is late."""
    rules = policy.place.classification
    on = _ends_on(journey)
    if journey.plan_days and on:
        on = observed_until(policy.place, list(journey.plan_days))
    if on is None:
        return Step(
            "status",
            False,
            None,
            "The account is ordinary again once nothing is overdue and a plan was watched to its end.",
            "没有逾期且方案观察期满后，账户恢复正常状态。",
            rules.rule,
            rules.verified,
        )
    done = on <= journey.on and journey.plan_state != "late"
    return Step(
        "status",
        done,
        on,
        f"Your account returns to ordinary standing on {on} if all payments up to that day are made.",
        f"到{on}为止各期都按时还，账户即恢复正常状态。",
        rules.rule,
        rules.verified,
    )


def _limits(journey: Journey, status: Step) -> tuple[Step, ...]:
    if status.on is None:
        return ()
    steps = []
    for share, months in LIMIT_STEPS:
        on = add_steps(status.on, MONTHLY, months)
        percent = f"{share * 100:.0f}"
        steps.append(
            Step(
                "limit",
                status.done and on <= journey.on,
                on,
                f"From {on} a new loan of up to {percent} % of the former limit may be asked for; it is assessed anew.",
                f"自{on}起可以申请不超过原额度{percent}%的新贷款，届时重新评估。",
                verified=False,
            )
        )
    return tuple(steps)


def _record(journey: Journey, policy: Policy) -> tuple[Step, ...]:
    rules, began = policy.place.bureau, journey.late_began
    assert began is not None
    days = rules.dispute_days
    correct = Step(
        "correct",
        False,
        journey.on + timedelta(days=days),
        f"If the record says something wrong, say so: it is looked into and answered within {days} days, without cost.",
        f"征信记录有错的，可以提出异议：{days}日内核查并答复，不收费。",
        rules.dispute_rule,
        rules.verified,
    )
    if journey.reported is False:
        text = ("No bureau was told of these arrears.", "这次逾期没有报送征信机构。")
        return (Step("record", True, journey.on, *text),)
    if _covered(journey, policy):
        rule = rules.one_off
        assert rule is not None
        text = (
            "These arrears are no longer shown, by the People's Bank's one-off measure.",
            "这次逾期依中国人民银行的一次性政策不再展示。",
        )
        return (correct, Step("record", True, rule.repaid_by, *text, rule.rule, rule.verified))
    until = adverse_until(rules, began, _ends_on(journey), charged_off=journey.charged_off)
    if until is None:
        text = (
            f"The record of the arrears is removed {rules.years} years after they ended.",
            f"逾期记录自逾期结束之日起满{rules.years}年后删除。",
        )
    else:
        text = (
            f"From {until} the record of these arrears may no longer be shown.",
            f"自{until}起，这次逾期的记录不再保留。",
        )
    done = until is not None and until <= journey.on
    return (correct, Step("record", done, until, *text, rules.rule, rules.verified))


def _covered(journey: Journey, policy: Policy) -> bool:
    """Whether the one-off measure covers the arrears: when they arose, how much they were, when they were repaid."""
    rule = policy.place.bureau.one_off
    if rule is None or journey.late_began is None or journey.late_ended is None or journey.charged_off:
        return False
    return (
        rule.from_ <= journey.late_began <= rule.until
        and journey.late_ended <= rule.repaid_by
        and 0 < journey.worst_owed <= to_minor(rule.most, journey.currency)
    )
