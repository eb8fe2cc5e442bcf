"""Does a book still hold loans that were not over when it was taken? If not, its last loans tell of the quick alone.

Labels that are not known yet are censored (`forbear.risk.chains`). That does not help where whole loans are missing: a
file of loans that are over, or of earlier loans of people who borrowed again, has of the last weeks only those loans
that were paid quickly. Late ones look rare there, rates fall and rankings lose what they rank by. Lenders know this as
label maturity: a vintage is used once it has had the time to show what becomes of it.

Such a book betrays itself: by how long earlier loans took, many of its last loans should still be open, and hardly any
is. Then the loans of the last stretch, as long as 95 % of all loans took, are left out of all learning and measuring.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.book import Book

SHARE_OVER = 0.95
"""Share of earlier loans that were over within the stretch that is left out."""
LEAST_EXPECTED = 20
"""Loans that ought to be open, below which a book's want of open loans may be chance."""
FEW = 0.5
"""Share of the loans that ought to be open, below which the book is taken to hold none by design."""


def loans_over(until: date) -> str:
    """A query: a row a loan disbursed by the day, with the day it was paid in full, null while it is not."""
    return f"""SELECT l.loan_id, l.borrower_id, l.disbursed_on, CASE WHEN p.paid >= i.due THEN p.last_on END AS over_on
        FROM book.loans AS l
        JOIN (SELECT loan_id, sum(principal_due + interest_due + fees_due) AS due
            FROM book.installments GROUP BY 1) AS i USING (loan_id)
        LEFT JOIN (SELECT loan_id, sum(amount) AS paid, max(paid_on) AS last_on FROM book.payments
            WHERE paid_on <= DATE '{until}' GROUP BY 1) AS p USING (loan_id)
        WHERE l.disbursed_on <= DATE '{until}'"""


def ripe_until(book: Book, until: date) -> date | None:
    """The day after which the book's loans are only those that ended quickly; None where it holds open loans as well.

    Args:
        book: of events, with payments.
        until: the day up to which it is known; where its payments end earlier, that day counts.
    """
    rows = book.connection.execute(f"SELECT disbursed_on, over_on FROM ({loans_over(until)})").fetchnumpy()
    begun = np.asarray(rows["disbursed_on"], dtype="datetime64[D]")
    over = np.ma.filled(rows["over_on"].astype("datetime64[D]"), np.datetime64("NaT"))
    return ripe_day(begun, over)


def ripe_day(begun: npt.NDArray[Any], over: npt.NDArray[Any]) -> date | None:
    """As `ripe_until`, from the days on which loans began and were over (not a date where they are not)."""
    is_over = ~np.isnat(over)
    if not is_over.any():
        return None
    last = over[is_over].max()
    took = np.sort((over - begun)[is_over].astype(int))
    stretch = int(took[int(SHARE_OVER * (len(took) - 1))])
    recent = begun > last - np.timedelta64(stretch, "D")
    earlier = np.sort((over - begun)[is_over & ~recent].astype(int))
    if not len(earlier):
        return None
    age = (last - begun[recent]).astype(int)
    expected = (1 - np.searchsorted(earlier, age, side="right") / len(earlier)).sum()
    if expected < LEAST_EXPECTED or (~is_over[recent]).sum() >= FEW * expected:
        return None
    return date.fromisoformat(str(last)) - timedelta(days=stretch)
