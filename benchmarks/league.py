"""The league in every world, on many seeds: benchmarks/league.md and docs/images/frontier.svg.

    python benchmarks/league.py [--seeds 20] [--borrowers 1500] [--days 120] [--strategy NAME ...] [--world NAME ...]

The bootstrap world replays the months of a real monthly credit record with the lateness of a real mobile lender, where
shared/data holds them; else an invented book's, and the page says so.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from reference_page import DATA, machine, today

from forbear.simulate.against import held
from forbear.simulate.card.render import IN_THOUSANDS, THOUSAND, picture, shown
from forbear.simulate.intervals import Interval, interval
from forbear.simulate.league import League, play, points
from forbear.simulate.output import write
from forbear.simulate.run import Setup
from forbear.simulate.trajectories import Library, read_library, with_lateness
from forbear.simulate.worlds.catalog import WORLDS, world

HERE = Path(__file__).parent
PLAYED = ("ladder", "balance", "risk", "random", "uplift", "least", "none", "forbear")
OURS, RIVALS = "forbear", ("ladder", "uplift", "random", "balance", "risk")
SHOWN = ("brought", "received", "recovered", "cost", "contacts", "complaints", "cures", "burden", "pressed_wrongly")


def library() -> Library | None:
    """Real months and real lateness, where they are at hand."""
    record, mobile = DATA / "credit_record_monthly", DATA / "superlender_ng"
    if not (record.is_dir() and mobile.is_dir()):
        return None
    return with_lateness(read_library(record, "credit_record_monthly"), read_library_of_lateness(mobile))


def read_library_of_lateness(mobile: Path) -> Library:
    """The mobile lender's lateness; its loans are too short for months."""
    import numpy as np

    from forbear.simulate.calibrate.moments import of_event_book
    from forbear.simulate.trajectories import MOST_LATE

    late = of_event_book(mobile, "superlender_ng").late
    nothing = np.zeros((0, 4), dtype=np.int8)
    return Library(
        nothing, np.zeros(7, dtype=np.int64), np.sort(late[late <= MOST_LATE]), "lateness of superlender_ng"
    )


