"""The allocation: exactness against HiGHS on the whole, the gap, speed and memory.

    python benchmarks/bench_allocate.py                        # writes benchmarks/allocate.md; an hour on 2 busy cores
    python benchmarks/bench_allocate.py --largest 20000 --people 1000000 --out /tmp/page.md     # a quick look

Every allocation goes from files to files, those for speed as the command in a process of its own, and is checked by the
code of `forbear certify`. HiGHS gets the same instance as one linear program, in memory, on one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from forbear.testing import allocations as made
from forbear.treatment.allocate import allocate
from forbear.treatment.certify import certify

REPORT = Path(__file__).parent / "allocate.md"
COMMAND = [str(Path(sys.executable).with_name("forbear"))]
ROWS_AT_ONCE = 250_000


def ran(*arguments: str) -> dict[str, Any]:
    """Run a command of forbear: its JSON, seconds by the wall and of processor, greatest memory in GiB."""
    began = time.perf_counter()
    with subprocess.Popen([*COMMAND, *arguments, "--format", "json"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        told = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return {
        "told": told,
        "code": process.returncode,
        "wall": time.perf_counter() - began,
        "processor": usage.ru_utime + usage.ru_stime,
        "gib": usage.ru_maxrss / 2**20,
    }


def allocated(values: Path, capacities: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Allocate and certify; the certificate must hold."""
    out, certificate = values.with_name("out.parquet"), values.with_name("certificate.json")
    tables = ("--values", str(values), "--capacities", str(capacities))
    run = ran("allocate", *tables, "--out", str(out), "--certificate", str(certificate))
    checked = ran("certify", str(certificate), *tables, "--decisions", str(out))
    assert checked["told"]["holds"], checked["told"]["faults"]
    return run, checked


def within(values: Path, capacities: Path) -> dict[str, Any]:
    """Allocate and certify in this process, which has loaded what it needs; the certificate must hold."""
    out, certificate = values.with_name("out.parquet"), values.with_name("certificate.json")
    began, used = time.perf_counter(), time.process_time()
    told = allocate(values, capacities, out, certificate_path=certificate).certificate.told
    run = {"told": told, "wall": time.perf_counter() - began, "processor": time.process_time() - used}
    checked = certify(certificate, values, capacities, out)
    assert checked.holds, checked.faults
    return run


