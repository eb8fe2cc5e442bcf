"""Who might be treated, with what, and what it should bring: tables in, tables out, in the night's DuckDB.

The named SQL files are in `deciding/`. What the gate says of a proposed step is not asked here: `forbear.night.decide`
puts the gate between `propose` and `worth`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files

import duckdb
import pyarrow as pa

from forbear.treatment.strategy import ReadStrategy

WAIT = "wait"
COMPUTED = ("dpd",)
"""Facts that are columns of decide_people."""


@dataclass(frozen=True)
class Deciding:
    """What one night decides with.

    Attributes:
        connection: with the book's views (`book.*`) and decide_accounts, decide_scores, decide_causes.
        read: the strategy with its actions and effects.
        as_of: the date.
        minor_digits: of the book's currency.
        tables: tables that the book has.
        only: a table (borrower_id) of those who are looked at; empty: all.
    """

    connection: duckdb.DuckDBPyConnection
    read: ReadStrategy
    as_of: date
    minor_digits: int
    tables: frozenset[str]
    only: str = ""


def propose(on: Deciding) -> None:
    """Make decide_people, decide_facts_of (their facts) and decide_possible (borrower_id, action)."""
    strategy = on.read.strategy
    words = {
        "as_of": f"DATE '{on.as_of}'",
        "ahead_until": f"DATE '{on.as_of + timedelta(days=strategy.ahead_days)}'",
        "ahead_least": str(strategy.ahead_least),
        "unit": str(10**on.minor_digits) + ".0",
        "self_cure": _self_cure(strategy.self_cure),
    }
    people = deciding_sql("people").format(**words)
    if on.only:
        wanted = f"CAST(borrower_id AS VARCHAR) IN (SELECT borrower_id FROM {on.only})"
        people = f"SELECT * FROM ({people}) AS p WHERE {wanted}"
    keep(on.connection, "decide_people", people)
    _actions(on)
    _tried(on)
    keep(on.connection, "decide_facts_of", _facts(on))
    gentle = {n for n, a in on.read.actions.actions.items() if a.level == "gentle"}
    queries = [
        f"SELECT borrower_id, '{name}' AS action FROM decide_facts_of WHERE {on.read.actions.possible_sql(name)}"
        + ("" if name in gentle else " AND late")
        for name in on.read.actions.actions
        if name != WAIT and name in on.read.effects.actions
    ]
    keep(
        on.connection,
        "decide_possible",
        " UNION ALL ".join(queries) or "SELECT '' AS borrower_id, '' AS action WHERE FALSE",
    )


def worth(on: Deciding) -> None:
    """Make decide_worth of what is possible and open (decide_open: borrower_id, action)."""
    strategy = on.read.strategy
    words = {"discount": str(strategy.discount), "burden_price": str(strategy.burden_price)}
    keep(on.connection, "decide_worth", deciding_sql("worth").format(**words))


def _self_cure(bands: dict[int, Decimal]) -> str:
    steps = " ".join(f"WHEN a.dpd <= {most} THEN {share}" for most, share in sorted(bands.items()))
    return f"CASE {steps} ELSE 0 END"


def _actions(on: Deciding) -> None:
    known = on.read.effects.actions
    rows = [
        {
            "action": name,
            "cost": float(action.cost),
            "burden": float(action.burden),
            "reach": float(known[name].reach),
            "low": float(known[name].low),
            "mid": float(known[name].mid),
            **{c: float(action.uses.get(c, Decimal(0))) for c in on.read.actions.capacities()},
        }
        for name, action in on.read.actions.actions.items()
        if name in known
    ]
    put(on.connection, "decide_actions", pa.Table.from_pylist(rows))
    scale = [
        {"cause": cause, "action": action, "factor": float(factor)}
        for cause, told in on.read.effects.causes.items()
        for action, factor in told.scale.items()
    ]
    put(on.connection, "decide_scale", pa.Table.from_pylist(scale))


def _tried(on: Deciding) -> None:
    """Attempts by level; a channel's level is the softest that asks the gate for it."""
    levels: dict[str, str] = {}
    for action in on.read.actions.actions.values():
        if action.act != "none" and action.level != "none":
            levels.setdefault(action.act, action.level)
    put(
        on.connection,
        "decide_levels",
        pa.Table.from_pylist([{"channel": c, "level": v} for c, v in levels.items()]),
    )
    if "contacts" not in on.tables:
        none = "NULL AS borrower_id, NULL AS level, 0 AS attempts, 0 AS days_since_first"
        keep(on.connection, "decide_tried", f"SELECT {none} WHERE FALSE")
        return
    words = {"as_of": f"DATE '{on.as_of}'", "window_days": str(on.read.actions.window_days)}
    keep(on.connection, "decide_tried", deciding_sql("tried").format(**words))


def _facts(on: Deciding) -> str:
    """One row a borrower: every fact that some condition reads, as a column."""
    conditions = [c for name in on.read.actions.actions for c in on.read.actions.conditions(name)]
    wanted = {c.fact for c in conditions} - set(COMPUTED)
    switches = {c.fact for c in conditions if c.equals is not None}
    tried = {
        fact: (level, value)
        for level in on.read.actions.levels
        for fact, value in (
            (f"attempts_{level}", f"COALESCE(t_{level}.attempts, 0)"),
            (f"days_since_first_{level}", f"t_{level}.days_since_first"),
        )
        if fact in wanted
    }
    own = _own_columns(on)
    columns = [f"{value} AS {fact}" for fact, (_, value) in tried.items()]
    columns += [
        _own_fact(on, fact, own, "BOOLEAN" if fact in switches else "DOUBLE")
        for fact in sorted(wanted - set(tried))
    ]
    joins = [
        f"LEFT JOIN decide_tried AS t_{level} ON t_{level}.borrower_id = p.borrower_id AND t_{level}.level = '{level}'"
        for level in sorted({level for level, _ in tried.values()})
    ]
    joins += ["LEFT JOIN book.borrowers AS b ON b.borrower_id = p.borrower_id"] if own else []
    return f"SELECT {', '.join(['p.*', *columns])} FROM decide_people AS p {' '.join(joins)}"


def _own_fact(on: Deciding, fact: str, own: frozenset[str], kind: str) -> str:
    """A fact as the book has it (`x_` and its name in borrowers), else as the strategy assumes it, else not known."""
    given = [f"TRY_CAST(b.x_{fact} AS {kind})"] if f"x_{fact}" in own else []
    assumed = on.read.strategy.assume.get(fact)
    if assumed is not None:
        given.append(str(assumed).upper())
    return f"COALESCE({', '.join([*given, f'CAST(NULL AS {kind})'])}) AS {fact}"


def _own_columns(on: Deciding) -> frozenset[str]:
    if "borrowers" not in on.tables:
        return frozenset()
    found = on.connection.execute("DESCRIBE book.borrowers").fetchall()
    return frozenset(str(row[0]) for row in found)


def deciding_sql(name: str) -> str:
    """A named SQL file of `deciding/`, with words in braces."""
    return files("forbear.treatment").joinpath("deciding", f"{name}.sql").read_text(encoding="utf-8")


def keep(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """Make a table of a query."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")


def put(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Make a table of an Arrow table."""
    connection.register("decide_given", table)
    keep(connection, name, "SELECT * FROM decide_given")
    connection.unregister("decide_given")
