"""Suits at the desk: stages that stay, costs, dates, the gate's leave, two people to file, a settlement at any time."""
