"""Deciding what becomes of claimed contacts, on the borrowers' locks: wanted still, sayable, and allowed by the gate.

Pure of effects but for reading: it answers each row with a `Held` (cleared, to be written down and sent) or a `PutOff`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from forbear.conduct import Cleared, Refusal, Verdict, judge_one, sending
from forbear.conduct.clearance import Batch
from forbear.conduct.judge import CLOCK
from forbear.conduct.rules import Answer
from forbear.conduct.situation import Contact, Fact, Proposal, proposal
from forbear.desk.contact import preferences
from forbear.desk.contact.channels.base import Message, Provider
from forbear.desk.contact.owing import read_owed
from forbear.desk.contact.purposes import purpose
from forbear.desk.contact.rows import Held, PutOff, Row
from forbear.desk.contact.words import NotSendable, NotWanted, Words, renderer
from forbear.desk.privacy.reaching import Address, addresses_of
from forbear.desk.record.gate import packs, vouched_at

GRACE = timedelta(seconds=5)
"""How long after it was judged a message may leave; if a minute turns within, the gate is asked for its end too."""
CLOCK_PAUSE = timedelta(minutes=1)
"""How long a contact waits when the clock is behind the borrower's own history."""


@dataclass(frozen=True)
class Known:
    """What is known when a batch is judged: the instant, each borrower's past and facts, what is vouched for."""

    at: datetime
    of: Mapping[str, tuple[list[Contact], list[Fact]]]
    vouched: Mapping[str, Mapping[str, str]]
    addresses: Mapping[str, Address]
    gate: Batch


def judged(rows: Sequence[Row], provider: Provider, at: datetime) -> list[Held | PutOff]:
    """What becomes of each row at `at`; the caller holds the borrowers' locks."""
    if not rows:
        return []
    borrowers = sorted({row.borrower_id for row in rows})
    of = sending.known_of_many(connection, borrowers, rows[0].channel, at, packs())
    read_owed(rows, {one: facts for one, (_, facts) in of.items()}, at)
    known = Known(at, of, vouched_at(at), _addresses(borrowers, provider), Batch(packs()))
    return [_judged(row, provider, known) for row in rows]


def _addresses(borrowers: Sequence[str], provider: Provider) -> dict[str, Address]:
    if provider.account.address == "borrower":
        return {one: Address(one, None) for one in borrowers}
    return addresses_of(borrowers, provider.account.address)


def _judged(row: Row, provider: Provider, known: Known) -> Held | PutOff:
    if no := _not_now(row, known.of[row.borrower_id][1], known):
        return no
    try:
        words = renderer()(row, row.borrower_id, known.at)
    except NotWanted as no_longer:
        return PutOff(row, "not_wanted", no_longer.message[:200])
    except NotSendable as unfit:
        return PutOff(row, "unsendable", unfit.message[:200])
    if len(words.body) > provider.longest:
        return PutOff(row, "unsendable", f"{len(words.body)} characters, {provider.longest} at most")
    return _asked(row, words, provider, known)


def _asked(row: Row, words: Words, provider: Provider, known: Known) -> Held | PutOff:
    """What the gate says to the message."""
    past, facts = known.of[row.borrower_id]
    address = known.addresses[row.borrower_id]
    act = _act(row, words, address, known)
    said = known.gate.ask(act, facts, past)
    if isinstance(said, Refusal):
        return put_off(row, said.verdict)
    if at_the_end := _turned(said, act, facts, past):
        return put_off(row, at_the_end)
    message = Message(act.act_id, row.borrower_id, address.value, words, said)
    parts = provider.parts(words)
    return Held(row, message, rules_of(said.verdict), known.at, parts, parts * provider.account.cost)


def _not_now(row: Row, facts: Sequence[Fact], known: Known) -> PutOff | None:
    """Why it is not wanted, not possible or not liked now, before the gate is asked."""
    at = known.at
    if at >= row.wanted_until:
        return PutOff(row, "lapsed", "its time is over")
    wanted = purpose(row.purpose)
    if not wanted.wanted(row.owed):
        return PutOff(row, "not_wanted", f"no {wanted.owes} any more")
    if preferences.declined(facts, row.channel, at):
        return PutOff(row, "refused", "she declined this channel")
    address = known.addresses.get(row.borrower_id)
    if address is None:
        return PutOff(row, "unsendable", "no address")
    if preferences.dead(facts, address.pseudonym, at):
        return PutOff(row, "unsendable", "the address is dead")
    opens = preferences.window_opens(facts, at)
    return _later(row, opens, preferences.HER_HOURS, ()) if opens else None


def _act(row: Row, words: Words, address: Address, known: Known) -> Proposal:
    own = {"borrower_id": row.borrower_id, "channel": row.channel, "at": known.at, "sender": "lender"}
    given = {"act_id": sending.new_contact_id(), "loan_id": row.loan_id, "number": address.pseudonym or ""}
    facts = {**known.vouched.get(row.channel, {}), **words.facts, **row.facts}
    return proposal({**facts, **own, **given}, 1, None, "act")


def _turned(said: Cleared, act: Proposal, facts: Sequence[Fact], past: Sequence[Contact]) -> Verdict | None:
    """The verdict at the end of the message's grace, if a minute turns within it and it is not allowed then."""
    ends = act.at + GRACE
    if ends.minute == act.at.minute:
        return None
    verdict = judge_one(act.moved(ends), facts, past, packs())
    return None if verdict.allowed else verdict


def put_off(row: Row, verdict: Verdict) -> PutOff:
    """What becomes of a row that the gate does not allow now."""
    against = tuple(answer.rule_id for answer in verdict.against)
    why = "; ".join(dict.fromkeys(answer.reason for answer in verdict.against))[:200]  # each reason once
    if CLOCK in against:  # whatever else stands against it is told by a wrong clock
        return PutOff(row, "waiting", why, verdict.act.at + CLOCK_PAUSE, against)
    if verdict.answer is Answer.deferred and verdict.until:
        return _later(row, verdict.until, why, against)
    return PutOff(row, "refused", why, None, against)


def _later(row: Row, until: datetime, why: str, rules: tuple[str, ...]) -> PutOff:
    if until >= row.wanted_until:
        return PutOff(row, "lapsed", why, None, rules)
    return PutOff(row, "waiting", why, until, rules, deferred=True)


def rules_of(verdict: Verdict) -> str:
    """The rules a verdict was asked, as `pack/rule:version` in their order."""
    return "|".join(f"{one.pack}/{one.rule_id}:{one.version}" for one in verdict.answers)


def fingerprint(rules: str) -> str:
    """A short name of a set of rules."""
    return hashlib.sha256(rules.encode()).hexdigest()[:16]
