"""The language check: may this be said to a borrower?

Reads templates and free text in Chinese and English for threats, shaming, insults, false authority, false
consequence, disclosure to others, pressure to borrow elsewhere, harassment, missing identification and missing
opt-out. It judges words, not deeds: whether a contact may be made at all is the gate's matter.
"""

from forbear.conduct.language.check import Finding, Findings, check_words, language_of
from forbear.conduct.language.rules import FACTS, Rule, rules

__all__ = ["FACTS", "Finding", "Findings", "Rule", "check_words", "language_of", "rules"]
