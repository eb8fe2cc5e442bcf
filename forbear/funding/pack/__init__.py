"""The funder's pack: every figure with its meaning and what it is a sum of, held against the ledger line by line."""

from forbear.funding.pack.conduct import conduct_measures
from forbear.funding.pack.figures import Figure, Line, figures, lines
from forbear.funding.pack.ledger import rederived
from forbear.funding.pack.liquidity import liquidity

__all__ = ["Figure", "Line", "conduct_measures", "figures", "lines", "liquidity", "rederived"]
