"""An independent answer to what the aging says: one loan at a time, one day at a time, in plain Decimals.

Nothing here is shared with the package. It is slow on purpose: each day is worked out from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

DAY = timedelta(days=1)
ZERO = Decimal(0)


@dataclass
class Installment:
    number: int
    due_on: date
    principal: Decimal
    interest: Decimal
    fees: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest + self.fees


@dataclass
class Payment:
    payment_id: str
    paid_on: date
    amount: Decimal


@dataclass
class Event:
    kind: str
    effective_on: date
    until_on: date | None = None
    payment_id: str | None = None
    recorded_on: date | None = None


@dataclass
class Loan:
    loan_id: str
    borrower_id: str
    disbursed_on: date
    principal: Decimal
    installments: list[Installment]
    payments: list[Payment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass
class Ways:
    """The settings, in the oracle's own words."""

    tolerance: Decimal = ZERO
    grace_days: int = 0
    after_grace: bool = False
    recorded_only: bool = False
    first_payment_days: int = 30
    contagion: bool = True


def paid_by(loan, day, events):
    """All money received by the end of a day, reversed payments taken off."""
    total = ZERO
    for p in loan.payments:
        undone = [
            e for e in events if e.kind == "reversal" and e.payment_id == p.payment_id and e.effective_on <= day
        ]
        if p.paid_on <= day and not undone:
            total += p.amount
    return total


def unpaid_parts(loan, paid):
    """What of each installment is unpaid, in order: (installment, fees, interest, principal)."""
    left = paid
    parts = []
    for i in sorted(loan.installments, key=lambda i: (i.due_on, i.number)):
        unpaid = []
        for component in (i.fees, i.interest, i.principal):
            used = min(left, component)
            left -= used
            unpaid.append(component - used)
        parts.append((i, *unpaid))
    return parts, left


def behind(plan, paid, ways):
    """Places of installments that count as unpaid when this much is paid."""
    places, owed = [], ZERO
    for place, i in enumerate(plan, start=1):
        owed += i.total
        short = owed - paid
        counts = short >= ways.tolerance if ways.tolerance > 0 else short > 0
        if i.total > 0 and short > 0 and counts:
            places.append(place)
    return places


def is_paused(event, day):
    return event.kind == "pause" and event.effective_on <= day and (event.until_on is None or day <= event.until_on)


def grown(due_on, day, events):
    """Days after the due date up to and including a day, without those inside a pause."""
    days, at = 0, due_on + DAY
    while at <= day:
        days += not any(is_paused(e, at) for e in events)
        at += DAY
    return days


def told_dpd(days, ways):
    if days <= ways.grace_days:
        return 0
    return days - ways.grace_days if ways.after_grace else days


CN = [(0, "M0"), (1, "M1"), (31, "M2"), (61, "M3"), (91, "M4"), (121, "M5"), (151, "M6"), (181, "M7+")]
FIVE = [(360, "loss"), (270, "doubtful"), (90, "substandard"), (0, "special_mention")]


def category(dpd):
    return next((name for over, name in FIVE if dpd > over), "normal")


def blank(loan):
    return {
        "loan_id": loan.loan_id, "borrower_id": loan.borrower_id, "status": "not_disbursed", "dpd": 0, "bucket": None,
        "installments_overdue": 0, "oldest_unpaid_due_on": None, "arrears_principal": ZERO, "arrears_interest": ZERO,
        "arrears_fees": ZERO, "arrears_total": ZERO, "principal_outstanding": ZERO, "paid_total": ZERO, "worst_dpd": 0,
        "classification": None, "overpaid_amount": ZERO, "installments_due": 0, "installments_paid": 0,
        "times_late": 0, "times_30": 0, "times_60": 0, "times_90": 0, "kept_streak": 0, "broken_streak": 0,
        "longest_kept_streak": 0, "longest_broken_streak": 0, "first_payment_default": False,
        "disbursed_on": loan.disbursed_on, "principal": loan.principal,
        "first_due_on": min(i.due_on for i in loan.installments),
        "last_due_on": max(i.due_on for i in loan.installments),
        "last_paid_on": None, "closed_on": None,
    }  # fmt: skip


