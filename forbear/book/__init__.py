"""The loan book: its tables, the reading of anyone's files into them, and what can be wrong with them."""

from forbear.book.book import Book, Waived, open_book
from forbear.book.check import CheckResult, check_book
from forbear.book.faults import Fault
from forbear.book.quarantine import LeftOut, leave_out

__all__ = ["Book", "CheckResult", "Fault", "LeftOut", "Waived", "check_book", "leave_out", "open_book"]
