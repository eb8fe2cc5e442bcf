"""The facts of a letter from the ledger: every sum and day as of one day; what people add is words alone.

Each kind of letter has one function here. What it cannot be written for (nothing falls due, something is still owed) is
refused with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.basics.money import to_major
from forbear.desk.ledger.acts import History
from forbear.desk.ledger.balances import Balance, Item, balances, items
from forbear.desk.ledger.kinds import COMPONENTS
from forbear.desk.ledger.reading import history
from forbear.desk.privacy.reaching import addresses_of
from forbear.desk.record.models import Loan
from forbear.recovery.letters import LetterFacts, kind, letter_facts
from forbear.recovery.letters.kinds import Kind, fields

ORDER = ("principal", "interest", "penalty", "fees")
GIVEN = (
    *("pay_to", "law_firm", "law_firm_address", "lawyer_name", "lawyer_license", "answer_by", "mediation"),
    *("assignee_name", "assignee_address", "assignee_phone", "assigned_on", "bureau_name", "report_from"),
    *("agreed_on", "from_on", "until_on"),
)
"""Facts that people give: words and days, never sums."""
SETTLING = ("payment", "waiver", "reversal", "refund", "transfer")


@dataclass(frozen=True)
class Standing:
    """A loan as of a day: its balance, its items, and what its letter may say."""

    loan: Loan
    balance: Balance
    items: list[Item]
    today: date
    given: Mapping[str, str]

    def money(self, minor: int) -> str:
        """An amount as the facts of a letter take it."""
        return str(to_major(minor, self.balance.currency))


def facts_of(
    made: Kind, loan: Loan, language: str, today: date, reference: str, given: Mapping[str, str]
) -> LetterFacts:
    """The facts of a letter about a loan as of a day.

    Raises:
        AnswerIsNo: there is no such letter for the loan as it stands.
        WrongUse: a fact is missing, such as the lender's or the borrower's address; names it.
    """
    balance = balances([loan.pk], today).get(loan.pk)
    if balance is None:
        raise AnswerIsNo(_("the ledger has no such loan on this day"))
    standing = Standing(loan, balance, items(loan.pk, today), today, given)
    own = {
        "kind": made.name,
        "language": language,
        "date": today,
        "reference": reference,
        "currency": balance.currency,
        "lender_name": settings.LENDER["name"],
        "lender_address": settings.LENDER["address"],
        "lender_phone": settings.LENDER["phone"],
        "borrower_name": _personal(loan.borrower_id, "name"),
        "borrower_address": _personal(loan.borrower_id, "address"),
        "loan_id": loan.pk,
        "disbursed_on": loan.disbursed_on,
        "principal": standing.money(loan.principal),
        "annual_rate": str(loan.annual_rate.normalize()),
        "as_of": today,
    }
    told = _FACTS[made.name](standing)
    words = {name: value.strip() for name, value in given.items() if name in GIVEN and value.strip()}
    takes = {*made.all_needs, *made.may, "kind", "language", "date", "reference"}
    return letter_facts({name: value for name, value in {**own, **words, **told}.items() if name in takes})


def why_not(made: Kind, loan: Loan, today: date) -> str:
    """Why there is no such letter for a loan as the ledger has it; empty: there may be one."""
    balance = balances([loan.pk], today).get(loan.pk)
    if balance is None:
        return _("the ledger has no such loan on this day")
    try:
        _FACTS[made.name](Standing(loan, balance, items(loan.pk, today), today, {}))
    except AnswerIsNo as no:
        return no.message
    return ""


def asked_of_people(made: Kind) -> list[str]:
    """The facts that whoever writes a letter of this kind gives."""
    return [name for name in made.needs if name in GIVEN]


def is_day(name: str) -> bool:
    """Whether a fact is a day."""
    return fields()[name].type == "day"


def _personal(borrower_id: str, field: str) -> str:
    found = addresses_of([borrower_id], field).get(borrower_id)
    return found.value if found else ""


def _parts(standing: Standing, amounts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"item": name, "amount": standing.money(amounts[name])} for name in ORDER if amounts.get(name)]


def _arrears(standing: Standing) -> dict[str, Any]:
    balance = standing.balance
    if balance.arrears_total <= 0 or balance.oldest_unpaid_due_on is None:
        raise AnswerIsNo(_("nothing of this loan is overdue"))
    amounts = {name: getattr(balance, f"arrears_{name}") for name in COMPONENTS}
    return {
        "arrears": standing.money(balance.arrears_total),
        "outstanding": standing.money(balance.outstanding),
        "oldest_due_on": balance.oldest_unpaid_due_on,
        "days_late": balance.dpd,
        "parts": _parts(standing, amounts),
    }


def _reminder(standing: Standing) -> dict[str, Any]:
    coming = [one for one in standing.items if one.due_on >= standing.today and one.unpaid > 0]
    if not coming:
        raise AnswerIsNo(_("nothing of this loan falls due any more"))
    due_on = min(one.due_on for one in coming)
    amounts: dict[str, int] = {}
    for one in coming:
        if one.due_on == due_on:
            amounts[one.component] = amounts.get(one.component, 0) + one.unpaid
    total = sum(amounts.values())
    return {"due_on": due_on, "amount_due": standing.money(total), "parts": _parts(standing, amounts)}


def _plan(standing: Standing) -> dict[str, Any]:
    """The schedule in force, of which something is unpaid, as both sides sign it."""
    rows: dict[int, dict[str, Any]] = {}
    for one in standing.items:
        if one.unpaid:
            row = rows.setdefault(one.number, {"due_on": one.due_on, "principal": 0, "interest": 0, "fees": 0})
            row["fees" if one.component == "penalty" else one.component] += one.unpaid
    if not rows:
        raise AnswerIsNo(_("nothing of this loan is unpaid"))
    late = [row for row in rows.values() if row["due_on"] < standing.today]
    if late:
        raise AnswerIsNo(_("book the plan's schedule first: this one has days that are over"))
    schedule = []
    for number, row in sorted(rows.items()):
        sums = {name: row[name] for name in ("principal", "interest", "fees")}
        money = {name: standing.money(amount) for name, amount in sums.items()}
        total = standing.money(sum(sums.values()))
        schedule.append({"number": number, "due_on": row["due_on"], **money, "total": total})
    outstanding = standing.money(standing.balance.outstanding)
    return {"outstanding": outstanding, "plan_total": outstanding, "schedule": schedule}


def _assigned(standing: Standing) -> dict[str, Any]:
    balance = standing.balance
    if balance.outstanding <= 0:
        raise AnswerIsNo(_("nothing of this loan is unpaid"))
    amounts = {name: getattr(balance, f"{name}_outstanding") for name in COMPONENTS}
    return {"outstanding": standing.money(balance.outstanding), "parts": _parts(standing, amounts)}


def _paid(standing: Standing) -> dict[str, Any]:
    balance = standing.balance
    if balance.outstanding > 0 or balance.written_off > 0:
        raise AnswerIsNo(_("this loan is not paid: a certificate is written when the ledger says so"))
    days = [act.effective_on for act in history(standing.loan.pk).acts if act.kind in SETTLING]
    days = [day for day in days if day <= standing.today]
    if not days:
        raise AnswerIsNo(_("no payment of this loan is on the ledger"))
    told = {
        "outstanding": standing.money(balance.outstanding),
        "paid_total": standing.money(balance.paid_total),
        "paid_off_on": max(days),
    }
    return {**told, **({"waived": standing.money(balance.waived)} if balance.waived > 0 else {})}


def _statement(standing: Standing) -> dict[str, Any]:
    first = _day(standing.given.get("from_on", "")) or standing.loan.disbursed_on
    last = min(_day(standing.given.get("until_on", "")) or standing.today, standing.today)
    if first > last:
        raise WrongUse(_("the statement ends before it begins"))
    moves = _movements(history(standing.loan.pk), last)
    opening = sum(amount for on, _kind, amount in moves if on < first)
    balance, rows = opening, []
    for on, what, amount in moves:
        if on < first or not amount:
            continue
        balance += amount
        charged, credited = (amount, 0) if amount > 0 else (0, -amount)
        sums = {"charged": charged, "credited": credited, "balance": balance}
        rows.append({"on": on, "item": what, **{name: standing.money(one) for name, one in sums.items()}})
    if not rows:
        raise AnswerIsNo(_("nothing moved on this loan in that time"))
    ends = {"opening": standing.money(opening), "closing": standing.money(balance)}
    return {"from_on": first, "until_on": last, **ends, "movements": rows}


def _movements(known: History, last: date) -> list[tuple[date, str, int]]:
    """What each act changed of what is owed, with all that followed from it: (day, kind, minor units)."""
    changes: dict[int, int] = {}
    for one in known.booked:
        if one.act.effective_on <= last:
            root = one.of_entry if one.of_entry is not None else one.act.entry_id
            owed = sum(amount for line, amount in one.lines.items() if line.account == "receivable")
            changes[root] = changes.get(root, 0) + owed
    return [
        (act.effective_on, act.kind, changes.get(act.entry_id, 0)) for act in known.acts if act.effective_on <= last
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise WrongUse(_("%(day)s is not a day") % {"day": text}) from None


_FACTS: dict[str, Callable[[Standing], dict[str, Any]]] = {
    "reminder": _reminder,
    "arrears": _arrears,
    "plan_agreement": _plan,
    "letter_before_action": _arrears,
    "assignment_notice": _assigned,
    "bureau_notice": _arrears,
    "paid_in_full": _paid,
    "statement": _statement,
}


def known_kind(name: str) -> Kind:
    """The kind of that name which the desk can write.

    Raises:
        WrongUse: there is none.
    """
    if name not in _FACTS:
        raise WrongUse(_("no such kind of letter"), ", ".join(_FACTS))
    return kind(name)
