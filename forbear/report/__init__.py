"""The report: from the night's `portfolio.json`, and nothing else, to one HTML file that needs no network."""

from forbear.report.render import Parts, parts, render

__all__ = ["Parts", "parts", "render"]
