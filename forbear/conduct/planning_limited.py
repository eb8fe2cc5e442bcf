"""Exceptions that end by themselves, for planning: consent that lasts so many days, or until somebody spoke.

The table twin of `mechanisms.excepted`: each act beside the exceptions of its borrower, and when each is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forbear.conduct import rules as r
from forbear.conduct.mechanisms import BY_DEBT
from forbear.conduct.planning_facts import loan_count, touches
from forbear.conduct.planning_sql import Clause, Columns, is_false, is_true, text, texts
from forbear.conduct.situation import CONVERSATION, RESULTS

if TYPE_CHECKING:
    from forbear.conduct.planning import Engine

LONG_AFTER = "TIMESTAMP '9999-12-31 00:00:00'"


def of(clauses: Sequence[Clause]) -> list[Clause]:
    """Clauses whose exception ends by itself."""
    return [c for c in clauses if c.rule.except_ and c.rule.except_.limited]


def talked(contacts: str, kind: Sequence[str], rest: str) -> str:
    """All contacts of people who have or had such an exception: one of them may have ended it long ago."""
    return f"""SELECT p.b, c."at" AS moment, {", ".join(kind)}, {rest} FROM {contacts} c
        JOIN gate_roll p ON p.borrower_id = c.borrower_id WHERE p.b IN (SELECT b FROM gate_lifts)"""


def prepare(engine: Engine, c: Clause, columns: Columns) -> None:
    """`gate_<clause>_until` (n, debt, loan, since, until), `gate_<clause>_freed` (n, debt) and `gate_<clause>_now` (n, lifted).

    Where the rule counts each debt, so does its exception: `debt` is one of the act's, else empty. An act with a fact
    of its own of that name is judged by that one alone, with its kind.
    """
    lifted = c.rule.except_
    assert lifted is not None
    name = f"gate_{c.key}"
    engine.keep(f"{name}_debts", _debts(c))
    engine.keep(
        f"{name}_said",
        f"""SELECT g.n, g.b, d.debt, g.sender, g.party, f.loan_id, f.since, f.until
        FROM gate_busy g JOIN {name}_debts d ON d.n = g.n
        JOIN gate_lifts f ON f.b = g.b AND f.fact = {text(lifted.fact)}
        WHERE {is_true("f.value")} AND f.since IS NOT NULL AND {touches("g", "f")} AND {_of_debt("f")}
            AND (f.number IS NULL OR COALESCE(f.number = g.number, FALSE))""",
    )
    engine.keep(
        f"{name}_ends",
        f"SELECT n, debt, since, MIN(ends) AS ends FROM ({_ends(c, lifted)}) e GROUP BY n, debt, since",
    )
    engine.keep(
        f"{name}_until",
        f"""SELECT s.n, s.debt, s.loan_id, s.since, LEAST(e.ends, COALESCE(s.until, {LONG_AFTER})) AS until
        FROM {name}_said s JOIN {name}_ends e ON e.n = s.n AND e.debt = s.debt AND e.since = s.since""",
    )
    own = f"k.f_{lifted.fact} IS NULL" if lifted.fact in columns.own else "TRUE"
    engine.keep(
        f"{name}_freed",
        f"""SELECT g.n, u.debt, 1 AS freed FROM gate_busy g JOIN gate_kinds k ON k.k = g.k JOIN {name}_until u ON u.n = g.n
            AND u.since <= g.moment AND g.moment < u.until WHERE {own}
        GROUP BY g.n, u.debt, g.loan_id HAVING {_covers()}""",
    )
    engine.keep(
        f"{name}_now",
        f"""SELECT d.n, MIN(COALESCE(f.freed, 0)) AS lifted FROM {name}_debts d
        LEFT JOIN {name}_freed f ON f.n = d.n AND f.debt = d.debt GROUP BY d.n""",
    )


def lift(c: Clause) -> str:
    """Instants of past contacts at which the exception held, so that they are not counted."""
    return f"""SELECT g.n, u.debt, g.c_at, 1 AS lifted FROM gate_beside g
        JOIN gate_{c.key}_until u ON u.n = g.n AND u.since <= g.c_at AND g.c_at < u.until
        GROUP BY g.n, u.debt, g.c_at, g.loan_id HAVING {_covers()}"""


def not_lifted(c: Clause) -> tuple[str, str]:
    """A join and a condition that leave out contacts, and debts, which the exception lifts.

    They stand where `x` is an act beside a contact and, in a rule that counts each debt, `m` one of its debts.
    """
    debt = "CASE WHEN x.loan_id IS NULL THEN '' ELSE m.loan END" if c.rule.unit in BY_DEBT else "''"
    joins = f"""LEFT JOIN gate_{c.key}_lift l ON l.n = x.n AND l.c_at = x.c_at AND l.debt = {debt}
        LEFT JOIN gate_{c.key}_freed fr ON fr.n = x.n AND fr.debt = {debt}"""
    return joins, "AND l.lifted IS NULL AND fr.freed IS NULL"


def _debts(c: Clause) -> str:
    if c.rule.unit not in BY_DEBT:
        return "SELECT n, '' AS debt FROM gate_busy"
    return """SELECT DISTINCT n, TRIM(debt) AS debt FROM (
            SELECT n, UNNEST(STRING_SPLIT(loan_id, '|')) AS debt FROM gate_busy WHERE loan_id IS NOT NULL) s
        UNION ALL SELECT n, '' AS debt FROM gate_busy WHERE loan_id IS NULL"""


def _of_debt(fact: str) -> str:
    return f"(d.debt = '' OR {fact}.loan_id IS NULL OR {fact}.loan_id = d.debt)"


def _covers() -> str:
    return f"""MAX(CASE WHEN u.debt <> '' OR u.loan_id IS NULL THEN 1 ELSE 0 END) = 1
        OR COUNT(DISTINCT u.loan_id) = {loan_count("g")}"""


def _ends(c: Clause, lifted: r.Lifted) -> str:
    """Every instant at which each exception would be over; the first counts."""
    said = f"gate_{c.key}_said"
    parts = [
        _days(c, lifted.days, said)
        if lifted.days is not None
        else f"SELECT n, debt, since, {LONG_AFTER} AS ends FROM {said}"
    ]
    parts.append(
        f"""SELECT d.n, d.debt, d.since, x.since AS ends FROM {said} d JOIN gate_busy g ON g.n = d.n
        JOIN gate_lifts x ON x.b = d.b AND x.fact = {text(lifted.fact)}
        WHERE {is_false("x.value")} AND x.since >= d.since AND {touches("g", "x")} AND {_of_debt("x")}"""
    )
    if lifted.ends_with:
        parts.append(_talks(c, said))
    return " UNION ALL ".join(parts)


def _days(c: Clause, days: int, said: str) -> str:
    """The end of the last day, in each zone; where no zone is known the exception never held."""
    home = text(c.pack.head.zone) if c.pack.head.zone else "NULL"
    return f"""SELECT s.n, s.debt, s.since, COALESCE(d.starts, s.since) AS ends FROM {said} s JOIN gate_busy_zoned z ON z.n = s.n
        LEFT JOIN gate_offsets o ON o.zone = COALESCE(z.zone, {home}) AND o.since <= s.since AND s.since < o.until
        LEFT JOIN gate_days d ON d.zone = o.zone
            AND d.day = DATE_DIFF('day', DATE '1970-01-01', CAST(s.since + o.minutes * INTERVAL 1 MINUTE AS DATE)) + {days}"""


def _talks(c: Clause, said: str) -> str:
    """Conversations with the person about the debt after the exception began."""
    silent = [result for result, classes in RESULTS.items() if CONVERSATION not in classes]
    tests = [f"c.result NOT IN ({texts(silent)})", f"(c.channel IS NULL OR c.channel IN ({texts(c.rule.acts)}))"]
    if c.rule.unit == "collector":
        tests.append("(c.sender IS NULL OR c.sender = s.sender)")
    if c.rule.unit in BY_DEBT:
        own = "STRPOS(CONCAT('|', c.loan_id, '|'), CONCAT('|', s.debt, '|')) > 0"
        tests.append(f"(c.loan_id IS NULL OR s.debt = '' OR {own})")
    return f"""SELECT s.n, s.debt, s.since, MIN(c.moment) AS ends FROM {said} s
        JOIN gate_talked c ON c.b = s.b AND c.moment > s.since AND c.party = s.party
        WHERE {" AND ".join(tests)} GROUP BY s.n, s.debt, s.since"""
