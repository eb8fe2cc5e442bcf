"""`forbear assess`: a table of applications, each with a decision, its reasons, limit and price."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forbear.basics.console import Format, Steps, answers, print_json, print_table
from forbear.basics.errors import WrongUse

if TYPE_CHECKING:
    from forbear.risk.assess import Decision

SHOWN = 40
"""Decisions that are printed as text; all are in JSON."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="assess")(assess_table)


def assess_table(
    file: Annotated[
        Path, typer.Argument(help="Applications: .csv, .parquet, .json or .jsonl (docs/assessment.md).")
    ],
    policy: Annotated[
        Path | None, typer.Option(help="TOML file of the policy; the shipped one if not given.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder that `forbear fit` wrote, when the policy decides by its scorecard.")
    ] = None,
    packs: Annotated[
        str, typer.Option(help="Rule packs that cap the annual cost, by name or folder, with commas.")
    ] = "cn-lender",
    out: Annotated[Path | None, typer.Option(help="Also write all decisions to this .json file.")] = None,
    output: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
) -> None:
    """Decide on applications: approve, refer to a person, or decline, with reasons, limit, price and offers.

    The cap on the annual cost is what the gate's rules allow a loan signed on the day of application. Ends with 0 when
    all were decided on, 2 on wrong use. docs/assessment.md has the columns, the policy and what every answer means.
    """
    from forbear.conduct import load_packs
    from forbear.conduct.cost_cap import cost_cap
    from forbear.risk.application_table import read_applications
    from forbear.risk.assess import assess
    from forbear.risk.assess_card import model_card
    from forbear.risk.assess_policy import open_policy, shipped

    rules = open_policy(policy) if policy else shipped()
    card = model_card(model) if model else None
    stack = load_packs(tuple(name.strip() for name in packs.split(",") if name.strip()))
    if out is not None and out.suffix != ".json":
        raise WrongUse(f"--out {out}: does not end in .json", "name such a file")

    @cache
    def cap(day: date) -> Decimal:
        facts = {"lender_kind": rules.lender.kind, "platform_loan": rules.lender.platform_loan}
        found = cost_cap(stack, datetime.combine(day, time(12), UTC), facts, rules.lender.lpr_1y).annual_cost
        if found is None:
            raise WrongUse(f"no rule of {packs} caps the annual cost", "name packs with a cap, such as cn-lender")
        return found

    with Steps(quiet=output is Format.json).step("assessing"):
        made = [assess(a, e, rules, cap=cap(a.applied_on), card=card) for a, e in read_applications(file)]
    told = {"policy": {"name": rules.name, "sha256": rules.sha256}, "decisions": [one.plain() for one in made]}
    if out is not None:
        import json

        out.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if output is Format.json:
        print_json(told)
    else:
        _tell(made, rules.currency)


def _tell(made: list[Decision], currency: str) -> None:
    from rich.table import Table

    counts = Counter(one.outcome for one in made)
    told = ", ".join(f"{counts[name]:,} {name}" for name in ("approve", "refer", "decline"))
    answers.print(f"{len(made):,} applications: {told}", markup=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("application", "outcome", "limit", "rate", "points", "why"):
        table.add_column(name, justify="right" if name in ("limit", "rate", "points") else "left")
    for one in made[:SHOWN]:
        table.add_row(*_row(one, currency))
    print_table(table)
    if len(made) > SHOWN:
        answers.print(f"and {len(made) - SHOWN:,} more: --format json or --out has all", markup=False)


def _row(one: Decision, currency: str) -> tuple[Any, ...]:
    from forbear.basics.money import shown

    rate = "–" if one.annual_rate is None else f"{one.annual_rate * 100:.2f} %"
    why = " ".join(reason.en for reason in one.reasons[:2])
    return one.application_id, one.outcome, shown(one.limit, currency), rate, str(one.points or "–"), why
