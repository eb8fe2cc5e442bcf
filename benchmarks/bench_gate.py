"""The gate's speed: verdicts a second at planning, the time of one act, and general policy engines on the same acts.

    python benchmarks/bench_gate.py --pack cn        # writes benchmarks/gate.md

A verdict is the answer to one act by all rules of the pack that govern it, with the instant and the reasons.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from gate_policies import Answers, clauses, features, instant, with_cedar, with_rego
from gate_world import CHANNELS, DAY, Size, world

from forbear.conduct import judge_one, load_packs
from forbear.conduct.engines import DuckEngine
from forbear.conduct.planning import plan
from forbear.conduct.situation import Contact, Fact, Proposal, contact, facts_of, proposal
from forbear.conduct.stack import Packs

REPORT = Path(__file__).parent / "gate.md"
Case = tuple[Proposal, list[Fact], list[Contact]]


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a call gives, its seconds by the wall and its seconds of processor."""
    wall, processor = time.perf_counter(), time.process_time()
    found = call()
    return found, time.perf_counter() - wall, time.process_time() - processor


def opened(folder: Path, packs: Packs, size: Size) -> duckdb.DuckDBPyConnection:
    """The world as tables of a DuckDB file, written and opened again."""
    file = folder / f"{size.borrowers}-{size.acts}.duckdb"
    with duckdb.connect(str(file)) as connection:
        world(connection, packs, size)
    return duckdb.connect(str(file))


def planning(folder: Path, packs: Packs, sizes: Iterable[Size], repeats: int) -> list[str]:
    """Rows of the report: a size and a number of threads each, the best of some runs."""
    lines = []
    for size in sizes:
        with opened(folder, packs, size) as connection:
            for threads in (1, 2):
                connection.execute(f"SET threads = {threads}")
                runs = [timed(lambda: plan(DuckEngine(connection), packs))[1:] for _ in range(repeats)]
                wall, used = min(run[0] for run in runs), min(run[1] for run in runs)
                lines.append(
                    f"| {size.borrowers:,} | {size.acts} | {size.rows:,} | {threads} | {wall:.2f} | {used:.2f} "
                    f"| {size.rows / wall:,.0f} | {size.rows / used:,.0f} |"
                )
                print(lines[-1], flush=True)
    return lines


def cases(connection: duckdb.DuckDBPyConnection) -> list[Case]:
    """Every act of a small world with the facts and contacts of its borrower, as `judge_one` takes them."""
    past: dict[str, list[Contact]] = defaultdict(list)
    for n, row in enumerate(_rows(connection, "contacts"), start=1):
        past[row["borrower_id"]].append(contact(row, n))
    held: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts_of(_rows(connection, "facts")):
        held[fact.borrower_id].append(fact)
    acts = [proposal(row, n, None) for n, row in enumerate(_rows(connection, "acts"), start=1)]
    return [(act, held[act.borrower_id], past[act.borrower_id]) for act in acts]


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    found = connection.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in found.description or []]
    rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
    return [{k: instant(v) if isinstance(v, datetime) else v for k, v in row.items()} for row in rows]


def one_act(packs: Packs, chosen: list[Case]) -> tuple[str, Answers]:
    """The time of `judge_one`, packs loaded, and the rules against each act."""
    seconds, against = [], []
    for act, facts, history in chosen:
        verdict, wall, _ = timed(lambda: judge_one(act, facts, history, packs))  # noqa: B023
        seconds.append(wall * 1000)
        against.append(frozenset(a.rule_id for a in verdict.against))
    ninety_nine = statistics.quantiles(seconds, n=100)[98]
    middle, longest = statistics.median(seconds), max(seconds)
    return f"{middle:.2f} ms (median), {ninety_nine:.2f} ms (99 of 100), {longest:.2f} ms (longest)", against


def peers(folder: Path, packs: Packs, size: Size, repeats: int) -> tuple[str, list[str]]:
    """One act's time, and rows of the report: planning beside the other engines on the same acts, on one thread.

    Raises:
        AssertionError: an engine answers differently.
    """
    with opened(folder, packs, size) as connection:
        connection.execute("SET threads = 1")
        chosen = cases(connection)
        line, expected = one_act(packs, chosen)
        plan(DuckEngine(connection), packs)
        told: dict[str, set[str]] = defaultdict(set)
        for act, rule in connection.execute("SELECT act_id, rule FROM gate_against").fetchall():
            told[str(act)].add(rule)
        _same("planning", [frozenset(told[act.act_id]) for act, _, _ in chosen], expected)
    asked = clauses(packs, CHANNELS, DAY)
    given = [features(act, facts, history, asked) for act, facts, history in chosen]
    lines = []
    for name, engine in (("cedarpy", with_cedar), ("regopy", with_rego)):
        decide, read = engine(asked, given)
        results, *_ = timed(decide)
        _same(name, read(results), expected)
        wall, used = (min(times) for times in zip(*(timed(decide)[1:] for _ in range(repeats)), strict=True))
        lines.append((name, len(given) / wall, len(given) / used))
    return line, lines  # type: ignore[return-value]


