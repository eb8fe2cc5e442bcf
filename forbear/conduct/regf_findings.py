"""What a worked example on Regulation F asks, each finding answered by the gate.

A presumption of violation is what the gate refuses: a call that a rule of frequency did not allow when it was
placed. The circumstances that weigh against a presumption are no limits; they are read from the example itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from forbear.conduct import regf_contacts as contacts
from forbear.conduct.judge import RuleAnswer
from forbear.conduct.regf_asked import A_DAY, CALLS, TALKED, Asked
from forbear.conduct.regf_flags import flag, may_rebut
from forbear.conduct.regf_rows import COLLECTOR, FIRST_DAY, PERSON
from forbear.conduct.rules import Answer

REMARKS = frozenset(("note",))
"""Keys of `expected` that tell the reader something and ask nothing."""


def _free(answers: Mapping[str, RuleAnswer]) -> bool:
    """Whether both rules of frequency allow."""
    return all(answers[rule].answer is Answer.allowed for rule in (CALLS, TALKED) if rule in answers)


def _presumption(a: Asked) -> str:
    """`violation` when some call was placed against a rule of frequency."""
    asked = [answers for row, answers in a.replayed if row["channel"] == "call"]
    if "candidate_call" in a.facts:
        asked.append(a.candidates[0][1])
    senders = {row["sender"] for row in a.told.placed}
    kept = all(_free(answers) for answers in asked)
    return "violation" if not kept else "compliance" if len(senders) < 2 else "none_for_each"


def _prong(rule: str) -> Callable[[Asked], str]:
    def prong(a: Asked) -> str:
        kept = all(answers[rule].answer is Answer.allowed for row, answers in a.replayed if rule in answers)
        return "within" if kept else "exceeded"

    return prong


def _word(answers: Mapping[str, RuleAnswer]) -> str:
    return "allowed" if _free(answers) else "blocked"


def _candidate(a: Asked) -> str:
    """Allowed or blocked; where consent is on record and nothing is full, whether the call would count."""
    _, answers = a.candidates[0]
    if not _free(answers):
        return "blocked"
    return "counts" if _consent_named(a) and "except" not in answers[CALLS].facts else "allowed"


def _consent_named(a: Asked) -> bool:
    return any(row["fact"] == "consent_to_call" for row in a.told.facts)


def _candidates(a: Asked) -> Any:
    """A word for each candidate; by date where the example tells of consent."""
    if not _consent_named(a):
        return [_word(answers) for _, answers in a.candidates]
    words, before = {}, False
    for said, answers in a.candidates:
        out = "except" in answers[CALLS].facts
        words[said["date"]] = "excluded_from_count" if out else "counts_again" if before else "counts"
        before = before or out
    return words


def _if_placed(a: Asked) -> str:
    """What a blocked candidate would be, if it were placed all the same."""
    return "violation" if any(not _free(answers) for _, answers in a.candidates) else "compliance"


def _blocked_dates(a: Asked) -> list[str]:
    """Dates from the first event on, a month long, on which the last conversation forbids a call."""
    first = min(row["at"] for row in a.told.history).date()
    days = [first + n * A_DAY for n in range(31)]
    asked = ((day, a.call(a.told.at(day, "20:59"))) for day in days)
    return [day.isoformat() for day, answers in asked if answers[TALKED].answer is not Answer.allowed]


def _outcome(a: Asked) -> bool:
    """Whether one call of that outcome counts."""
    at = a.told.at(FIRST_DAY)
    row = {
        "borrower_id": PERSON,
        "at": at,
        "channel": "call",
        "sender": COLLECTOR,
        "result": _known(a.facts["call_outcome"]),
    }
    return int(a.ask({"channel": "call", "at": at}, [row])[CALLS].facts["count"]) == 1


def _known(outcome: str) -> str:
    """An outcome told at length in the gate's own word."""
    return "voicemail_full" if outcome.startswith("voicemail_full") else outcome


def _of_each(a: Asked) -> list[int]:
    senders = dict.fromkeys(row["sender"] for row in a.told.placed)
    return [a.count(sender=sender, actor="agency") for sender in senders]


def _spoken_to(a: Asked) -> str:
    return str(a.told.placed[-1]["party"])


def _third_party_barred(a: Asked) -> bool:
    """Whether a rule on third parties stands against the last contact."""
    return any(x.answer is not Answer.allowed for rule, x in a.replayed[-1][1].items() if rule.startswith("US-3P"))


def _federal(a: Asked) -> bool:
    """Whether the rule on calls is asked at all."""
    who = {"sender": "lender"} if "original creditor" in str(a.facts.get("actor", "")) else {}
    return CALLS in a.call(a.told.at(FIRST_DAY), **who)


def _sections(a: Asked) -> list[str]:
    """The sections that govern messages which are no calls."""
    governed = {s for _, rule in a.packs.rules if {"sms", "email"} & set(rule.acts) for s in _cited(rule.article)}
    return [s for s in ("1006.14(a)", "1006.14(h)", "1006.6(b)", "1006.6(e)") if s in governed]


def _cited(article: str) -> set[str]:
    parts = (part.strip() for part in article.replace(";", ",").split(","))
    return {part[: part.index(")") + 1] for part in parts if part.startswith("1006.") and ")" in part}


FINDINGS: dict[str, Callable[[Asked], Any]] = {
    "calls_in_window": lambda a: a.count(),
    "calls_in_window_if_placed": lambda a: int(a.candidates[0][1][CALLS].facts["count"]) + 1,
    "frequency_prong": _prong(CALLS),
    "conversation_prong": _prong(TALKED),
    "presumption": _presumption,
    "presumption_if_placed": _if_placed,
    "presumption_if_blocked_placed": _if_placed,
    "candidate": _candidate,
    "candidates": _candidates,
    "blocked_dates": _blocked_dates,
    "connected_to_dialed_number": _outcome,
    "counts_toward_7_in_7": _outcome,
    "counts": lambda a: {debt: a.count(debt) for debt in a.told.debts},
    "treated_as_debts": lambda a: len(a.told.debts),
    "per_collector_counts": _of_each,
    "aggregate_review_flag": lambda a: len({row["sender"] for row in a.told.placed}) > 1,
    "third_party_bar": _third_party_barred,
    "person_bucket": _spoken_to,
    "federal_rule_applies": _federal,
    "state_overlay_check": lambda a: not _federal(a),
    "rebuttal_flag": lambda a: flag(a.facts, a.told.placed),
    "rebuttable": lambda a: may_rebut(a.facts["reason_of_call"]),
    "rebuttal_reason": lambda a: a.facts["reason_of_call"] if may_rebut(a.facts["reason_of_call"]) else "",
    "separate_checks": _sections,
    **contacts.FINDINGS,
}
"""Each finding an example may expect, and how the gate is asked for it."""
