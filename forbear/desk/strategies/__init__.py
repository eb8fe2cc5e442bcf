"""Strategies as versioned text: proposed, compared, replayed, put in force by two people, rolled back; the night's log.

A text never changes and neither does what was in force when: the database refuses it. What a strategy may say is the
engine's business (`forbear.treatment.strategy`); what it decided each night is kept here with the chances.
"""
