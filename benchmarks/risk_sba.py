"""Time to charge-off of SBA loans: forbear's chain over ten years against Kaplan-Meier, by integrated Brier score.

Loans disbursed 1990 to 2004 (each is followed for ten years, the data end in 2014): the chain learns from
disbursals up to 2000, is calibrated on 2001 and 2002, and is measured on 2003 and 2004. So no label rests on what
came after its window's end by more than the horizon itself; labels of the fit are cut at the end of 2002 (purge).
"""

from __future__ import annotations

from datetime import date

import numpy as np

from forbear.book import Book
from forbear.risk.chains import NEVER, Chain, Labels
from forbear.risk.frame import Frame
from forbear.risk.hazard import fit_chain
from forbear.risk.measures import auc, figures

YEARS = tuple(365 * y for y in range(1, 11))
LEARN_TO, CALIBRATE_TO, CUT = date(2000, 12, 31), date(2002, 12, 31), date(2002, 12, 31)


def integrated(book: Book) -> str:
    """The section of the page."""
    frame, ended, days = panel(book)
    chain = Chain("chargeoff", YEARS, {}, -1, "not charged off")
    until = np.datetime64(CUT)
    fitting = days <= np.datetime64(LEARN_TO)
    middle = (days > np.datetime64(LEARN_TO)) & (days <= np.datetime64(CALIBRATE_TO))
    end = np.where(fitting, until, np.datetime64("2014-12-31"))
    known = (end - days).astype(int).astype(float)
    labels = Labels(np.ones(len(frame), bool), np.where(ended <= known, ended, NEVER), known, np.zeros(len(frame)))
    later = np.where(middle, (np.datetime64("2004-12-31") - days).astype(int), known)
    cut = Labels(labels.eligible, np.where(ended <= later, ended, NEVER), later, labels.starts)
    model = fit_chain(chain, frame, cut, [fitting] * len(YEARS), [middle] * len(YEARS), np.arange(len(frame)))
    assert not isinstance(model, str), model
    test = np.flatnonzero(days > np.datetime64(CALIBRATE_TO))
    stays = model.stays(frame.take(test))
    meier = kaplan_meier(cut, fitting | middle)
    lines = [
        "| years | rate | forbear AUC | slope | error | Brier | Kaplan-Meier's Brier |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    ours, theirs = [], []
    for k, day in enumerate(YEARS):
        stayed = ended[test] > day
        f = figures(~stayed, 1 - stays[:, k])
        ours.append(np.mean((stayed - stays[:, k]) ** 2))
        theirs.append(np.mean((stayed - meier[k]) ** 2))
        lines.append(
            f"| {k + 1} | {f.rate:.4f} | {auc(~stayed, 1 - stays[:, k]):.4f} | {f.slope:.3f} | {f.error:.4f} "
            f"| {ours[-1]:.4f} | {theirs[-1]:.4f} |"
        )
        print(lines[-1], flush=True)
    gain = 1 - np.mean(ours) / np.mean(theirs)
    return "\n".join(lines) + (
        f"\n\nIntegrated Brier score over ten years, {len(test):,} loans disbursed in 2003 and 2004: "
        f"forbear {np.mean(ours):.4f},"
        f" Kaplan-Meier {np.mean(theirs):.4f} ({100 * gain:.1f} % less).\n"
    )


def panel(book: Book) -> tuple[Frame, np.ndarray, np.ndarray]:
    """Features at disbursal, days to charge-off (infinite: none), days of disbursal."""
    rows = book.connection.sql(
        """SELECT l.loan_id, l.disbursed_on, l.principal, l.term, x_state, left(x_naics, 2) AS industry, x_employees,
            x_new_business, x_urban_rural, min(s.on_date) AS charged_on
        FROM book.loans AS l LEFT JOIN book.statuses AS s ON s.loan_id = l.loan_id AND s.state = 'charge_off'
        WHERE l.disbursed_on BETWEEN DATE '1990-01-01' AND DATE '2004-12-31' GROUP BY ALL
        ORDER BY l.disbursed_on, l.loan_id"""
    ).df()
    days = rows.disbursed_on.values.astype("datetime64[D]")
    ended = (rows.charged_on.values.astype("datetime64[D]") - days).astype(float)
    ended = np.where(np.isnat(rows.charged_on.values), NEVER, np.maximum(ended, 1.0))
    numbers = np.column_stack([np.log1p(rows.principal.astype(float)), rows.x_employees.astype(float)]).astype(
        np.float32
    )
    texts = {
        n: rows[n].fillna("").astype(str).values.astype(object)
        for n in ("x_state", "industry", "x_new_business", "x_urban_rural")
    }
    marks = {"loan_id": rows.loan_id.values, "borrower_id": rows.loan_id.values, "history": np.zeros(len(rows))}
    return Frame(("principal_log", "x_employees"), numbers, texts, marks), ended, days


def kaplan_meier(labels: Labels, rows: np.ndarray) -> np.ndarray:
    """Chance of no charge-off by each year, of all loans alike."""
    alive = np.array(
        [
            1 - labels.stays(k, YEARS)[r].mean()
            for k in range(len(YEARS))
            if len(r := np.flatnonzero(labels.at_risk(k, YEARS) & rows))
        ]
    )
    return np.cumprod(1 - np.append(alive, [0.0] * (len(YEARS) - len(alive))))
