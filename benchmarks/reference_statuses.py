"""Roll rates and vintages of two real books of statuses beside the figures others computed from the same files.

    python benchmarks/reference_statuses.py            # writes benchmarks/reference_statuses.md

The books are not part of this repository (`../shared/data`, or FORBEAR_SHARED). The reference figures were computed
with pandas, independently of this project, by whoever keeps the books.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
from reference_page import DATA, HERE, Figure, table, write

from forbear.book import open_book
from forbear.funding.statuses import panel_of_book, rolls, vintages
from forbear.funding.statuses.answer import answer

SAID = "Shares in %, columns 0 / 1 / 2 / 3 / 4 / 5 / C / X and 0 / 1-30 / 31-60 / 61-90 / 91+."
CREDIT_RECORD = {
    "0": "85.751 1.894 .028 .004 .000 .011 5.089 7.222",
    "1": "50.012 31.410 5.408 .058 0 .012 9.324 3.776",
    "2": "24.313 17.511 15.485 30.246 1.013 0 7.381 4.052",
    "3": "8.203 3.906 6.641 8.984 60.156 .781 6.641 4.688",
    "4": "4.891 0 1.087 .543 11.413 66.848 12.500 2.717",
    "5": "1.205 .151 .527 .301 0 90.361 4.443 3.012",
    "X": "16.029 .231 .019 .003 .003 .023 1.043 82.648",
}
EVER_60 = {6: (31_471, 0.610), 12: (24_714, 1.408), 24: (14_692, 2.219)}
SNAPSHOT_COUNTS = {"1-30": "41 215 65 0 0", "31-60": "6 0 52 46 0", "61-90": "2 0 0 26 2", "91+": "7 0 0 0 15"}
SNAPSHOT_BALANCE = {
    "1-30": "8.47 70.48 21.05 0 0",
    "31-60": "0.87 0 51.64 47.50 0",
    "61-90": "0.68 0 0 90.97 8.35",
    "91+": "21.14 0 0 0 78.86",
}
MOVEMENT = {"better": 13.63, "same": 20.55, "worse": 65.83}
Row = tuple[str, str, str]


def told(name: str) -> dict[str, Any]:
    with duckdb.connect() as connection:
        panel = panel_of_book(open_book(DATA / name, connection, mapping=name))
        return answer(panel, rolls(panel), vintages(panel))


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split()]


def shown(values: Sequence[float | None], digits: int) -> str:
    return " / ".join("–" if v is None else f"{v:.{digits}f}" for v in values)


def rows_of(grid: dict[str, Any], states: list[str], reference: dict[str, str], key: str, digits: int) -> list[Row]:
    ours = dict(zip(states, grid[key], strict=True))
    return [(f"from {s}", shown(numbers(r), digits), shown(ours[s], digits)) for s, r in reference.items()]


def credit_record() -> list[Row]:
    ours = told("credit_record_monthly")
    curve = {p["mob"]: p for p in ours["vintages"]["together"]["60"]}
    return [
        ("transitions", "802,604", f"{ours['transitions']:,}"),
        *rows_of(ours["rolls"]["count"], ours["rolls"]["states"], CREDIT_RECORD, "percent", 3),
        *(
            (
                f"ever 60+ by month {m}",
                f"{p:.3f} % of {n:,}",
                f"{curve[m]['percent']:.3f} % of {curve[m]['accounts']:,}",
            )
            for m, (n, p) in EVER_60.items()
        ),
    ]


def snapshot() -> list[Row]:
    ours = told("delinquency_snapshot_2012")
    states, rolled = ours["rolls"]["states"], ours["rolls"]
    total = sum(map(float, rolled["balance"]["totals"]))
    return [
        *((f"count, {a}", b, c) for a, b, c in rows_of(rolled["count"], states, SNAPSHOT_COUNTS, "cells", 0)),
        *(
            (f"balance, {a}", b, c)
            for a, b, c in rows_of(rolled["balance"], states, SNAPSHOT_BALANCE, "percent", 2)
        ),
        ("balance", "10,210,920.52", f"{total:,.2f}"),
        *((way, f"{p} %", f"{ours['movement'][way]['percent']} %") for way, p in MOVEMENT.items()),
    ]


def main() -> None:
    books = {"credit_record_monthly": credit_record(), "delinquency_snapshot_2012": snapshot()}
    tables = [table(name, [Figure(*row) for row in rows]) for name, rows in books.items()]
    write(
        HERE / "reference_statuses.md",
        "Books of statuses: reference and ours",
        "reference_statuses.py",
        SAID,
        tables,
    )


if __name__ == "__main__":
    main()
