"""Aging by columns: most loans' tables worked out on whole columns at once, where the SQL files join and sort.

It makes the same rows as the SQL files, for loans without pauses, reversals or oddities (`plain`). Running sums over
rows in order take the place of joins and windows. What it cannot do it leaves to the files, which stay the meaning.
"""

from forbear.aging.columns.late import Late, Lateness, late_spells, lateness
from forbear.aging.columns.rows import Installments, Loans, Payments, offsets, plain, running
from forbear.aging.columns.standing import NEVER, Ladder, days_or_null, late_table, standing
from forbear.aging.columns.waterfall import Waterfall, principal_paid, waterfall

__all__ = [
    "NEVER",
    "Installments",
    "Ladder",
    "Late",
    "Lateness",
    "Loans",
    "Payments",
    "Waterfall",
    "days_or_null",
    "late_spells",
    "late_table",
    "lateness",
    "offsets",
    "plain",
    "principal_paid",
    "running",
    "standing",
    "waterfall",
]
