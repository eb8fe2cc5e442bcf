"""Kill the desk under load again and again, and audit what it acknowledged.

    python benchmarks/bench_faults.py --kills 200 --seed 1

Writes benchmarks/faults.md; with --keep FOLDER also the record of every request and answer, and the desk's own log.
Ends with 1 when the audit found anything. See forbear/testing/kills for what is sent, killed and held.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

from forbear.testing.desk import open_folder
from forbear.testing.kills import Figures, run

PAGE = Path(__file__).with_name("faults.md")
HISTORY = Path(__file__).with_name("faults_history.txt")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="no kill after so many")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with open_folder() as folder:
        try:
            books = asked.kills // 5 + 1
            figures = run(
                seed=asked.seed, kills=asked.kills, folder=folder, say=told, books=books, minutes=asked.minutes
            )
        finally:
            if asked.keep:
                asked.keep.mkdir(parents=True, exist_ok=True)
                for name in ("record.jsonl", "desk.log"):
                    shutil.copy(folder / name, asked.keep)
    asked.out.write_text(page(figures), "utf-8")
    print(asked.out.read_text("utf-8"))
    sys.exit(1 if figures.faults else 0)


def told(line: str) -> None:
    print(line, flush=True)


def page(figures: Figures) -> str:
    counts = figures.counts
    rows = [
        ("payments sent, each until it was answered", f"{figures.sent:,}"),
        ("acknowledged", f"{figures.acknowledged:,}"),
        ("acknowledged payments missing, doubled or changed", _faults(figures, "payment")),
        ("answers to them (some were sent twice at once, or again later)", f"{counts['answers']:,}"),
        ("requests that got no answer, or a server error", f"{counts['no answer']:,}"),
        ("reversals acknowledged, each by two people", f"{counts['reversed']:,}"),
        ("books imported, whole", f"{counts['imported']:,}"),
        ("imports cut and begun again", f"{counts['import cut']:,}"),
        ("starts of the desk", f"{figures.starts:,}"),
        ("audits", f"{figures.audits:,}"),
        ("whatever else was wrong, `ledger verify` and `audit verify` too", _faults(figures, "")),
        ("minutes", f"{figures.seconds / 60:.0f}"),
    ]
    told = "".join(f"| {what} | {figure} |\n" for what, figure in rows)
    kinds = "".join(
        f"| {kind} | {count} | {_median(figures, kind)} | {_longest(figures, kind)} |\n"
        for kind, count in sorted(figures.kills.items(), key=lambda one: -one[1])
    )
    found = "".join(f"- {fault}\n" for fault in figures.faults[:50])
    return (
        "# Faults\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[1]:.0f} from other work, Python "
        f"{platform.python_version()}; `python benchmarks/bench_faults.py --kills {figures.kills.total()} --seed "
        f"{figures.seed}`: SIGKILL under concurrent payments, reversals and imports; the audit reads the tables by "
        "SQL of its own and knows only what clients sent and were answered.\n\n"
        f"| what | figure |\n| --- | --- |\n{told}\n"
        "Seconds from a kill to the first acknowledged payment that was sent after it (no figure where the next kill "
        f"came first):\n\n| killed | times | median | longest |\n| --- | --- | --- | --- |\n{kinds}"
        f"\n{found}\n".rstrip()
        + f"\n\n{HISTORY.read_text('utf-8')}"
    )


def _faults(figures: Figures, of: str) -> str:
    payments = [one for one in figures.faults if "payment " in one]
    return f"{len(payments) if of else len(figures.faults) - len(payments):,}"


def _median(figures: Figures, kind: str) -> str:
    took = figures.recovered.get(kind)
    return f"{statistics.median(took):.1f}" if took else ""


def _longest(figures: Figures, kind: str) -> str:
    took = figures.recovered.get(kind)
    return f"{max(took):.1f}" if took else ""


if __name__ == "__main__":
    main()
