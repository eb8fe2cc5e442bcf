"""Roll rates (迁徙率) and vintages from statuses: a state a loan and month, as old systems carry them.

A book of events is closed and reported by the night. This room reads what has no events: the `statuses` table of a
book, or the accounts tables that several closes left behind.
"""

from forbear.funding.statuses.panel import Panel, panel_of_accounts, panel_of_book
from forbear.funding.statuses.rolls import Rolls, rolls
from forbear.funding.statuses.vintages import Vintages, vintages

__all__ = ["Panel", "Rolls", "Vintages", "panel_of_accounts", "panel_of_book", "rolls", "vintages"]
