"""The tables of the record; their names in the database are the plain plural of the class."""

from forbear.desk.record.models.casework import Case, Complaint, Consent, Note, Promise
from forbear.desk.record.models.contact import Contact, Fact, Vouched
from forbear.desk.record.models.loans import Borrower, Installment, Loan, Schedule

__all__ = [
    "Borrower",
    "Case",
    "Complaint",
    "Consent",
    "Contact",
    "Fact",
    "Installment",
    "Loan",
    "Note",
    "Promise",
    "Schedule",
    "Vouched",
]
