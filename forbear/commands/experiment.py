"""`forbear experiment`: who gets which strategy, what may be said of it today, what another would have brought."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from forbear.basics.console import Format, answers, print_json
from forbear.commands.options import Output

group = typer.Typer(no_args_is_help=True, help="Try strategies on borrowers, and read what came of it.")
Alpha = Annotated[
    float, typer.Option(min=0.0001, max=0.5, help="Chance of ever being wrong, however often one looks.")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="experiment")


@group.command("assign")
def assign_arms(
    plan: Annotated[
        Path, typer.Argument(help="TOML: name, key, [arms] with a share each; the first is the champion.")
    ],
    borrowers: Annotated[
        Path, typer.Option(help="CSV or Parquet: borrower_id, stratum (optional), arm (optional).")
    ],
    out: Annotated[Path, typer.Option(help="CSV for borrower_id, stratum, arm.")],
    output: Output = Format.text,
) -> None:
    """Give every borrower an arm: who has one keeps it, newcomers fill each stratum's arms to their shares."""
    from forbear.treatment.trial_files import assign_file

    counts = assign_file(plan, borrowers, out)
    if output is Format.json:
        print_json({"out": str(out), "arms": counts})
        return
    for arm, number in counts.items():
        answers.print(f"{arm}: {number:,}", markup=False)
    answers.print(str(out), markup=False)


@group.command("compare")
def compare_arms(
    plan: Annotated[Path, typer.Argument(help="TOML: as for assign, with [guards]: column = margin.")],
    results: Annotated[Path, typer.Option(help="CSV or Parquet, a row a borrower: arm, result, guards.")],
    alpha: Alpha = 0.05,
    output: Output = Format.text,
) -> None:
    """Compare every challenger with the champion, as often as one likes; ends with 1 when a guard stops an arm."""
    from forbear.treatment.trial_files import compare_file

    told = compare_file(plan, results, alpha)
    if output is Format.json:
        print_json(told)
    else:
        _tell(told)
    if any(one["stopped_by"] for one in told["challengers"]):
        raise typer.Exit(1)


@group.command("evaluate")
def evaluate_log(
    log: Annotated[
        Path, typer.Option(help="CSV or Parquet: action, result, p_ACTION of every action, x_ features.")
    ],
    target: Annotated[
        Path, typer.Option(help="The same number of rows in the same order: p_ACTION of every action.")
    ],
    output: Output = Format.text,
) -> None:
    """Estimate what another strategy would have brought from logged decisions; ends with 1 when the log cannot say."""
    from forbear.treatment.trial_files import evaluate_files

    told = evaluate_files(log, target)
    if output is Format.json:
        print_json(told)
    else:
        for name in ("seen", "ips", "snips", "dr"):
            if told[name]:
                one = told[name]
                answers.print(f"{name}: {one['value']:.4f} ({one['low']:.4f} to {one['high']:.4f})", markup=False)
        overlap = told["overlap"]
        answers.print(
            f"overlap: {overlap['effective']:.0f} effective decisions, "
            f"{100 * overlap['unsupported']:.2f} % without support"
            + ("" if overlap["is_enough"] else ": not enough to read the estimates"),
            markup=False,
        )
    if not told["overlap"]["is_enough"]:
        raise typer.Exit(1)


def _tell(told: dict[str, Any]) -> None:
    for one in told["challengers"]:
        gain = one["gain"]
        pair = f"{one['arm']} less {told['champion']}"
        if gain["value"] is None:
            answers.print(f"{pair}: too few borrowers yet ({gain['of'][0]:,} and {gain['of'][1]:,})", markup=False)
        else:
            verdict = "better" if gain["low"] > 0 else "worse" if gain["high"] < 0 else "not known yet"
            told_as = f"{gain['value']:.4f} ({gain['low']:.4f} to {gain['high']:.4f}), {verdict}"
            answers.print(f"{pair}: {told_as}", markup=False)
        for name in one["stopped_by"]:
            answers.print(f"{one['arm']}: stopped by {name}", markup=False, style="bold red")
