"""A facility: what a lender or funder agreed, as a file; covenants with head-room, and the borrowing base."""

from forbear.funding.facility.agreement import Facility, read_facility
from forbear.funding.facility.base import Base, borrowing_base
from forbear.funding.facility.covenants import Covenant, covenants
from forbear.funding.facility.metrics import METRICS, Measures, measures

__all__ = [
    "METRICS",
    "Base",
    "Covenant",
    "Facility",
    "Measures",
    "borrowing_base",
    "covenants",
    "measures",
    "read_facility",
]