def table(league: League, name: str) -> str:
    """One world's lines: mean ± half of the 95 % interval."""
    head = "| strategy | " + " | ".join(m + (", k" if m in IN_THOUSANDS else "") for m in SHOWN) + " |"
    rows = [f"### {name}\n", f"{league.worlds[name][0].upper()}{league.worlds[name][1:]}.\n", head]
    rows.append("|" + " --- |" * (len(SHOWN) + 1))
    for line in league.lines():
        if line.world == name:
            cells = [_cell(line.figures[m], THOUSAND if m in IN_THOUSANDS else 1) for m in SHOWN]
            rows.append(f"| {line.strategy} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _cell(figure: Interval, scale: float) -> str:
    half = "" if figure.high is None else f" ± {shown((figure.high - figure.mean) / scale)}"
    return f"{shown(figure.mean / scale)}{half}"


def against(league: League, name: str) -> str:
    """Differences from the ladder in money brought, seed by seed."""
    first = league.strategies[0]
    rows = [f"| strategy | brought against {first}, k | 95 % interval | contacts against {first} | complaints |"]
    rows.append("| --- | --- | --- | --- | --- |")
    for line in league.lines():
        if line.world == name and line.strategy != first:
            gap = line.against["brought"]
            between = "" if gap.low is None else f"{gap.low / THOUSAND:+,.1f} to {gap.high / THOUSAND:+,.1f}"
            contacts, complaints = line.against["contacts"].mean, line.against["complaints"].mean
            brought = f"{gap.mean / THOUSAND:+,.1f}"
            rows.append(f"| {line.strategy} | {brought} | {between} | {contacts:+,.0f} | {complaints:+.1f} |")
    return "\n".join(rows) + "\n"


def placebo(league: League) -> str:
    """In how many seeds a strategy's gain in the placebo world is beyond two standard errors of its spread."""
    if "placebo" not in league.worlds:
        return ""
    worst = max(abs(r.sums["brought"]) for r in league.rows if r.world == "placebo")
    return (
        f"Placebo world: the largest gain or loss of any strategy on any seed is {worst / 100:.2f} yuan. With the same "
        "luck for all, contacts that do nothing change not one payment.\n"
    )


def frontier(league: League) -> str:
    """Brought under each budget of contacts."""
    rows = ["| world | strategy | " + " | ".join(_budget(b) for b in _budgets(league)) + " |"]
    rows.append("|" + " --- |" * (len(_budgets(league)) + 2))
    for name in league.worlds:
        for strategy in league.strategies:
            mine = {p.budget: p.means for p in points(league) if (p.world, p.strategy) == (name, strategy)}
            cells = [f"{m['brought'] / THOUSAND:,.1f} ({m['contacts']:,.0f})" for m in mine.values()]
            rows.append(f"| {name} | {strategy} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _budgets(league: League) -> list[float | None]:
    return list(dict.fromkeys(p.budget for p in points(league)))


def _budget(budget: float | None) -> str:
    return "no budget" if budget is None else f"{budget:g} a day"


def efficiency(league: League) -> str:
    """Yuan brought by a contact, and contacts by complaint."""
    rows = ["| world | " + " | ".join(league.strategies) + " |", "|" + " --- |" * (len(league.strategies) + 1)]
    for name in league.worlds:
        cells = []
        for strategy in league.strategies:
            runs = [r.sums for r in league.rows if (r.world, r.strategy) == (name, strategy)]
            ratios = [r["brought"] / 100 / r["contacts"] for r in runs if r["contacts"]]
            cells.append(_cell(interval(ratios), 1) if ratios else "")
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def one_world(name: str, strategies: tuple[str, ...], setup: Setup, seeds: int) -> tuple[League, float]:
    """The league of one world, and the seconds of processor time it took."""
    began = time.process_time()
    place = world(name, library=library() if name == "bootstrap" else None)
    return play([place], strategies, setup, seeds, frontier_seeds=seeds), time.process_time() - began


def head_to_head(league: League) -> str:
    """Forbear's strategy against each other one: contacts at its recovery, money at its contacts, complaints."""
    rows = [
        "| world | against | contacts saved at its recovery | more brought at its contacts | complaints | contacts |"
    ]
    rows.append("| --- | --- | --- | --- | --- | --- |")
    lines = {(line.world, line.strategy): line.figures for line in league.lines()}
    for name in league.worlds:
        mine = lines[name, OURS]
        for rival in RIVALS:
            if (name, rival) in lines:
                found, theirs = held(league, name, OURS, rival), lines[name, rival]
                pairs = (f"{mine[m].mean:,.1f} : {theirs[m].mean:,.1f}" for m in ("complaints", "contacts"))
                parts = (_part(found.saved), _part(found.gained))
                rows.append(f"| {name} | {rival} | " + " | ".join((*parts, *pairs)) + " |")
    return "\n".join(rows) + "\n"


def _part(told: tuple[float, float, float] | None) -> str:
    return "never or none" if told is None else "{:+.0%} ({:+.0%} to {:+.0%})".format(*told)


def joined(parts: list[League]) -> League:
    """Leagues of several worlds as one."""
    first = parts[0]
    return replace(
        first,
        worlds={name: told for part in parts for name, told in part.worlds.items()},
        rows=tuple(row for part in parts for row in part.rows),
        frontier=tuple(row for part in parts for row in part.frontier),
    )


def main() -> None:
    """Play each world in a process of its own, and write the page, the folder and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--borrowers", type=int, default=1500)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--strategy", action="append", help="further strategies, as `forbear simulate` takes them")
    parser.add_argument("--world", action="append", help="one world only; repeatable")
    parser.add_argument("--out", type=Path, default=HERE / "league")
    asked = parser.parse_args()
    strategies = (*PLAYED, *(asked.strategy or ()))
    setup = Setup(asked.borrowers, asked.days, seed=1)
    worlds, played = tuple(asked.world or WORLDS), []
    play_one = partial(one_world, strategies=strategies, setup=setup, seeds=asked.seeds)
    with ProcessPoolExecutor(asked.processes) as pool:
        for name, done in zip(worlds, pool.map(play_one, worlds), strict=True):
            played.append(done)
            print(f"{name}: played, {done[1]:,.0f} seconds of processor time", flush=True)
    league = joined([part for part, _ in played])
    write(league, asked.out, "en")
    (HERE.parent / "docs/images/frontier.svg").write_text(str(picture(league, "en")), encoding="utf-8")
    (HERE / "league.md").write_text(page(league, asked, sum(spent for _, spent in played)), encoding="utf-8")


AGAINST = """## Forbear's strategy against the others

*Saved*: how many fewer contacts it needs to bring what the other brings without a budget. *More*: what it brings
beyond the other's money with at most the other's contacts. Means over seeds, 95 % intervals by resampling seeds.
*Never or none*: it does not bring as much within its budgets, or the other brings nothing. Complaints and contacts are
those of the runs without a budget, ours : theirs. One pilot a world teaches it (60,000 other borrowers, 150 days, acts
by lot).

"""


def page(league: League, asked: argparse.Namespace, spent: float) -> str:
    """The page."""
    command = f"python benchmarks/league.py --seeds {asked.seeds} --borrowers {asked.borrowers} --days {asked.days}"
    head = f"""# League of strategies on simulated borrowers

{today()}, {machine()}, by `make league` (`{command}`),
{spent:,.0f} seconds of processor time. {asked.borrowers:,} borrowers, {asked.days} days, {asked.seeds} seeds in each
world; mean ± half of the 95 % interval over seeds; money in thousands of yuan (k). What the columns mean:
[docs/simulate.md](../docs/simulate.md).

**Simulated borrowers: no claim about real ones is made.** Every figure depends on assumed effects of contacts.

![What contacts brought against their number, by world and strategy](../docs/images/frontier.svg)

"""
    parts = [
        head,
        AGAINST,
        head_to_head(league),
        "\n",
        placebo(league),
        "\n## Yuan brought by a contact\n\n",
        efficiency(league),
        "\n## Worlds\n",
    ]
    for name in league.worlds:
        parts += ["\n", table(league, name), "\n", against(league, name)]
    parts += [
        "\n## Under budgets of contacts\n\nBrought in thousands of yuan (contacts); budgets are acts a ",
    ]
    parts += ["day for 1,000 borrowers.\n\n", frontier(league)]
    return "".join(parts)


if __name__ == "__main__":
    main()
