"""Put the pages that the benchmarks wrote together into RESULTS.md: one place to look, nothing typed by hand."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGES = (
    "shortfalls.md",
    "night.md",
    "reference_books.md",
    "reference_statuses.md",
    "sample.md",
    "gate.md",
    "gate_mutants.md",
    "language.md",
    "replies.md",
    "privacy.md",
    "allocate.md",
    "allocate_noise.md",
    "ledger.md",
    "exports.md",
    "import.md",
    "pages.md",
    "faults.md",
    "contact.md",
    "storm.md",
    "risk.md",
    "risk_calibration.md",
    "risk_other_customers.md",
    "risk_self_curers.md",
    "risk_speed.md",
    "causes.md",
    "simulate.md",
    "offpolicy.md",
    "league.md",
    "funding.md",
)
HEAD = """# Results

Every figure here was printed by a script of this folder; each part names machine, command and date. The parts are
pages of their own too; `.venv/bin/python benchmarks/results.py` puts them together.
"""


def deeper(page: str) -> str:
    """A page with its headings one level down."""
    return re.sub(r"^(#+) ", r"#\1 ", page, flags=re.M).strip()


def main() -> None:
    parts = [deeper((HERE / name).read_text(encoding="utf-8")) for name in PAGES if (HERE / name).exists()]
    (HERE / "RESULTS.md").write_text("\n\n".join([HEAD.strip(), *parts]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
