"""Forbear (宽期): installment loans that fall behind, and the gentlest lawful step back."""

__version__ = "0.1.0"
