"""The league's page: benchmarks/league.md, from a league that was played."""

from __future__ import annotations

from dataclasses import replace

from reference_page import machine, today

from forbear.simulate.against import Held, held
from forbear.simulate.card.render import IN_THOUSANDS, THOUSAND, shown
from forbear.simulate.intervals import Interval, interval
from forbear.simulate.league import League, Row, points

OURS, RIVALS = "forbear", ("ladder", "uplift", "random", "balance", "risk")
LOOKED_AT = 3
SHOWN = ("brought", "received", "recovered", "cost", "contacts", "complaints", "cures", "burden", "pressed_wrongly")


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
            between = _between(gap, THOUSAND)
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
                parts = [_part(found.saved, found), _part(found.gained, found)]
                rows.append(f"| {name} | {rival} | " + " | ".join((*parts, *pairs)) + " |")
    return "\n".join(rows) + "\n"


def unseen(league: League) -> str:
    """Against the ladder on the seeds that nobody looked at while the strategy was built."""
    later = replace(league, frontier=tuple(row for row in league.frontier if row.seed > LOOKED_AT))
    if not later.frontier:
        return ""
    told = []
    for name in league.worlds:
        found = held(later, name, OURS, RIVALS[0])
        if found.gained is not None:
            told.append(f"{name} {_part(found.saved, found)} saved, {_part(found.gained, found)} more")
    return (
        f"\nSeeds 1 to {LOOKED_AT} were looked at while the strategy was built. On the others alone, against the "
        f"{RIVALS[0]}: {'; '.join(told) or 'nothing to compare'}.\n"
    )


def _part(told: tuple[float, float, float] | None, found: Held) -> str:
    if told is None:
        return "the other brings nothing" if found.gained is None else "never"
    return "{:+.0%} ({:+.0%} to {:+.0%})".format(*told)


def equal_budgets(league: League, figure: str, scale: float) -> str:
    """Forbear's strategy less each rival at every budget, seed by seed, with 95 % intervals."""
    rows = ["| world | less | " + " | ".join(_budget(b) for b in _budgets(league)) + " |"]
    rows.append("|" + " --- |" * (len(_budgets(league)) + 2))
    for name in league.worlds:
        for rival in RIVALS[:2]:
            cells = [_signed(_gap(league, (name, rival, budget), figure), scale) for budget in _budgets(league)]
            rows.append(f"| {name} | {rival} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _gap(league: League, where: tuple[str, str, float | None], figure: str) -> Interval:
    name, rival, budget = where

    def of(strategy: str) -> list[Row]:
        rows = [r for r in league.frontier if (r.world, r.strategy, r.budget) == (name, strategy, budget)]
        return sorted(rows, key=lambda r: r.seed)

    return interval([a.sums[figure] - b.sums[figure] for a, b in zip(of(OURS), of(rival), strict=True)])


def _signed(gap: Interval, scale: float) -> str:
    between = _between(gap, scale)
    return f"{gap.mean / scale:+,.1f}" + (f" ({between})" if between else "")


def _between(gap: Interval, scale: float) -> str:
    """The interval's ends; nothing where one seed gives none."""
    if gap.low is None or gap.high is None:
        return ""
    return f"{gap.low / scale:+,.1f} to {gap.high / scale:+,.1f}"


AGAINST = """## Forbear's strategy against the others

*Saved*: how many fewer contacts it needs to bring what the other brings without a budget. *More*: what it brings
beyond the other's money with at most the other's contacts. Means over seeds, 95 % intervals by resampling seeds.
*Never*: it does not bring as much within its budgets. *The other brings nothing*: without a budget it brings no more
than leaving everybody alone; how it does at each budget stands below. Complaints and contacts are those of the runs
without a budget, ours : theirs. One pilot a world teaches it (60,000 other borrowers, 150 days, acts by lot).

"""


EQUAL = """
### At equal budgets

Forbear's strategy less the other, seed by seed, mean and 95 % interval; budgets are acts a day for 1,000 borrowers.
Thousands of yuan brought:

"""


def page(league: League, spent: float) -> str:
    """The page; `spent`: seconds of processor time that the runs took."""
    size, seeds = league.setup, len(league.seeds)
    command = f"python benchmarks/league.py --seeds {seeds} --borrowers {size.borrowers} --days {size.days}"
    head = f"""# League of strategies on simulated borrowers

{today()}, {machine()}, by `make league` (`{command}`),
{spent:,.0f} seconds of processor time. {size.borrowers:,} borrowers, {size.days} days, {seeds} seeds in each
world; mean ± half of the 95 % interval over seeds; money in thousands of yuan (k). What the columns mean:
[docs/simulate.md](../docs/simulate.md).

**Simulated borrowers: no claim about real ones is made.** Every figure depends on assumed effects of contacts.

![What contacts brought against their number, by world and strategy](../docs/images/frontier.svg)

"""
    parts = [
        head,
        AGAINST,
        head_to_head(league),
        unseen(league),
        EQUAL,
        equal_budgets(league, "brought", THOUSAND),
        "\nComplaints:\n\n",
        equal_budgets(league, "complaints", 1),
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