def _same(name: str, got: Answers, expected: Answers) -> None:
    wrong = [(n, sorted(g ^ e)) for n, (g, e) in enumerate(zip(got, expected, strict=True)) if g != e]
    if wrong:
        raise AssertionError(f"{name}: {len(wrong)} of {len(expected)} acts differ, the first: {wrong[:3]}")


def _machine() -> str:
    cpu = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in cpu if "model name" in line]
    return f"{names[0]}, {len(names)} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}"


def _ours(lines: list[str]) -> tuple[float, float]:
    """Of the largest plan on one thread: verdicts a second by the wall, and a second of processor."""
    cells = [line.split("|") for line in lines if line.split("|")[4].strip() == "1"]
    return float(cells[-1][7].replace(",", "")), float(cells[-1][8].replace(",", ""))


def report(
    pack: str, borrowers: int, rules: int, plans: list[str], act: str, others: list[Any], compared: int
) -> str:
    """The page."""
    wall, used = _ours(plans)
    rows = [f"| {name} | {a:,.0f} | {b:,.0f} | {wall / a:,.0f} | {used / b:,.0f} |" for name, a, b in others]
    return f"""# The gate's speed

{datetime.now(UTC):%Y-%m-%d}, {_machine()}.

    python benchmarks/bench_gate.py --pack {pack} --borrowers {borrowers}

## Planning

Timed is all that `forbear.conduct.planning.plan` does with the whole pack `{pack}` ({rules} clauses in force for these
acts): from the tables `acts`, `contacts` and `facts` in a DuckDB file to `gate_verdicts` (act, answer, until, the rules
against it) and `gate_against` (a view: one row an act and rule, with its instant), each deferral proved at the instant
it names. A verdict is the answer to one act by all rules. Every borrower has 30 contacts in 60 days and some six facts;
the acts (call, voice, sms, email) are spread over the rest of one day, `acts each` of them a borrower: whoever plans
asks for each channel and hour. The best of the runs; borrower ids are text, act ids whole numbers. Seconds of processor
count what the process used on all its threads, whatever else the machine did.

| borrowers | acts each | verdicts | threads | seconds | of processor | verdicts a second | a second of processor |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(plans)}

With few acts a borrower the time is that of reading 30 contacts and the facts of each; some 0.8 s go to making the 260
queries of a plan, whatever its size. Facts narrowed to a number or
ending during the day make acts be judged apart; 2 borrowers in 1,000 have such a fact of each name.

## One act

`judge_one`, packs loaded, facts and 30 contacts of its borrower in memory: {act}.

## General policy engines

The same rules for the same {compared:,} acts of the same world, in the same run, one thread: Cedar (cedarpy) in one
batch with parsed policies, Rego (regopy) with a compiled bundle. Both are given each act's counts in each window,
seconds left of each wait, local minutes and facts that hold, computed beforehand and not timed; planning computes them
within its time. Answers compared: the set of rules against each act, the same for planning, `judge_one`, Cedar and Rego
on every act. The other engines tell no instants.

| engine | decisions a second | a second of processor | planning is faster by the wall | by processor |
| --- | ---: | ---: | ---: | ---: |
{chr(10).join(rows)}

The ratios compare with planning's largest table on one thread.
"""


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", default="cn")
    parser.add_argument("--borrowers", type=int, default=300_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--compared", type=int, default=100, help="borrowers whose acts the other engines judge")
    given = parser.parse_args()
    packs = load_packs([given.pack])
    with tempfile.TemporaryDirectory() as folder:
        act, others = peers(Path(folder), packs, Size(given.compared, 6), given.repeats)
        print(act, others, flush=True)
        sizes = [Size(given.borrowers, acts) for acts in (1, 4, 24)]
        plans = planning(Path(folder), packs, sizes, given.repeats)
    rules = len(clauses(packs, CHANNELS, DAY))
    REPORT.write_text(report(given.pack, given.borrowers, rules, plans, act, others, given.compared * 6))


if __name__ == "__main__":
    main()
