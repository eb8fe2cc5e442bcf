"""Findings of worked examples on Regulation F that are no counts: hours, places, replies, notices, records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from forbear.conduct.regf_asked import A_DAY, CLOCK, KEEPING, Asked
from forbear.conduct.regf_rows import FIRST_DAY, PERSON, PLACES, Row, told
from forbear.conduct.rules import Answer


def _electronic(a: Asked) -> bool:
    at = a.told.at(FIRST_DAY, a.facts["email_sent_local"])
    return a.ask({"channel": "email", "at": at})[""].answer is Answer.allowed


def _allowed(a: Asked) -> bool:
    """Whether the gate allows what the example proposes: an e-mail, or the last call it tells of."""
    if "email_sent_local" in a.facts:
        return _electronic(a)
    if "known" in a.facts:
        return _at_work(a)
    return a.replayed[-1][1][""].answer is Answer.allowed


def _at_work(a: Asked) -> bool:
    known = "employer_prohibits" if "employer" in a.facts["known"] else str(a.facts["known"])
    work = {"channel": "call", "at": a.told.at(FIRST_DAY), "at_work": a.facts["candidate"].endswith("work")}
    facts = [{"borrower_id": PERSON, "fact": known}]
    return a.ask(work, facts=facts)[""].answer is Answer.allowed


def _clock_edges(a: Asked) -> list[str]:
    times = [a.told.at(FIRST_DAY, clock) for clock in a.facts["candidate_times_local"]]
    answers = (a.call(at)[CLOCK].answer for at in times)
    return ["allow" if answer is Answer.allowed else "block" for answer in answers]


def _window(place: str) -> Callable[[Asked], list[str]]:
    """The window of the day, by one place's clock, in which every possible place allows; its edges are shut."""

    def window(a: Asked) -> list[str]:
        zones = "|".join(PLACES.get(info["tz"], info["tz"]) for info in a.facts["location_info"])
        local = Asked(a.facts, told({}, PLACES[place]), a.packs)
        local.told.facts[0]["value"] = zones
        start = local.told.at(FIRST_DAY, "00:00")
        minutes = [start + timedelta(minutes=n) for n in range(24 * 60)]
        free = [at for at in minutes if local.call(at)[CLOCK].answer is Answer.allowed]
        edges = (free[0] - timedelta(minutes=1), free[-1] + timedelta(minutes=1))
        return [at.strftime("%H:%M") for at in edges]

    return window


def _designated(a: Asked) -> bool:
    """Whether her words, or the creditor's file, bar the time they name."""
    said = str(a.facts.get("consumer_says") or a.facts.get("creditor_file_note"))
    names_it = any(word in said.lower() for word in ("inconvenient", "do not call", "don't call"))
    fact = {"borrower_id": PERSON, "fact": "inconvenient_time"}
    answers = a.ask({"channel": "call", "at": a.told.at(FIRST_DAY)}, facts=[fact] if names_it else [])
    return answers[""].answer is not Answer.allowed


def _replies(a: Asked) -> list[str]:
    """Each event inside hours she called inconvenient; the first message after hers in the same medium is a reply."""
    opens, closes = a.facts["designation"].split()[-1].split("-")
    hours = [{"borrower_id": PERSON, "fact": "convenient_hours", "value": f"{closes}-{opens}"}]
    words, waiting = [], ""
    for row in a.told.history:
        if row["direction"] == "in":
            words.append("n/a")
            waiting = row["channel"]
            continue
        act = {"channel": row["channel"], "at": row["at"], "reply_to_consumer": waiting == row["channel"]}
        words.append("allowed" if a.ask(act, facts=hours)[""].answer is Answer.allowed else "blocked")
        waiting = ""
    return words


HOME = {"landline_home": ("call", "home"), "letter_home": ("letter", "home")}
ANYWHERE = {"mobile": ("call", "mobile"), "personal_email": ("email", "mail")}


def _medium(name: str) -> Callable[[Asked], str]:
    """A medium while home is inconvenient; one tied to no place also while she is known to be there."""

    def medium(a: Asked) -> str:
        channel, number = (HOME | ANYWHERE)[name]
        act = {"channel": channel, "number": number, "at": a.told.at(FIRST_DAY)}
        facts = [{"borrower_id": PERSON, "fact": "inconvenient_place", "number": "home"}]
        usual = a.ask(act, facts=facts)[""].answer is Answer.allowed
        there = a.ask({**act, "known_at_inconvenient_place": True}, facts=facts)[""].answer is Answer.allowed
        return "blocked" if not usual else "allowed" if there else "allowed_unless_known_at_home"

    return medium


def _late_notice(a: Asked) -> bool:
    return (
        a.ask({"channel": "letter", "at": a.told.at(a.facts["today"])}, facts=_first_word(a))[""].answer
        is not Answer.allowed
    )


def _last_notice_day(a: Asked) -> str:
    first = date.fromisoformat(a.facts["initial_communication"])
    days = [first + n * A_DAY for n in range(31)]
    asked = ((d, a.ask({"channel": "letter", "at": a.told.at(d)}, facts=_first_word(a))[""].answer) for d in days)
    return max(day for day, answer in asked if answer is Answer.allowed).isoformat()


def _first_word(a: Asked) -> list[Row]:
    said = [{"fact": "initial_communication", "value": a.facts["initial_communication"]}]
    if a.facts.get("paid"):
        said.append({"fact": "validation_given", "value": "true"})
    if a.facts.get("validation_sent"):
        said.append({"fact": "validation_given", "value": "true", "since": a.told.at(a.facts["validation_sent"])})
    return [{"borrower_id": PERSON, **row} for row in said]


def _kept_until(name: str) -> Callable[[Asked], str]:
    """The last date on which records may not be erased."""

    def until(a: Asked) -> str:
        day = a.facts[name]
        act = {"channel": "erasure", "at": a.told.at(day), "last_collection_activity": day}
        over = a.ask(act)[KEEPING].until
        return (over.astimezone(a.told.at(day).tzinfo) - A_DAY).date().isoformat() if over else day

    return until


FINDINGS: dict[str, Callable[[Asked], Any]] = {
    "allowed": _allowed,
    "time_used": lambda a: a.facts["email_sent_local"],
    **{f"allowed_window_{place.lower()}": _window(place) for place in PLACES},
    "designation_created": _designated,
    "results": _replies,
    **{name: _medium(name) for name in (*HOME, *ANYWHERE)},
    "recommended": _clock_edges,
    "breach": _late_notice,
    "last_day": _last_notice_day,
    "records_until": _kept_until("last_collection_activity"),
    "recording_until": _kept_until("recording_date"),
}
"""Each finding that is no count, and how the gate is asked for it."""
