"""`forbear litigation`: what may be claimed, whether to sue, until when, what a court takes, the evidence bundle."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from forbear.basics.console import Format, answers, print_json, print_table
from forbear.basics.errors import WrongUse
from forbear.basics.money import shown, to_major, to_minor
from forbear.commands.options import Output

if TYPE_CHECKING:
    from forbear.recovery.litigation import Assessment, Claim

group = typer.Typer(
    no_args_is_help=True,
    help="Suits (mainland China): claims to the cent, worth, limitation, fees, evidence. Files: docs/litigation.md.",
)
ByDay = Annotated[Path | None, typer.Option("--by-day", help="Write the table by day as CSV.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="litigation")


@group.command("claim")
def claim_command(
    loan: Annotated[Path, typer.Argument(help="Loan, schedule, payments and the day of the claim: TOML or JSON.")],
    by_day: ByDay = None,
    form: Output = Format.text,
) -> None:
    """What may be claimed from a loan on a day, to the cent, within the cap; with the table by day."""
    from forbear.recovery.litigation import claim_of, read_claim_loan

    given, as_of = read_claim_loan(loan)
    claim = claim_of(given, as_of)
    if by_day:
        rows = [
            [one.on, to_major(one.base, given.currency), to_major(one.amount, given.currency)] for one in claim.days
        ]
        _write(by_day, ["day", "overdue_principal", "penalty"], rows)
    if form is Format.json:
        print_json(_claim_json(claim))
        return
    _show_claim(claim)


def _claim_json(claim: Claim) -> dict[str, Any]:
    currency = claim.loan.currency

    def money(amount: int) -> str:
        return str(to_major(amount, currency))

    return {
        "loan_id": claim.loan.loan_id,
        "as_of": claim.as_of,
        "currency": currency,
        "claimed": {name: money(amount) for name, amount in claim.parts.items()},
        "total": money(claim.total),
        "left_out_for_the_cap": {name: money(amount) for name, amount in claim.cut.items()},
        "cap": {
            "annual": f"{float(claim.cap.annual):.6f}",
            "source": claim.cap.source,
            "verified": claim.cap.verified,
        },
        "room_under_the_cap": money(claim.room),
        "paid": {name: money(amount) for name, amount in claim.paid.items()},
        "spans": [
            {"from": first, "until": last, "overdue_principal": money(base), "penalty": money(amount)}
            for first, last, base, amount in claim.spans
        ],
    }


def _show_claim(claim: Claim) -> None:
    currency = claim.loan.currency
    table = Table(title=f"{claim.loan.loan_id}, as of {claim.as_of}")
    table.add_column("part")
    table.add_column("claimed", justify="right")
    table.add_column("left out for the cap", justify="right")
    for name, amount in claim.parts.items():
        cut = claim.cut.get(name, 0)
        table.add_row(name, shown(amount, currency), shown(cut, currency) if cut else "")
    table.add_row("total", shown(claim.total, currency), "", style="bold")
    print_table(table)
    unseen = "" if claim.cap.verified else " (text not seen, read strictly)"
    answers.print(f"cap: {float(claim.cap.annual):.2%} a year, {claim.cap.source}{unseen}", markup=False)
    spans = Table(title="penalty interest by span")
    for name in ("from", "until", "overdue principal", "penalty"):
        spans.add_column(name, justify="right")
    for first, last, base, amount in claim.spans:
        spans.add_row(str(first), str(last), shown(base, currency), shown(amount, currency))
    print_table(spans)


@group.command("deferred")
def deferred_command(
    judgment: Annotated[Path, typer.Argument(help="What a judgment orders and what was paid since: TOML or JSON.")],
    by_day: ByDay = None,
    form: Output = Format.text,
) -> None:
    """What is owed under a judgment that was not performed in time, with the doubled part of the interest."""
    from forbear.recovery.litigation import deferred_interest, read_judgment

    given, as_of = read_judgment(judgment)
    found = deferred_interest(given, as_of)
    if by_day:
        rows = [
            [one.on, *(to_major(v, given.currency) for v in (one.base, one.ordinary, one.doubled, one.paid))]
            for one in found.days
        ]
        _write(by_day, ["day", "base", "ordinary", "doubled", "paid"], rows)
    if form is Format.json:
        print_json(
            {
                "as_of": as_of,
                "owed": {name: str(to_major(amount, given.currency)) for name, amount in found.owed.items()},
                "total": str(to_major(found.total, given.currency)),
                "ordinary_in_all": str(to_major(found.ordinary, given.currency)),
                "doubled_in_all": str(to_major(found.doubled, given.currency)),
            }
        )
        return
    for name, amount in found.owed.items():
        answers.print(f"{name:10} {shown(amount, given.currency):>16}", markup=False)
    answers.print(f"{'total':10} {shown(found.total, given.currency):>16}", markup=False)


@group.command("assess")
def assess_command(
    case: Annotated[Path, typer.Argument(help="Claim, borrower, evidence: TOML or JSON.")],
    own: Annotated[
        Path | None, typer.Option("--assume", help="Your own assumptions, in the form of worth.toml.")
    ] = None,
    form: Output = Format.text,
) -> None:
    """Whether to sue, and how: never somebody who cannot pay, mediation first, then what brings most.

    Exit code 1 when the answer is no.
    """
    from forbear.recovery.letters.facts import read_table
    from forbear.recovery.litigation import assess, read_case

    found = assess(read_case(case), read_table(own) if own else None)
    if form is Format.json:
        print_json(_assessment_json(found))
    else:
        _show_assessment(found)
    raise typer.Exit(1 if found.answer == "no" else 0)


def _assessment_json(found: Assessment) -> dict[str, Any]:
    return {
        "answer": found.answer,
        "reasons": found.reasons,
        "collectable": str(to_major(found.collectable, "CNY")),
        "proposed": found.best.name if found.best else None,
        "options": [
            {
                "name": one.name,
                "likely": str(one.likely),
                "brings": str(to_major(one.brings, "CNY")),
                "advance": str(to_major(one.advance, "CNY")),
                "months": one.months,
                "net": str(to_major(one.net, "CNY")),
                "why_not": one.why_not,
            }
            for one in found.options
        ],
    }


def _show_assessment(found: Assessment) -> None:
    answers.print(f"{found.answer}: {'; '.join(found.reasons)}", markup=False)
    table = Table()
    for name in ("way", "likely", "brings", "court's fee first", "months", "expected net", "not open because"):
        table.add_column(name, justify="left" if name in ("way", "not open because") else "right")
    for one in found.options:
        sums = [shown(amount, "CNY") for amount in (one.brings, one.advance)]
        table.add_row(one.name, f"{one.likely:.0%}", *sums, str(one.months), shown(one.net, "CNY"), one.why_not)
    print_table(table)


@group.command("limitation")
def limitation_command(
    events: Annotated[Path, typer.Argument(help="Last due date, interruptions, obstacles: TOML or JSON.")],
    form: Output = Format.text,
) -> None:
    """Until when a claim is in time: three years, what started them anew, what held them. Exit code 1: it is over."""
    from forbear.recovery.litigation.clock_files import read_clock

    clock = read_clock(events)
    if form is Format.json:
        print_json(
            {name: getattr(clock, name) for name in ("as_of", "runs_from", "ends_on", "barred", "days_left")}
        )
    else:
        for step in clock.steps:
            said = "starts anew" if step.counted else "does not count"
            answers.print(f"{step.on} {step.what['en']}: {said} ({step.why['en']})", markup=False)
        ends = f"until {clock.ends_on} ({clock.days_left} days)" if clock.ends_on else "held: it does not run"
        answers.print(f"runs from {clock.runs_from}, {'OVER since' if clock.barred else ''} {ends}", markup=False)
    raise typer.Exit(1 if clock.barred else 0)


@group.command("fees")
def fees_command(
    claimed: Annotated[str, typer.Argument(help="Amount claimed, in yuan.")], form: Output = Format.text
) -> None:
    """What a court takes for a money claim, by procedure, and for preservation and enforcement."""
    from forbear.recovery.litigation.fees import court_fee, enforcement_fee, preservation_fee
    from forbear.recovery.litigation.law import law

    amount = to_minor(claimed, "CNY")
    found = {name: court_fee(amount, name) for name in law()["shares"]}
    found |= {"preservation": preservation_fee(amount), "enforcement": enforcement_fee(amount)}
    if form is Format.json:
        print_json({name: str(to_major(fee, "CNY")) for name, fee in found.items()})
        return
    for name, fee in found.items():
        answers.print(f"{name:22} {shown(fee, 'CNY'):>14}", markup=False)


@group.command("bundle")
def bundle_command(
    source: Annotated[Path, typer.Argument(help="Folder of exhibits; or with --check, of a bundle.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to make.")] = None,
    title: Annotated[str, typer.Option("--title", help="Of the whole, such as the case.")] = "证据材料",
    about: Annotated[list[str] | None, typer.Option("--about", help="A line under the title; repeatable.")] = None,
    on: Annotated[str, typer.Option("--on", help="Day it is made, 2026-11-27; default today.")] = "",
    language: Annotated[str, typer.Option("--language", help="zh or en.")] = "zh",
    check: Annotated[bool, typer.Option("--check", help="Check a bundle against its hash list.")] = False,
) -> None:
    """One PDF with index and exhibits, and a folder with SHA256SUMS. Exit code 1: a file is not as it was bundled."""
    from forbear.recovery.litigation import check_bundle, make_bundle

    if check:
        answers.print(f"{source}: {check_bundle(source)} files as they were bundled", markup=False)
        return
    if out is None or language not in ("zh", "en"):
        raise WrongUse("no folder to make, or no such language", "give --out, and --language zh or en")
    made = make_bundle(
        source,
        out,
        title=title,
        on=_day(on) if on else datetime.now(UTC).date(),
        about=about or [],
        language=language,
    )
    answers.print(
        f"{made.folder}: {len(made.exhibits)} exhibits, {made.pages} pages, sha256 {made.sha256}", markup=False
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{text!r} is not a day", "write 2026-11-27") from None


def _write(file: Path, head: list[str], rows: list[list[Any]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(head)
        writer.writerows(rows)
