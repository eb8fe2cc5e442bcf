"""The forecast of cash on real books, out of time: how often its intervals hold, its error beside roll rates.

    python benchmarks/funding_forecast.py            # writes benchmarks/funding.md; two minutes

At every origin the forecast is made from what was known there and compared with what came later. Nothing is fitted to
the later part: choice of procedure, half-life and width all come from earlier origins of the same book (but
the step, the
window and the limit of the widths were settled on these books together: see docs/decisions/77). The books are
not part of this repository (`../shared/data`, or FORBEAR_SHARED).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
from reference_page import DATA, HERE, machine, today

from forbear.book import Book, open_book
from forbear.funding.forecast import Every, History, book_history, forecast, past_forecasts, status_history

RATE = 0.8
SHOWN = (1, 2, 3, 4, 6, 8, 12)


@dataclass(frozen=True)
class Case:
    """A book, a way to read it, and the origins that are judged: those with at least `after` origins before them."""

    name: str
    folder: str
    what: str
    make: Callable[[Book], History]
    after: int = 0


CASES = (
    Case(
        "superlender_ng, weeks",
        "superlender_ng",
        "cash",
        lambda b: book_history(b, date(2017, 6, 30), Every.week, 6),
    ),
    Case(
        "superlender_ng, months",
        "superlender_ng",
        "cash",
        lambda b: book_history(b, date(2017, 6, 30), Every.month, 2),
    ),
    Case("xente_ug, weeks", "xente_ug", "cash", lambda b: book_history(b, date(2019, 6, 30), Every.week, 8)),
    Case("xente_ug, months", "xente_ug", "cash", lambda b: book_history(b, date(2019, 6, 30), Every.month, 2)),
    Case(
        "credit_record_monthly",
        "credit_record_monthly",
        "accounts paid off",
        lambda b: status_history(b, date(2020, 1, 1), "closed", Every.month, 12),
    ),
    Case(
        "sba_7a",
        "sba_7a",
        "money charged off",
        lambda b: status_history(b, date(2013, 12, 31), "lost", Every.month, 12, 240),
        60,
    ),
)


@dataclass
class Judged:
    """What came of the forecasts of one horizon."""

    held: int = 0
    judged: int = 0
    widths: tuple[float, ...] = ()
    miss: float = 0.0
    naive_miss: float = 0.0
    came: float = 0.0

    def line(self, label: str) -> str:
        """A row of the page."""
        share = f"{100 * self.held / self.judged:.0f} %" if self.judged else "–"
        wide = f"{np.median(self.widths):.2f}" if self.widths else "–"
        ours, naive = self.miss / self.came, self.naive_miss / self.came
        better = f"{100 * (ours / naive - 1):+.0f} %"
        return (
            f"| {label} | {self.judged} | {share} | {wide} | {100 * ours:.1f} % | {100 * naive:.1f} % | {better} |"
        )


def judge(history: History, after: int) -> list[Judged]:
    """The forecasts at every origin, by horizon; error over all origins judged, intervals where they were
    calibrated.
    """
    past = past_forecasts(history)
    told, actual = past.told(), past.actual
    found = [Judged() for _ in range(history.horizon)]
    for origin in range(max(after, 1), len(history.origins)):
        made = forecast(history, RATE, past, origin)
        for k, period in enumerate(made.periods):
            came = actual[origin, k]
            if np.isnan(came):
                continue
            one = found[k]
            one.miss += abs(told[origin, k] - came)
            one.naive_miss += abs(past.naive[origin, k] - came)
            one.came += came
            if period.calibrated_on:
                one.judged += 1
                one.held += period.low <= came <= period.high
                one.widths += ((period.high - period.low) / max(period.expected, 1),)
    return found


def summed(found: list[Judged]) -> Judged:
    """All horizons together."""
    return Judged(
        sum(f.held for f in found),
        sum(f.judged for f in found),
        tuple(w for f in found for w in f.widths),
        sum(f.miss for f in found),
        sum(f.naive_miss for f in found),
        sum(f.came for f in found),
    )


HEADS = (
    "| {} | intervals | held (stated 80 %) | median width / expected | error (WAPE) | roll rates | ours against it |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def main() -> None:
    """Judge all books and write the page."""
    overall, parts = [], []
    for case in CASES:
        with duckdb.connect() as connection:
            history = case.make(open_book(DATA / case.folder, connection, mapping=case.folder))
        found = judge(history, case.after)
        overall.append(summed(found).line(f"{case.name}: {case.what}"))
        lines = [f.line(str(k)) for k, f in enumerate(found, start=1) if k in SHOWN and f.came]
        ends = f"{history.ends_on(int(history.origins[max(case.after, 1)]))} to {history.as_of}"
        told = f"### {case.name}: {case.what}\n\nOrigins {ends}, one every {history.every.value}.\n"
        parts.append("\n".join((told, HEADS.format(f"{history.every.value}s ahead"), *lines, "")))
        print(overall[-1], flush=True)
    page = (
        f"""# Cash forecast out of time

{today()}, {machine()}, by `python benchmarks/funding_forecast.py`.

At every origin the forecast was made from what was known there (`forbear funding forecast`,
[docs/funding.md](../docs/funding.md)) and
compared with what came. Error is WAPE: misses added up, over what came added up. *Roll rates* is the naive
forecast: balances by
range of days past due, rolled with the average roll rates of the last six months (eight weeks).

{HEADS.format("book")}
"""
        + "\n".join(overall)
        + "\n\n"
        + READING
        + "\n"
        + "\n".join(parts)
    )
    (HERE / "funding.md").write_text(page, encoding="utf-8")


READING = """How to read it:

- superlender_ng holds only loans that ended and were followed by another, so all are paid: what is forecast is
  when. Due dates say
  most of it, which roll rates do not see. Its first months are small, so early widths are large and held more
  often than stated.
- xente_ug is 1,159 loans whose principal grew tenfold in two months, a few large ones most of it; what a
  mapping makes of later
  payments (interest) is kept out of the forecast. Neither forecast is good, and the intervals say so by their width.
- credit_record_monthly knows no money: accounts paid off are forecast. Its record ends for many accounts,
  which thins late origins.
- sba_7a knows no payments: money charged off is forecast, 1999 to 2013, through the crisis of 2008. Charge-offs come in
  batches; loans paid in full leave at a date that the file does not tell, so exposures are too large, for both
  forecasts alike.
- Intervals of successive origins overlap; the figures are not as sure as independent ones of the same number would be.
"""

if __name__ == "__main__":
    main()
