"""`forbear relief options`: the plans that fit a borrower's surplus, for a loan of a book or a debt in a file."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forbear.basics.console import Format, answers, print_json, print_table
from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.commands.options import Output

if TYPE_CHECKING:
    from forbear.relief import Debt, Told


class Language(StrEnum):
    """Of the sentences."""

    zh = "zh"
    en = "en"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Plans that a borrower in trouble can keep. docs/relief.md.")
    group.command("options")(relief_options)
    group.callback()(lambda: None)
    app.add_typer(group, name="relief")


def relief_options(
    source: Annotated[Path, typer.Argument(help="Folder of a book, or a .json file of one debt.")],
    income: Annotated[str, typer.Option(help="A month's income, major units.")],
    loan: Annotated[str, typer.Option(help="The loan_id, of a book.")] = "",
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The plan's day, of a book; a file has its own.")
    ] = None,
    spending: Annotated[str, typer.Option(help="A month's spending, rent included; none: the place's floor.")] = "",
    obligations: Annotated[str, typer.Option(help="Repaid on other debts a month.")] = "0",
    adults: Annotated[int, typer.Option(min=1, max=50, help="Who lives on the income.")] = 1,
    dependants: Annotated[int, typer.Option(min=0, max=50, help="Of whom without an income.")] = 0,
    savings: Annotated[str, typer.Option(help="A sum at hand now.")] = "0",
    recovers_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From that day on --income-later comes in.")
    ] = None,
    income_later: Annotated[str, typer.Option(help="A month's income after the recovery.")] = "",
    verified: Annotated[bool, typer.Option("--verified", help="Proof of the income has been seen.")] = False,
    broken: Annotated[int, typer.Option(min=0, help="Earlier plans that were broken.")] = 0,
    packs: Annotated[str, typer.Option(help="Rule packs in force, with commas.")] = "cn-lender",
    lender_kind: Annotated[str, typer.Option(help="bank, consumer_finance, microloan ...: for the cap.")] = "",
    lpr: Annotated[
        str, typer.Option(help="One-year loan prime rate, a fraction, which some caps measure by.")
    ] = "",
    policy: Annotated[Path | None, typer.Option(help="A lender's own relief policy, TOML.")] = None,
    mapping: Annotated[str, typer.Option(help="Mapping through which the book is read.")] = "",
    language: Annotated[Language, typer.Option(help="Of the sentences.")] = Language.en,
    output: Output = Format.text,
) -> None:
    """Compute the plans that fit, with schedule, costs, worth, effects and the chance that each is kept.

    No plan asks for more than the surplus of any month, none costs more than the gate's cap, every schedule is exact to
    the minor unit. Ends with 0 when a plan fits, 1 when none does (and says why), 2 on wrong use.
    """
    from forbear.basics.money import to_minor
    from forbear.relief import Budget, options, shipped
    from forbear.relief.plain import told_plain
    from forbear.relief.policy import read_policy

    debt = _debt(source, loan, as_of, mapping)
    place = packs.split(",")[0].strip()
    rules = read_policy(policy, place) if policy else shipped(place)
    budget = Budget(
        to_minor(income, debt.currency),
        to_minor(spending, debt.currency) if spending else None,
        to_minor(obligations, debt.currency),
        adults,
        dependants,
        verified,
        to_minor(savings, debt.currency),
        recovers_on.date() if recovers_on else None,
        to_minor(income_later, debt.currency) if income_later else None,
    )
    cap, lawful = _gate(packs, debt, lender_kind, lpr)
    told = options(debt, budget, rules, cap=cap, broken=broken, lawful=lawful)
    if output is Format.json:
        print_json({"loan_id": debt.loan_id, "on": str(debt.on), "currency": debt.currency, **told_plain(told)})
    else:
        _show(debt, told, language.value)
    if not told.shown:
        raise AnswerIsNo(f"no plan fits {debt.loan_id}", "the reasons are above")


def _debt(source: Path, loan: str, as_of: datetime | None, mapping: str) -> Debt:
    from forbear.relief.from_book import debt_in_book, debt_in_file

    if source.suffix == ".json":
        if loan or as_of:
            raise WrongUse("a file of a debt names its own loan and day", "leave --loan and --as-of out")
        return debt_in_file(source)
    if not loan or as_of is None:
        raise WrongUse("a book needs --loan and --as-of", "name the loan_id and the plan's day")
    import duckdb

    from forbear.book import open_book

    with duckdb.connect() as connection:
        return debt_in_book(open_book(source, connection, mapping=mapping or None), loan, as_of.date())


def _gate(packs: str, debt: Debt, lender_kind: str, lpr: str):  # type: ignore[no-untyped-def]
    """The cap on the annual cost, and who asks the rules on plans."""
    from forbear.conduct import judge_one, load_packs
    from forbear.conduct.cost_cap import cost_cap
    from forbear.conduct.situation import proposal
    from forbear.relief.law import LATER
    from forbear.risk.assess_policy import shipped

    stack, at = (
        load_packs(tuple(name.strip() for name in packs.split(","))),
        datetime.combine(debt.on, time(12), UTC),
    )
    lender = shipped().lender
    facts = {"lender_kind": lender_kind or lender.kind, "platform_loan": lender.platform_loan}
    cap = cost_cap(stack, at, facts, Decimal(lpr) if lpr else lender.lpr_1y).annual_cost

    def lawful(given):  # type: ignore[no-untyped-def]
        act = {**LATER, **given, "borrower_id": "-", "channel": "plan", "at": at, "loan_id": debt.loan_id}
        verdict = judge_one(proposal(act, 1, None, "act"), (), (), stack)
        return tuple(answer.rule_id for answer in verdict.against)

    return cap, lawful


def _show(debt: Debt, told: Told, language: str) -> None:
    from rich.table import Table

    from forbear.basics.money import shown
    from forbear.relief.saying import refusal, title

    def money(minor: int) -> str:
        return shown(minor, debt.currency, language)

    surplus = told.surplus
    answers.print(
        f"{debt.loan_id} on {debt.on}: {money(debt.in_arrears)} in arrears, {debt.dpd} days past due, "
        f"{money(debt.owed)} owed; surplus {money(surplus.now)} a month after {money(surplus.living)} for living",
        markup=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("plan", "first", "peak", "total", "cost", "worth", "chance", "class", "record until"):
        table.add_column(name, justify="left" if name in ("plan", "class", "record until") else "right")
    for one in told.shown:
        table.add_row(
            title(one.kind, language),
            money(one.monthly),
            money(one.peak),
            money(one.total),
            f"{one.annual_cost * 100:.2f} %",
            money(one.present_value),
            f"{one.chance * 100:.0f} %",
            one.classification.after,
            str(one.bureau.adverse_until or "–"),
        )
    if told.shown:
        print_table(table)
    for one in told.shown:
        answers.print(f"{title(one.kind, language)}: {one.sentence(language)}", markup=False)
    for kind, reason in told.refused.items():
        name = "" if kind == "all" else f"{title(kind, language)}: "
        answers.print(f"not offered – {name}{refusal(reason, language)}", markup=False)
