"""The report: from the night's `portfolio.json`, and nothing else, to one HTML file that needs no network."""

from forbear.report.render import render

__all__ = ["render"]
