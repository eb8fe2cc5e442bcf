"""The risk room's tables: named SQL files, and the rule that keeps the future out of every feature.

Each file says in its header what its rows know. `Known: day` marks a ledger: rows that carry the day on which they
were known. `Seen: table by day` marks the only files that may look at a ledger or at the book, and only up to the
moment's day. `Outcome` marks labels. Everything else is a feature table and may read seen tables and other feature
tables alone. `refuse_leaks` proves this on the parsed SQL; it is run on every file before a model is fitted or
asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files

import sqlglot
from sqlglot import exp

from forbear.basics.errors import WrongUse
from forbear.basics.sql import DIALECT, days_after

Word = int | str | bool | date
CONTRACT = "contract"
"""What a loan's papers say on the day of disbursal: seen by whoever sees the loan."""
RAW_KNOWN = {
    "loans": "disbursed_on",
    "installments": CONTRACT,
    "payments": "paid_on",
    "contacts": "at",
    "events": "recorded_on",
    "statuses": "on_date",
    "borrowers": CONTRACT,
}
"""The column of each of the book's tables that tells when a row was known."""
GIVEN = frozenset(("moments", "festivals", "state_words"))
"""Small tables that are handed in: the moments themselves, a calendar, the meaning of states."""
_HEADER = re.compile(r"^-- (Known|Seen|Outcome|Kept as)(?:: (.*))?$", re.M)


@dataclass(frozen=True)
class RiskTable:
    """One table of the room.

    Attributes:
        role: `ledger`, `seen`, `outcome` or `feature`.
        known: a ledger's day column; a seen table's is that of what it looks at.
        reads: tables it reads.
        view: it is not stored.
    """

    name: str
    text: str
    role: str
    known: str
    reads: frozenset[str]
    view: bool


def risk_table(name: str, text: str) -> RiskTable:
    """The table that a text of SQL makes; its role is in the header."""
    told = {m[1]: (m[2] or "").strip() for m in _HEADER.finditer(text)}
    role = next((r for key, r in _ROLES.items() if key in told), "feature")
    known = told.get("Known", "") or told.get("Seen", "").rpartition(" by ")[2]
    query = parsed(text)
    own = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    reads = frozenset(t.name for t in query.find_all(exp.Table)) - own
    return RiskTable(name, text, role, known, reads, told.get("Kept as") == "view")


_ROLES = {"Known": "ledger", "Seen": "seen", "Outcome": "outcome"}


@cache
def parsed(text: str) -> exp.Expr:
    """The query of a text."""
    return sqlglot.parse_one(text, read=DIALECT)


@cache
def risk_tables() -> Mapping[str, RiskTable]:
    """Every shipped table, by name."""
    folder = files("forbear.risk").joinpath("tables")
    texts = {p.name.removesuffix(".sql"): p.read_text(encoding="utf-8") for p in folder.iterdir()}
    return {name: risk_table(name, text) for name, text in sorted(texts.items())}


def needed(wanted: Iterable[str], tables: Mapping[str, RiskTable]) -> tuple[RiskTable, ...]:
    """The tables to make for `wanted`, each after those it reads."""
    todo, seen = list(wanted), set()
    while todo:
        name = todo.pop()
        if name in tables and name not in seen:
            seen.add(name)
            todo += tables[name].reads
    order = TopologicalSorter({n: sorted(tables[n].reads & tables.keys()) for n in sorted(seen)})
    return tuple(tables[n] for n in order.static_order())


def render(table: RiskTable, words: Mapping[str, Word], dialect: str = DIALECT) -> str:
    """The table's query in an engine's dialect, its `$` words and `DAYS_AFTER` filled in."""
    made = parsed(table.text).transform(lambda node: _filled(node, words, dialect))
    return made.sql(dialect=dialect, comments=False)


def _filled(node: exp.Expr, words: Mapping[str, Word], dialect: str) -> exp.Expr:
    if isinstance(node, exp.Placeholder | exp.Parameter):
        return exp.convert(words[str(node.name)])
    if isinstance(node, exp.Anonymous) and node.name.upper() == "DAYS_AFTER":
        return days_after(node.expressions[0], node.expressions[1], dialect)
    return node


def refuse_leaks(tables: Mapping[str, RiskTable]) -> None:
    """Raise when any feature could see past its moment's day.

    Raises:
        WrongUse: naming the table, what it reads and what it must do instead.
    """
    for table in tables.values():
        found = leak(table, tables)
        if found:
            raise WrongUse(f"feature table {table.name} could see the future: {found}", _ADVICE)


