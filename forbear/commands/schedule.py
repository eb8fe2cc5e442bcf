"""`forbear schedule`: the installments of a loan and what it costs a year, from its terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from forbear.basics.console import Format, answers, print_json, print_table, words
from forbear.basics.errors import WrongUse

if TYPE_CHECKING:
    from datetime import date

    from forbear.loans.cost import AnnualCost
    from forbear.loans.schedule import Schedule
    from forbear.loans.terms import Terms

METHODS = "equal_installment, equal_principal, interest_first, bullet, flat, zero_interest"
DAY_COUNTS = "30/360, 30/360-prorata, actual/360, actual/365, actual/actual, actual/actual-isda"
DATED = "repeatable"
LONGEST_AMOUNT = 30
"""Characters; no sum of money takes more."""
AS_TYPED = (
    "term",
    "day_count",
    "currency",
    "rounding",
    "month_end",
    "roll",
    "smoothing",
    "grace_principal",
    "grace_interest",
    "interest_free",
)
"""Options that are terms as they stand; the others are read first."""


def register(app: typer.Typer) -> None:
    """Add `schedule` to the commands."""
    app.command("schedule")(schedule)


def schedule(
    principal: str = typer.Option(..., help="Amount lent, in the major unit: 12000 or 12000.50."),
    annual_rate: str = typer.Option("0", help="Contract rate as a fraction of a year: 0.18 is 18 %."),
    term: int = typer.Option(..., help="Number of installments."),
    disbursed_on: str = typer.Option(..., help="Day of disbursal, 2026-01-15."),
    method: str = typer.Option("equal_installment", help=METHODS + "."),
    first_due_on: str | None = typer.Option(None, help="First due date; by default one step after disbursal."),
    every: str = typer.Option("1m", help="Step between due dates: 1m, 2w, 30d, 1y."),
    day_count: str = typer.Option("30/360", help=DAY_COUNTS + "."),
    currency: str = typer.Option("CNY", help="ISO 4217 code; sets the minor unit."),
    rounding: str = typer.Option("half_even", help="How half a minor unit goes: half_even or half_up."),
    multiple_of: str | None = typer.Option(
        None, help="Level installments are multiples of this amount, such as 1."
    ),
    grace_principal: int = typer.Option(0, help="First installments in which no principal falls due."),
    grace_interest: int = typer.Option(0, help="First installments whose interest waits for the next one."),
    interest_free: int = typer.Option(0, help="First periods in which no interest arises."),
    fee_rate: str = typer.Option("0", help="Fee with each installment, as a share of the principal: 0.005."),
    fee: str = typer.Option("0", help="Fee with each installment, as an amount."),
    upfront_fee: str = typer.Option(
        "0", help="Fee kept back at disbursal, as an amount; counts in the annual cost."
    ),
    down_payment: str = typer.Option("0", help="Share of the principal due on the day of disbursal: 0.25."),
    month_end: str = typer.Option(
        "clamp", help="A day the month lacks: clamp to its last day, or roll to the next."
    ),
    roll: str = typer.Option("none", help="Due dates not worked: none, following, preceding, modified_following."),
    calendar: str = typer.Option(
        "", help="Country whose holidays are not worked (CN, US ...); default weekends only."
    ),
    tranche: list[str] = typer.Option([], help=f"A further disbursal, DATE=AMOUNT; {DATED}."),
    rate_change: list[str] = typer.Option([], help=f"A new rate from a day on, DATE=RATE; {DATED}."),
    move_due: list[str] = typer.Option([], help=f"A due date moved, OLD=NEW; later ones follow; {DATED}."),
    smoothing: bool = typer.Option(True, help="Nudge the level payment where the last one comes closer to it."),
    answer_format: Format = typer.Option(Format.text, "--format", help="text for people, json for programs."),
) -> None:
    """Installments of a loan from its terms, and what it costs a year with all fees.

    Example: `forbear schedule --principal 12000 --annual-rate 0.18 --term 12 --disbursed-on 2026-01-15`

    IRR is the rate per period times the periods in a year; XIRR is the effective rate by dates. Every option is
    explained in docs/schedules.md.
    """
    given = dict(locals())
    from forbear.loans.cost import annual_cost
    from forbear.loans.schedule import make_schedule

    terms = _terms(given)
    made = make_schedule(terms)
    _say_what_is_unused(terms)
    cost = annual_cost(made)
    if answer_format == Format.json:
        print_json(as_answer(made, cost))
    else:
        _print_table(made, cost)


def _terms(given: dict[str, Any]) -> Terms:
    """The terms from the options as they were typed."""
    from forbear.loans.due_dates import Calendar
    from forbear.loans.every import parse_every
    from forbear.loans.terms import Terms, as_rate

    currency = given["currency"]
    options: dict[str, Any] = {name: given[name] for name in AS_TYPED}
    for name in ("principal", "fee", "upfront_fee", "multiple_of"):
        if given[name] is not None:
            options[name] = _money(given[name], currency, _option(name))
    for name in ("annual_rate", "fee_rate", "down_payment"):
        options[name] = as_rate(given[name], _option(name))
    for name in ("disbursed_on", "first_due_on"):
        options[name] = None if given[name] is None else _day(given[name], _option(name))
    tranches = _dated(given["tranche"], "--tranche")
    changes = _dated(given["rate_change"], "--rate-change")
    moves = _dated(given["move_due"], "--move-due")
    return Terms(
        **options,
        method=_method(given["method"]),
        every=parse_every(given["every"]),
        calendar=Calendar(given["calendar"]),
        tranches=tuple((day, _money(value, currency, "--tranche")) for day, value in tranches),
        rate_changes=tuple((day, as_rate(value, "--rate-change")) for day, value in changes),
        moved_due=tuple((day, _day(value, "--move-due")) for day, value in moves),
    )


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _method(text: str) -> Any:
    from forbear.loans.terms import Method

    name = text.strip().lower().replace("-", "_")
    if name not in Method.__members__:
        raise WrongUse(f"{text!r} is not a method of repayment", f"use one of {METHODS}")
    return Method(name)


def _money(text: str, currency: str, option: str) -> int:
    from forbear.basics.money import to_minor

    try:
        if len(text) > LONGEST_AMOUNT or "e" in text.lower():
            raise WrongUse(f"{text[:LONGEST_AMOUNT]!r} is not an amount of money")
        return to_minor(text.strip(), currency)
    except WrongUse as bad:
        raise WrongUse(f"{option}: {bad.message}", bad.hint or "write an amount such as 12000 or 12000.50") from bad


def _day(text: str, option: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text.strip())
    except ValueError as bad:
        raise WrongUse(f"{option}: {text!r} is not a date", "write year-month-day: 2026-01-15") from bad


def _dated(texts: list[str], option: str) -> list[tuple[date, str]]:
    pairs = []
    for text in texts:
        day, equals, value = text.partition("=")
        if not equals:
            raise WrongUse(f"{option}: {text!r} is not of the form DATE=VALUE", "write 2026-01-15=VALUE")
        pairs.append((_day(day, option), value))
    return pairs


def _say_what_is_unused(terms: Terms) -> None:
    from forbear.loans.terms import Method

    if terms.method == Method.zero_interest and terms.annual_rate:
        words.print("zero_interest charges no interest: --annual-rate is not used", style="yellow")
    if terms.method == Method.equal_principal and terms.multiple_of > 1:
        words.print("equal_principal has no level installment: --multiple-of is not used", style="yellow")


def as_answer(made: Schedule, cost: AnnualCost) -> dict[str, Any]:
    """The answer of `--format json`: money as strings in the major unit, rates as numbers."""
    from forbear.basics.money import to_major

    currency = made.terms.currency

    def money(minor: int) -> str:
        return format(to_major(minor, currency), "f")

    rows = [
        {
            "number": row.number,
            "due_on": row.due_on.isoformat(),
            "principal": money(row.principal),
            "interest": money(row.interest),
            "fees": money(row.fees),
            "total": money(row.total),
            "balance": money(row.balance),
        }
        for row in made.installments
    ]
    parts = ("principal", "interest", "fees", "total")
    return {
        "installments": rows,
        "irr_annual": cost.irr_annual,
        "xirr": cost.xirr,
        "irr_effective": cost.irr_effective,
        "totals": {part: money(getattr(made, part)) for part in parts}
        | {"upfront_fee": money(made.terms.upfront_fee)},
        "currency": currency,
        "method": str(made.terms.method),
        "day_count": made.terms.day_count,
    }


def _print_table(made: Schedule, cost: AnnualCost) -> None:
    from rich import box
    from rich.table import Table

    from forbear.loans.terms import CHINESE

    answer = as_answer(made, cost)
    table = Table(
        title=f"{made.terms.method} {CHINESE[made.terms.method]} · {made.terms.currency}",
        box=box.SIMPLE_HEAD,
        show_footer=True,
        title_justify="left",
    )
    for name in ("number", "due_on", "principal", "interest", "fees", "total", "balance"):
        footer = answer["totals"].get(name, "sum" if name == "due_on" else "")
        table.add_column(name.replace("_", " "), footer=footer, justify="right", no_wrap=True)
    for row in answer["installments"]:
        table.add_row(*(str(value) for value in row.values()))
    print_table(table)
    answers.print(
        f"Annual cost, fees included: IRR {_percent(cost.irr_annual)} (rate per {made.terms.every} x "
        f"{float(made.terms.every.a_year):g} a year), effective {_percent(cost.irr_effective)}, "
        f"XIRR {_percent(cost.xirr)} (effective, by dates)"
    )
    if made.terms.upfront_fee:
        answers.print(f"Upfront fee kept back at disbursal: {answer['totals']['upfront_fee']}")


def _percent(rate: float | None) -> str:
    return "none" if rate is None else f"{rate:.2%}"