def age_loan(loan, as_of, ways):
    """One loan as of a date, by walking every day of its life."""
    row = blank(loan)
    if loan.disbursed_on > as_of:
        return row
    events = [
        e for e in loan.events if e.effective_on <= as_of
        and not (ways.recorded_only and e.recorded_on is not None and e.recorded_on > as_of)
    ]  # fmt: skip
    plan = sorted(loan.installments, key=lambda i: (i.due_on, i.number))
    total = sum((i.total for i in plan), ZERO)
    paid = paid_by(loan, as_of, events)
    parts, over = unpaid_parts(loan, paid)
    late_now = [p for p in behind(plan, paid, ways) if plan[p - 1].due_on < as_of]
    row["paid_total"] = paid
    row["overpaid_amount"] = over
    row["principal_outstanding"] = max(
        loan.principal - sum((i.principal - pr for i, _, _, pr in parts), ZERO), ZERO
    )
    for place in late_now:
        _i, fees, interest, principal = parts[place - 1]
        row["arrears_fees"] += fees
        row["arrears_interest"] += interest
        row["arrears_principal"] += principal
    row["arrears_total"] = row["arrears_fees"] + row["arrears_interest"] + row["arrears_principal"]
    row["installments_overdue"] = len(late_now)
    row["oldest_unpaid_due_on"] = min((plan[p - 1].due_on for p in late_now), default=None)
    row["installments_due"] = sum(i.due_on < as_of for i in plan)
    row["installments_paid"] = sum(paid_enough(plan, place, paid, ways) for place in range(1, len(plan) + 1))
    row["last_paid_on"] = max((p.paid_on for p in loan.payments if p.paid_on <= as_of), default=None)
    walk(loan, as_of, ways, events, plan, row, total)
    if late_now:
        days = max(grown(plan[p - 1].due_on, as_of, events) for p in late_now)
        row["dpd"] = told_dpd(days, ways)
    row["bucket"] = [name for first, name in CN if row["dpd"] >= first][-1]
    row["classification"] = category(row["dpd"])
    row["status"] = status(row, paid, total)
    return row


def paid_enough(plan, place, paid, ways):
    owed = sum((i.total for i in plan[:place]), ZERO)
    return paid >= owed or (ways.tolerance > 0 and owed - paid < ways.tolerance)


def status(row, paid, total):
    if paid > total:
        return "overpaid"
    if row["closed_on"] is not None:
        return "prepaid" if row["closed_on"] < row["last_due_on"] else "closed"
    if row["installments_overdue"]:
        return "overdue"
    return "current" if row["installments_due"] else "not_due"


def walk(loan, as_of, ways, events, plan, row, total):
    """What only the days tell: worst dpd, late spells, streaks, when it was closed."""
    spells = {place: [] for place in range(1, len(plan) + 1)}
    running, broken, elapsed = {}, set(), {}
    day = min([loan.disbursed_on, plan[0].due_on, *(p.paid_on for p in loan.payments)])
    closed_on, paid, open_places = None, None, set()
    while day <= as_of:
        now = paid_by(loan, day, events)
        if now != paid:
            paid, open_places = now, set(behind(plan, now, ways))
        done = paid > 0 and total - paid < max(ways.tolerance, Decimal("0.01"))
        closed_on = (closed_on or day) if done else None
        paused = any(is_paused(e, day) for e in events)
        for place, i in enumerate(plan, start=1):
            if i.due_on < day and not paused:
                elapsed[place] = elapsed.get(place, 0) + 1
            if i.due_on <= day and i.due_on < as_of and place in open_places:
                broken.add(place)
                running[place] = elapsed.get(place, 0)
            elif place in running:
                spells[place].append(running.pop(place))
        day += DAY
    for place, days in running.items():
        spells[place].append(days)
    row["closed_on"] = closed_on
    every = [d for found in spells.values() for d in found]
    row["worst_dpd"] = told_dpd(max(every, default=0), ways)
    for name, least in (("times_late", 1), ("times_30", 30), ("times_60", 60), ("times_90", 90)):
        row[name] = sum(told_dpd(d, ways) >= least for d in every)
    row["first_payment_default"] = any(told_dpd(d, ways) >= ways.first_payment_days for d in spells[1])
    streaks(row, broken)


def streaks(row, broken):
    kept = [place not in broken for place in range(1, row["installments_due"] + 1)]
    runs = []
    for was_kept in kept:
        if runs and runs[-1][0] == was_kept:
            runs[-1][1] += 1
        else:
            runs.append([was_kept, 1])
    row["longest_kept_streak"] = max((n for good, n in runs if good), default=0)
    row["longest_broken_streak"] = max((n for good, n in runs if not good), default=0)
    if runs:
        row["kept_streak" if runs[-1][0] else "broken_streak"] = runs[-1][1]


def age_book(loans, as_of, ways):
    """Every loan, then the rule that one long overdue loan pulls its debtor's others down."""
    rows = [age_loan(loan, as_of, ways) for loan in sorted(loans, key=lambda x: x.loan_id)]
    for borrower in {r["borrower_id"] for r in rows} if ways.contagion else ():
        own = [r for r in rows if r["borrower_id"] == borrower]
        whole = sum((r["principal_outstanding"] for r in own), ZERO)
        bad = sum((r["principal_outstanding"] for r in own if r["dpd"] > 90), ZERO)
        if bad * 10 > whole:
            for r in own:
                if r["principal_outstanding"] > 0 and r["dpd"] <= 90:
                    r["classification"] = "substandard"
    return rows
