"""What a court takes: case, payment-order, preservation, enforcement fees by the State Council's brackets (Order 481).

Amounts in minor units of yuan in and out; half a fen goes up.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

from forbear.basics.errors import WrongUse
from forbear.recovery.litigation.law import Scale, scale, share

FEN = 100


def court_fee(claimed: int, procedure: str = "ordinary") -> int:
    """What the court takes for a money claim (诉讼费用交纳办法 art. 13 to 16), minor units.

    Args:
        claimed: the amount claimed, minor units.
        procedure: ordinary, simplified, small_claims, payment_order, mediated, judicial_confirmation.

    Raises:
        WrongUse: a negative claim, or no such procedure.
    """
    return _rounded(_by_brackets(claimed, scale("case")) * share(procedure))


def enforcement_fee(amount: int) -> int:
    """What enforcement costs (art. 14 (1)); taken from the debtor afterwards, never advanced (art. 20, 38)."""
    return _rounded(_by_brackets(amount, scale("enforcement")))


def preservation_fee(amount: int) -> int:
    """What preserving property costs (art. 14 (2)); the applicant's, who may claim it (art. 38)."""
    return _rounded(_by_brackets(amount, scale("preservation")))


def _by_brackets(amount: int, by: Scale) -> Fraction:
    if amount < 0:
        raise WrongUse(f"a claim of {amount} minor units", "a claim is not negative")
    yuan, fee, lower = Fraction(amount, FEN), Fraction(by.first), by.first_to
    for to, rate in by.brackets:
        upper = Fraction(to) if to else yuan
        if yuan > lower:
            fee += (min(yuan, upper) - lower) * rate
        lower = to
    return min(fee, Fraction(by.most)) if by.most else fee


def _rounded(yuan: Fraction) -> int:
    return floor(yuan * FEN + Fraction(1, 2))