_ADVICE = "read a seen_ table, or bound what is read by `<day known> <= as_of` of the moment; see docs/risk.md"


def leak(table: RiskTable, tables: Mapping[str, RiskTable]) -> str:
    """How a table could see past its moment's day; empty when it cannot."""
    if table.role in ("ledger", "outcome"):
        return _ledger_leak(table, tables) if table.role == "ledger" else ""
    for name in sorted(table.reads):
        role = _role_of(name, tables)
        if role in ("feature", "seen", "given"):
            continue
        if role in ("outcome", "unknown"):
            return f"it reads {name}, which is {'a label' if role == 'outcome' else 'no table of the book'}"
        if table.role != "seen":
            return f"it reads {name}, whose rows are of all times, outside a seen_ table"
        if found := _unbounded(table, name, _known_of(name, tables)):
            return found
    return ""


def _ledger_leak(table: RiskTable, tables: Mapping[str, RiskTable]) -> str:
    """A ledger stands on the book and on ledgers, and says when its rows were known."""
    for name in sorted(table.reads):
        if _role_of(name, tables) not in ("ledger", "raw", "given"):
            return f"the ledger reads {name}"
    made = {e.alias_or_name for e in parsed(table.text).find(exp.Select).expressions}  # type: ignore[union-attr]
    if table.known != CONTRACT and table.known not in made:
        return f"its rows do not carry {table.known}, the day they were known"
    return ""


def _role_of(name: str, tables: Mapping[str, RiskTable]) -> str:
    if name in tables:
        return tables[name].role
    return "given" if name in GIVEN else "raw" if name in RAW_KNOWN else "unknown"


def _known_of(name: str, tables: Mapping[str, RiskTable]) -> str:
    return tables[name].known if name in tables else RAW_KNOWN[name]


def _unbounded(table: RiskTable, name: str, known: str) -> str:
    """Why a seen table's use of `name` is not held to the moment's day; empty when it is."""
    if known == CONTRACT:
        return ""
    query = parsed(table.text)
    for use in query.find_all(exp.Table):
        if use.name != name:
            continue
        alias = use.alias_or_name
        if not (_bounded(use, alias, known) or _masked(query, alias, known)):
            return f"{name} is not held to {known} <= as_of"
    return ""


def _bounded(use: exp.Table, alias: str, known: str) -> bool:
    """Whether a condition of the join or WHERE that must hold says `known <= as_of`."""
    select = use.find_ancestor(exp.Select)
    join = use.find_ancestor(exp.Join)
    conditions = [join.args.get("on")] if join and join.this is use and join.side in ("", "LEFT") else []
    if select is not None and select.args.get("where"):
        conditions.append(select.args["where"].this)
    parts = [part for c in conditions if c is not None for part in _conjuncts(c)]
    return any(_says(part, alias, known) for part in parts)


def _conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    if isinstance(condition, exp.And):
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [condition]


def _says(part: exp.Expr, alias: str, known: str) -> bool:
    """`alias.known <= x.as_of`, the column bare, cast to a date, or with a later day before it."""
    if not isinstance(part, exp.LTE | exp.LT) or not _is_as_of(part.right):
        return False
    left = part.left
    if isinstance(left, exp.Cast) and left.to.this == exp.DataType.Type.DATE:
        left = left.this
    if isinstance(left, exp.Coalesce):
        left = left.this
    return isinstance(left, exp.Column) and left.name == known and left.table == alias


def _is_as_of(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name == "as_of"


def _masked(query: exp.Expr, alias: str, known: str) -> bool:
    """Whether the day is shown only where it has come: its every use is in `CASE WHEN day <= as_of THEN day END`."""
    uses = [c for c in query.find_all(exp.Column) if c.name == known and c.table == alias]
    cases = [c for c in query.find_all(exp.Case) if _is_mask(c, alias, known)]
    inside = {id(c) for case in cases for c in case.find_all(exp.Column)}
    star = any(True for _ in query.find_all(exp.Star))
    return bool(cases) and not star and all(id(c) in inside for c in uses)


def _is_mask(case: exp.Case, alias: str, known: str) -> bool:
    ifs = case.args.get("ifs") or []
    return len(ifs) == 1 and case.args.get("default") is None and _says(ifs[0].this, alias, known)
