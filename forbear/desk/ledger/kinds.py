"""The ledger's words: kinds of entries, accounts, components. docs/ledger.md has each kind with its postings."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "disbursal": "the principal is paid out",
    "due": "the schedule's interest and fees are agreed",
    "payment": "money is received",
    "allocation": "what an act pays, or frees again",
    "fee": "a fee is charged",
    "penalty": "penalty interest is charged",
    "waiver": "a part of what is owed is let go",
    "refund": "money that paid nothing is given back",
    "reversal": "an earlier entry is undone",
    "write-off": "a part of what is owed is no longer expected",
    "recovery": "money comes for what was written off",
    "transfer": "money that paid nothing is moved to another loan, or from it",
    "pause": "delinquency does not grow for a while",
    "re-age": "installments fall due later",
    "re-amortize": "what is left is spread anew",
}

DERIVED = frozenset(["allocation", "recovery"])
"""Kinds that follow from acts by the rules alone; a change of the past undoes them and books them anew."""

SCHEDULING = frozenset(["due", "re-age", "re-amortize"])
"""Kinds that put a version of the schedule in force."""

CHARGES = {"fee": "fees", "penalty": "penalty"}
"""Kinds that add to what is owed, and the component they add to."""

ACCOUNTS: dict[str, str] = {
    "cash": "money received from the borrower, less what was given back",
    "disbursed": "principal paid out",
    "receivable": "what the borrower owes by contract, due or not; by component, and by installment where known",
    "unapplied": "money received that has paid nothing yet: the borrower's credit",
    "income": "interest, fees and penalties agreed or charged",
    "waived": "what was let go",
    "loss": "what was written off",
    "written_off": "what is written off and still owed: taken off the receivable",
    "recovered": "money that came for what was written off",
    "transit": "money between two loans; zero over all loans",
}

COMPONENTS = ("fees", "penalty", "interest", "principal")
