"""The honesty card: one HTML page that says what was simulated, what came out, and what it cannot show."""

from forbear.simulate.card.render import render

__all__ = ["render"]
