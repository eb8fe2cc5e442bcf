"""Telling other systems: webhooks out. What is told stands in the same transaction as what it tells of."""
