"""An invented portfolio for the gate's benchmark: acts proposed for the rest of a day, contacts, facts of all kinds.

Which facts there are is read off the rules: whatever a rule needs is known of most acts or people with the value that
passes. Some people are barred, in another zone, of unknown zone, called a lot, have agreed other hours, or have facts
that hold for one number alone or end during the day. The row's number decides everything: two runs have one world.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from forbear.conduct import rules as r
from forbear.conduct.stack import Packs

NOW = "TIMESTAMP '2026-06-30 04:00:00'"
"""Noon in Shanghai, as UTC: the rest of the day is planned."""
DAY = date(2026, 6, 30)
CHANNELS = ("call", "voice", "sms", "email")
RESULTS = ("conversation", "no_answer", "no_answer", "busy", "promise", "voicemail", "hung_up", "delivered")


@dataclass(frozen=True)
class Size:
    """How much of it: borrowers, proposed acts of each, contacts of each, days the contacts are spread over."""

    borrowers: int
    acts: int
    contacts: int = 30
    days: int = 60

    @property
    def rows(self) -> int:
        """How many acts."""
        return self.borrowers * self.acts


def world(connection: duckdb.DuckDBPyConnection, packs: Packs, size: Size) -> None:
    """Tables `acts`, `contacts` and `facts` in the connection."""
    connection.execute(f"CREATE OR REPLACE TABLE acts AS {_acts(packs, size)}")
    connection.execute(f"CREATE OR REPLACE TABLE contacts AS {_contacts(size)}")
    connection.execute(f"CREATE OR REPLACE TABLE facts AS {_facts(packs, size)}")


def _dice(row: str, salt: str, sides: int) -> str:
    return f"CAST(hash({row}, '{salt}') % {sides} AS INTEGER)"


def _pick(row: str, salt: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{v}'" for v in values)
    return f"[{listed}][1 + {_dice(row, salt, len(values))}]"


def _borrower(number: str) -> str:
    return f"'B' || lpad(CAST({number} AS VARCHAR), 8, '0')"


def _whose(size_of_each: int) -> str:
    """Borrower, one of her two numbers, her loan and a sender, for rows numbered n."""
    b = f"n // {size_of_each}"
    return f"""{_borrower(b)} AS borrower_id, 'L' || CAST({b} AS VARCHAR) AS loan_id,
        '138' || CAST({b} * 2 + {_dice("n", "number", 2)} AS VARCHAR) AS number,
        {_pick("n", "sender", ("lender", "A1", "A2"))} AS sender"""


def _acts(packs: Packs, size: Size) -> str:
    own = "".join(
        f", CASE WHEN {_dice('n', name, 200)} = 0 THEN NULL ELSE '{value}' END AS {name}"
        for name, value in needed(packs).items()
    )
    return f"""SELECT n AS act_id, {_pick("n", "channel", CHANNELS)} AS channel,
        {NOW} + to_seconds({_dice("n", "at", 37800)}) AS at, {_whose(size.acts)},
        CASE WHEN {_dice("n", "party", 40)} = 0 THEN 'contact_person' ELSE 'borrower' END AS party {own}
        FROM range({size.rows}) t(n)"""


def _contacts(size: Size) -> str:
    days = f"CASE WHEN {_dice(f'n // {size.contacts}', 'often', 50)} = 0 THEN 2 ELSE {size.days} END"
    return f"""SELECT {NOW} - to_seconds(CAST(hash(n, 'past') % (86400 * ({days})) AS INTEGER)) AS at,
        {_pick("n", "channel", ("call", "call", "voice", "sms", "email"))} AS channel, 'out' AS direction,
        {_pick("n", "result", RESULTS)} AS result, 'borrower' AS party, {_whose(size.contacts)}
        FROM range({size.borrowers * size.contacts}) t(n)"""


def _facts(packs: Packs, size: Size) -> str:
    zone = f"""CASE {_dice("n", "zone", 100)} WHEN 0 THEN 'Asia/Urumqi' WHEN 1 THEN 'Asia/Shanghai|Asia/Urumqi'
        ELSE 'Asia/Shanghai' END"""
    parts = [_fact("time_zone", zone, f"{_dice('n', 'zone', 100)} <> 2", size)]
    parts += [
        _fact(name, f"'{value}'", f"{_dice('n', name, 200)} <> 0", size) for name, value in usual(packs).items()
    ]
    parts += [_fact(name, "'true'", f"{_dice('n', name, 150)} = 0", size) for name in sorted(rare(packs))]
    return " UNION ALL ".join(parts)


def _fact(name: str, value: str, where: str, size: Size) -> str:
    """One fact of many borrowers, begun in the last 200 days; one in 500 ends today, one in 500 is of one number."""
    part = f"hash(n, '{name}', 'part') % 500"
    value = "'09:00-21:30'" if name == "agreed_hours" else value
    return f"""SELECT {_borrower("n")} AS borrower_id, '{name}' AS fact, {value} AS value,
        {NOW} - to_hours({_dice("n", name + "since", 4800)}) AS since,
        CASE WHEN {part} = 1 THEN {NOW} + to_hours(6) END AS until,
        CASE WHEN {part} = 2 AND '{name}' <> 'time_zone' THEN '138' || CAST(n * 2 AS VARCHAR) END AS number
        FROM range({size.borrowers}) t(n) WHERE {where}"""


# --- what the rules ask -------------------------------------------------------------------------------------------


def _asked(packs: Packs) -> list[tuple[r.Rule, Any]]:
    """Rules in force on the planned day that govern one of the proposed acts, with their parameters."""
    rules = [rule for _, rule in packs.rules if set(rule.acts) & set(CHANNELS)]
    return [(rule, p) for rule in rules if (p := rule.at(DAY)) is not None]


def needed(packs: Packs) -> dict[str, str]:
    """Facts of the act (recorded, no threat in the words ...) that must be known for it to pass."""
    found: dict[str, str] = {}
    for _, p in _asked(packs):
        if isinstance(p, r.Need):
            found |= dict.fromkeys(p.facts, "true")
            found |= {name: f"{bound:f}" for name, bound in (p.at_least | p.at_most).items()}
            found |= {name: known[0] for name, known in p.one_of.items()}
        if isinstance(p, r.Forbid):
            found |= dict.fromkeys(p.facts, "false")
    return found


def usual(packs: Packs) -> dict[str, str]:
    """Facts on record of most borrowers: notices given, dates of checks, the circumstances that rules apply in."""
    found: dict[str, str] = {}
    for rule, p in _asked(packs):
        if isinstance(p, r.Notice):
            found[p.fact] = "true"
        if isinstance(p, r.Fresh):
            found[p.fact] = "2026-06-01"
        if rule.when:
            found[rule.when.fact] = rule.when.is_
    return {name: value for name, value in found.items() if name not in needed(packs)}


def rare(packs: Packs) -> set[str]:
    """Facts on record of few: states that bar, exceptions, reasons to address others, events that are waited after."""
    found: set[str] = set()
    for rule, p in _asked(packs):
        found |= set(p.states if isinstance(p, r.Bar) else ())
        found.update(name for names in getattr(p, "allow_when", {}).values() for name in names)
        found |= {rule.except_.fact} if rule.except_ else set()
        found |= _waited_after(p)
    return found - set(needed(packs)) - set(usual(packs))


def _waited_after(p: Any) -> set[str]:
    return {p.after.fact} if isinstance(p, r.Wait) and isinstance(p.after, r.AfterFact) else set()
