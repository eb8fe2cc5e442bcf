"""Relief: what somebody can pay, the plans that fit it, who may grant them, whether they are kept, and the way back.

    from forbear.relief import Budget, options, shipped

    told = options(debt, Budget(income=6_000_00, spending=4_200_00), on_cap=Decimal("0.24"), policy=shipped("cn"))
    told.shown[0].sentence("en")

Plans are computed from a loan's debt and the borrower's surplus, never picked from a list; money is integers of the
minor unit. What law and lender set is data (`*.toml`, each entry with its source). Stops at the plan: booking it is the
desk's (`forbear.desk.plans`).
"""

from forbear.relief.budget import Budget, Surplus, surplus_of
from forbear.relief.debt import Debt, Part
from forbear.relief.granting import Grantable, Ruling, lighter_than, may_agree, may_ask, may_grant
from forbear.relief.options import Option, Told, options
from forbear.relief.policy import Policy, shipped
from forbear.relief.watching import Kept, judged
from forbear.relief.way_back import Journey, Step, way_back

__all__ = [
    "Budget",
    "Debt",
    "Grantable",
    "Journey",
    "Kept",
    "Option",
    "Part",
    "Policy",
    "Ruling",
    "Step",
    "Surplus",
    "Told",
    "judged",
    "lighter_than",
    "may_agree",
    "may_ask",
    "may_grant",
    "options",
    "shipped",
    "surplus_of",
    "way_back",
]
