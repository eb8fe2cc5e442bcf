"""The intents that a reply may have, and which of them protect the borrower."""

from __future__ import annotations

INTENTS: dict[str, str] = {
    "stop": "does not want to be contacted, or not this way",
    "wrong_person": "is not the borrower, or the number is not hers",
    "dispute": "says that the debt, a fee or the sum is wrong",
    "already_paid": "says that it is paid",
    "hardship": "lost work or income, is ill, cannot pay; in the gravest case is in danger",
    "bereavement": "tells of a death",
    "lawyer": "is represented: by a lawyer, a debt adviser, an insolvency practitioner",
    "promise": "says by when, or how much, will be paid",
    "asks_plan": "asks for parts, time, a lower sum",
    "asks_proof": "asks for the contract, a breakdown, who is asking",
    "abuse": "insults or threatens",
    "other": "none of these",
}
"""Code and meaning, in the order in which several are shown."""

PROTECTING = ("stop", "wrong_person", "dispute", "hardship", "bereavement", "lawyer")
"""Those that are acted on at once, and also where the reading is not certain."""
