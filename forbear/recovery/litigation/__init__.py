"""Going to court: what may be claimed, until when, what it costs, whether it is worth it, and the evidence bundle.

    claim = claim_of(loan)             # to the cent, a table by day, within the cap
    clock = limitation(...)            # three years, what interrupted and suspended them
    court_fee(claim.total, "ordinary") # by the State Council's brackets
    assess(case, claim)                # mediation first; never against somebody who cannot pay
    make_bundle(folder, out)           # one PDF and a folder with a hash list

Law is dated data with its article (`law.toml`), mainland China's; assumptions of what a suit brings are the lender's
(`worth.toml`). What is computed here is for counsel to check: no figure is legal advice.
"""

from forbear.recovery.litigation.bundle import Bundle, check_bundle, make_bundle
from forbear.recovery.litigation.claim import Claim, ClaimLoan, claim_of, read_claim_loan
from forbear.recovery.litigation.deferred import Deferred, Judgment, deferred_interest, read_judgment
from forbear.recovery.litigation.fees import court_fee, enforcement_fee, preservation_fee
from forbear.recovery.litigation.limitation import Clock, Event, Obstacle, limitation
from forbear.recovery.litigation.worth import Assessment, SuitCase, assess, read_case

__all__ = [
    "Assessment",
    "Bundle",
    "Claim",
    "ClaimLoan",
    "Clock",
    "Deferred",
    "Event",
    "Judgment",
    "Obstacle",
    "SuitCase",
    "assess",
    "check_bundle",
    "claim_of",
    "court_fee",
    "deferred_interest",
    "enforcement_fee",
    "limitation",
    "make_bundle",
    "preservation_fee",
    "read_case",
    "read_claim_loan",
    "read_judgment",
]