def exactness(largest: int, folder: Path) -> tuple[list[str], list[tuple[int, float, float]]]:
    """Rows of the page: 20 random and the hostile instances, and HiGHS's seconds by size."""
    random = np.random.default_rng(20)
    sizes = np.geomspace(min(500, largest), largest, 20).astype(int)
    cases = [
        (f"random {n + 1}", made.ordinary, int(size), int(random.integers(4, 13)), int(random.integers(2, 9)), n)
        for n, size in enumerate(sizes)
    ]
    cases[-1] = (*cases[-1][:3], 12, 8, 19)
    cases += [(name, maker, largest // 2, 12, 8, 3) for name, maker in made.HOSTILE.items()]
    lines, times = [], []
    for name, maker, people, actions, capacities, seed in cases:
        instance = maker(people, actions, capacities, seed)
        run = within(*made.write(instance, folder))
        began, used = time.perf_counter(), time.process_time()
        bound = made.lp_bound(instance, "ipm")
        wall, used = time.perf_counter() - began, time.process_time() - used
        told = run["told"]
        off = abs(told["bound"] - bound) / max(abs(bound), 1e-9)
        lines.append(
            f"| {name} | {people:,} x {actions} x {capacities} | {told['bound']:.10g} | {off:.1e} | {told['gap']:.1e} "
            f"| {run['wall']:.1f} | {run['processor']:.1f} | {wall:.1f} | {used:.1f} |"
        )
        if actions == 12 and capacities == 8 and maker is made.ordinary:
            times.append((people, wall, used))
        print(lines[-1], flush=True)
    return lines, times


def small(number: int, folder: Path) -> list[str]:
    """Small instances where whole decisions cannot reach the bound: against HiGHS's integer program."""
    lines = []
    for seed in range(number):
        people, actions, capacities = 10 + 6 * seed, 2 + seed % 5, 1 + seed % 4
        instance = made.dense(people, actions, capacities, seed, tightness=0.1 + 0.05 * (seed % 6))
        run = within(*made.write(instance, folder))
        best = made.best_whole(instance, 60)
        told = run["told"]
        lines.append(
            f"| {people} x {actions} x {capacities} | {told['bound']:.6f} | {told['value']:.6f} | {best:.6f} "
            f"| {(best - told['value']) / best:+.1e} | {told['gap']:.1e} | {run['wall']:.1f} |"
        )
        print(lines[-1], flush=True)
    return lines


def solver_times(sizes: list[int]) -> list[tuple[int, float, float]]:
    """HiGHS on ordinary instances of 12 actions and 8 capacities: borrowers, seconds by the wall, of processor."""
    found = []
    for people in sizes:
        instance = made.ordinary(people, 12, 8, 1)
        began, used = time.perf_counter(), time.process_time()
        made.lp_bound(instance, "ipm")
        found.append((people, time.perf_counter() - began, time.process_time() - used))
        print("HiGHS", found[-1], flush=True)
    return found


def large(people: int, folder: Path, actions: int = 12, capacities: int = 8) -> tuple[Path, Path]:
    """The files of an ordinary instance of any size, made in pieces: ids, actions, values, uses as in `ordinary`."""
    folder.mkdir()
    values, writer = folder / "values.parquet", None
    used: dict[str, float] = {}
    for number, start in enumerate(range(0, people, ROWS_AT_ONCE)):
        size = min(ROWS_AT_ONCE, people - start)
        table, limits = made.ordinary(size, actions, capacities, seed=1000 + number)
        table = table.set_column(0, "borrower_id", pa.array(table.column("borrower_id").to_numpy() + start))
        used = {name: used.get(name, 0.0) + limit for name, limit in limits.items()}
        writer = writer or pq.ParquetWriter(values, table.schema)
        writer.write_table(table)
    assert writer
    writer.close()
    limit_file = folder / "capacities.csv"
    limit_file.write_text("capacity,limit\n" + "".join(f"{n},{limit}\n" for n, limit in used.items()))
    return values, limit_file


def machine() -> str:
    cpu = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in cpu if "model name" in line]
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return (
        f"{names[0]}, {len(names)} cores, Python {platform.python_version()}, numpy {np.__version__}, "
        f"pyarrow {pa.__version__}, HiGHS {metadata.version('highspy')}; load average at the end {load}"
    )


def extrapolated(times: list[tuple[int, float, float]], people: int) -> tuple[float, float]:
    """HiGHS's processor seconds for `people`, by the power law through the largest two sizes; and its exponent."""
    (a, _, s), (b, _, t) = sorted(times)[-2:]
    exponent = math.log(t / s) / math.log(b / a)
    return t * (people / b) ** exponent, exponent


def page(lines: list[str], smalls: list[str], times: list[Any], larges: list[str], ratio: str, command: str) -> str:
    """The page."""
    solver = "\n".join(f"| {n:,} | {wall:.1f} | {used:.1f} |" for n, wall, used in sorted(times))
    day = datetime.now(UTC).date().isoformat()
    return f"""# Allocation

`{command}`, {day}; {machine()}.

Each allocation goes from files to files (those under *Speed* as the command, in a process of its own), and each
certificate was checked by the code of `forbear certify`: all hold. Seconds by the wall are those of a machine that
others may have been using; seconds of processor, on all threads, are not. A size is borrowers x actions x capacities.

## Against the linear program

The bound of `forbear allocate` against the optimum of the whole linear program by HiGHS (interior point and crossover,
one thread, in memory), and the gap between bound and value.

| instance | size | bound | off HiGHS | gap | wall s | processor s | HiGHS wall s | HiGHS processor s |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(lines)}

What the hostile ones are: [`forbear/testing/allocations.py`](../forbear/testing/allocations.py).

## Small books

Where single borrowers are a visible part of a capacity, no whole decision reaches the bound. The best whole decision is
HiGHS's integer program on the whole, at most 60 seconds; a shortfall below zero means that ours is better.

| size | bound | value | best whole | short by | gap | wall s |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(smalls)}

## Speed

HiGHS on ordinary instances of 12 actions and 8 capacities:

| borrowers | wall s | processor s |
| ---: | ---: | ---: |
{solver}

`forbear allocate` on ordinary instances of 12 actions and 8 capacities, reading, writing and fingerprints included:

| borrowers | rows | gap | wall s | processor s | GiB | certify: wall s | processor s | GiB |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(larges)}

{ratio}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=100_000, help="borrowers of the largest compared with HiGHS")
    parser.add_argument("--small", type=int, default=12, help="small instances")
    parser.add_argument("--people", type=int, nargs="+", default=[1_000_000, 10_000_000], help="sizes for speed")
    parser.add_argument("--solver", type=int, nargs="+", help="sizes at which HiGHS alone is timed")
    parser.add_argument("--out", type=Path, default=REPORT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        larges, runs = [], {}
        for people in given.people:
            run, checked = allocated(*large(people, folder / str(people)))
            told = run["told"]
            runs[people] = run
            larges.append(
                f"| {people:,} | {told['rows']:,} | {told['gap']:.1e} | {run['wall']:.1f} | {run['processor']:.1f} "
                f"| {run['gib']:.2f} | {checked['wall']:.1f} | {checked['processor']:.1f} | {checked['gib']:.2f} |"
            )
            print(larges[-1], flush=True)
        smalls = small(given.small, folder)
        times = solver_times(given.solver or [given.largest // 4, given.largest // 2])
        lines, more = exactness(given.largest, folder)
    times += more
    first = given.people[0]
    expected, exponent = extrapolated(times, first)
    ratio = (
        f"HiGHS grows with the power {exponent:.2f} between the largest two: {expected:,.0f} s of processor for "
        f"{first:,} borrowers, **{expected / runs[first]['processor']:,.0f} times** what `forbear allocate` took on "
        f"all its threads, files included, and {expected / runs[first]['wall']:,.0f} times its seconds by the wall."
    )
    command = "python benchmarks/bench_allocate.py " + " ".join(sys.argv[1:])
    given.out.write_text(page(lines, smalls, times, larges, ratio, command.strip()), encoding="utf-8")


if __name__ == "__main__":
    main()
