"""`forbear simulate`: strategies against each other on simulated borrowers, or a simulated book with its truth."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from forbear.basics.console import Format, answers, print_json, print_table, words
from forbear.basics.errors import WrongUse

if TYPE_CHECKING:
    from forbear.simulate.league import League
    from forbear.simulate.limits import Limits
    from forbear.simulate.run import Setup
    from forbear.simulate.worlds.catalog import World

DEFAULT_START = "2026-01-01"


class _Language(StrEnum):
    zh = "zh"
    en = "en"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    world: list[str] = typer.Option(
        ["structural"],
        "--world",
        "-w",
        help="structural, selfexciting, bootstrap, placebo, harm, or all; repeatable.",
    ),
    strategy: list[str] = typer.Option(
        [],
        "--strategy",
        "-s",
        help="forbear (learns first: a minute a world), ladder, balance, risk, random, uplift, least, none, explore, "
        "or module:function; repeatable. The first is the one compared with. Without any: ladder and least; explore "
        "for a book.",
    ),
    borrowers: int = typer.Option(10_000, "--borrowers", "-n", min=1, help="How many, one loan each."),
    days: int = typer.Option(180, "--days", "-d", min=1, help="How many days."),
    seeds: int = typer.Option(5, "--seeds", "-k", min=1, help="Repetitions with other luck; intervals need two."),
    seed: int = typer.Option(1, "--seed", min=0, help="The first seed."),
    out: Path = typer.Option(
        None, "--out", "-o", help="Folder for league.json, league.csv, frontier.*, card.html."
    ),
    book: Path = typer.Option(
        None, "--book", help="Write a simulated book and its truth here instead of a league."
    ),
    values: int = typer.Option(
        0, "--values", min=0, help="With --book: repetitions for each act's true value; 0: none."
    ),
    contacts: float = typer.Option(
        None, "--contacts", "--budget", min=0, help="Most acts a day for 1,000 borrowers; 0: none."
    ),
    capacity: float = typer.Option(1.0, "--capacity", min=0, help="Factor on every capacity of acts.yaml."),
    pack: list[str] = typer.Option(
        [], "--pack", "-p", help="The gate's packs, whose caps and bars tighten the limits."
    ),
    start: datetime = typer.Option(
        DEFAULT_START, "--start", formats=["%Y-%m-%d"], help="The date of the first day."
    ),
    trajectories: Path = typer.Option(
        None, "--trajectories", help="Book whose months the bootstrap world replays."
    ),
    mapping: str = typer.Option(None, "--mapping", "-m", help="Mapping of that book."),
    frontier: bool = typer.Option(
        True, "--frontier/--no-frontier", help="Also under budgets of contacts (slower)."
    ),
    language: _Language = typer.Option(_Language.zh, "--language", "-l", help="Of the card."),
    threads: int = typer.Option(0, "--threads", min=0, help="0: one a core. Results are the same with any number."),
    form: Format = typer.Option(Format.text, "--format", "-f", help="How the answer is printed."),
) -> None:
    """Try strategies on simulated borrowers: a league with intervals, an honesty card, the frontier.

    The borrowers are invented; nothing printed here is a claim about real ones. docs/simulate.md says what they are
    made of. The same command gives the same figures on any machine.
    """
    from forbear.simulate.run import Setup

    setup = Setup(
        borrowers,
        days,
        seed=seed,
        start=date(start.year, start.month, start.day),
        limits=_limits(pack, start),
        capacity=capacity,
        contacts=contacts,
        threads=threads or os.cpu_count() or 1,
    )
    if any(":" in name for name in strategy):
        # behind all else: a strategy of one's own stands where the command is called
        sys.path.append(str(Path.cwd()))
    worlds = _worlds(world, trajectories, mapping)
    if book:
        _book(book, worlds, strategy or ["explore"], setup, values, form)
    else:
        _league(
            worlds,
            strategy or ["ladder", "least"],
            setup,
            seeds,
            out,
            frontier and contacts is None,
            language.value,
            form,
        )


def _limits(packs: list[str], start: datetime) -> Limits:
    from forbear.simulate.limits import limits_of_packs, shipped_limits

    return limits_of_packs(packs, date(start.year, start.month, start.day)) if packs else shipped_limits()


def _worlds(names: list[str], trajectories: Path | None, mapping: str | None) -> list[World]:
    from forbear.simulate.trajectories import read_library
    from forbear.simulate.worlds.catalog import WORLDS
    from forbear.simulate.worlds.catalog import world as world_of

    asked = list(WORLDS) if names == ["all"] else names
    if len(set(asked)) != len(asked):
        raise WrongUse("a world is named twice", "name each once")
    library = read_library(trajectories, mapping) if trajectories and "bootstrap" in asked else None
    return [world_of(name, library=library) for name in asked]


def _book(out: Path, worlds: list[World], strategies: list[str], setup: Setup, values: int, form: Format) -> None:
    from forbear.simulate.book import write_book

    if len(worlds) != 1 or len(strategies) != 1:
        raise WrongUse("a book is of one world and one strategy", "say --world and --strategy once")
    made = write_book(out, worlds[0], strategies[0], setup, values=values)
    if form is Format.json:
        print_json({"book": str(made.path), "truth": str(made.truth), "rows": made.rows})
    else:
        rows = ", ".join(f"{count:,} {table}" for table, count in made.rows.items())
        answers.print(f"{made.path}: {rows}\ntruth: {made.truth}", markup=False)


def _league(
    worlds: list[World],
    strategies: list[str],
    setup: Setup,
    seeds: int,
    out: Path | None,
    frontier: bool,
    language: str,
    form: Format,
) -> None:
    from forbear.simulate.league import play
    from forbear.simulate.output import write

    with _bar(quiet=form is Format.json) as bar:
        task = bar.add_task("runs", total=None)
        league = play(
            worlds,
            strategies,
            setup,
            seeds,
            frontier_seeds=min(seeds, 3) if frontier and out else 0,
            told=lambda done, number: bar.update(task, completed=done, total=number),
        )
    if out:
        write(league, out, language)
    if form is Format.json:
        print_json(league.as_dict())
    else:
        _show(league)
        if out:
            answers.print(f"{out / 'card.html'}", markup=False)


def _show(league: League) -> None:
    from forbear.simulate.card.render import IN_THOUSANDS, THOUSAND, shown
    from forbear.simulate.league import METRICS

    for world, told in league.worlds.items():
        table = Table(title=f"{world}: {told}", title_justify="left")
        table.add_column("strategy")
        for metric in METRICS:
            table.add_column(f"{metric}{', k' if metric in IN_THOUSANDS else ''}", justify="right")
        for line in league.lines():
            if line.world != world:
                continue
            cells = []
            for metric in METRICS:
                scale = THOUSAND if metric in IN_THOUSANDS else 1
                figure = line.figures[metric]
                half = "" if figure.high is None else f" ± {shown((figure.high - figure.mean) / scale)}"
                cells.append(f"{shown(figure.mean / scale)}{half}")
            table.add_row(line.strategy, *cells)
        print_table(table)
    words.print("Simulated borrowers: no claim about real ones.", style="dim")


def _bar(*, quiet: bool) -> Progress:
    columns = (TextColumn("playing"), BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeRemainingColumn())
    return Progress(*columns, console=words, transient=True, disable=quiet or not words.is_terminal)
