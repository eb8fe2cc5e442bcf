"""A night while an experiment runs: each arm's borrowers are decided for by its own strategy, all in one set of files.

What there is of each capacity is shared out by how many borrowers of each arm are looked at, so no arm gains by taking
from another. An arm of least contact is the strategy in force with everybody drawn to be left in peace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from forbear.treatment.proposals import keep, put
from forbear.treatment.strategy import ReadStrategy

MOST_ARMS = 8
"""Arms of an experiment with whoever is in none."""
REST = ""
"""Name of those who are in no arm."""
_MEMBERS = "decide_members"
_VIEW = "gate_against"
_POOLED = ("decide_decided", "decide_gate", _VIEW)


@dataclass(frozen=True)
class Arm:
    """An arm of an experiment.

    Attributes:
        name: within the experiment.
        read: its strategy; None: the least contact, that is none.
        borrowers: ids, as text, of those who are in it.
    """

    name: str
    read: ReadStrategy | None
    borrowers: frozenset[str]


def least(read: ReadStrategy) -> ReadStrategy:
    """A strategy that leaves everybody in peace whom `read` would treat."""
    sha256 = hashlib.sha256(f"{read.sha256}:least".encode()).hexdigest()
    return read.model_copy(
        update={"strategy": read.strategy.model_copy(update={"peace_share": Decimal(1)}), "sha256": sha256}
    )


def reads_of(
    connection: duckdb.DuckDBPyConnection, read: ReadStrategy, arms: Sequence[Arm]
) -> Iterator[tuple[str, ReadStrategy, str]]:
    """For whoever is in no arm, then each arm: name, strategy with its part of the capacities, table of its borrowers.

    Args:
        connection: with decide_people as `read` looks at them.
        read: for whoever is in no arm.
        arms: the others; nobody is in two.
    """
    rows = [{"borrower_id": one, "arm": arm.name} for arm in arms for one in sorted(arm.borrowers)]
    schema = pa.schema([("borrower_id", pa.string()), ("arm", pa.string())])
    put(connection, _MEMBERS, pa.Table.from_pylist(rows, schema=schema))
    keep(
        connection,
        "decide_arm_of",
        f"""SELECT CAST(p.borrower_id AS VARCHAR) AS borrower_id, COALESCE(m.arm, '{REST}') AS arm
        FROM decide_people AS p LEFT JOIN {_MEMBERS} AS m ON m.borrower_id = CAST(p.borrower_id AS VARCHAR)""",
    )
    counts = dict(connection.execute("SELECT arm, COUNT(*) FROM decide_arm_of GROUP BY arm").fetchall())
    total = max(1, sum(counts.values()))
    whole = {REST: read, **{arm.name: arm.read or least(read) for arm in arms}}
    for name, one in whole.items():
        keep(connection, "decide_only", f"SELECT borrower_id FROM {_in(name)}")
        yield name, _part(one, Decimal(counts.get(name, 0)) / total), "decide_only"


def _in(name: str) -> str:
    """Those of an arm, as a query."""
    escaped = name.replace("'", "''")
    if name == REST:
        return f"(SELECT borrower_id FROM decide_arm_of WHERE arm = '{REST}')"
    return f"(SELECT borrower_id FROM {_MEMBERS} WHERE arm = '{escaped}')"


def _part(read: ReadStrategy, share: Decimal) -> ReadStrategy:
    """The same strategy, fingerprint and all, with a part of its capacities."""
    given = {name: (limit * share).quantize(Decimal("0.0001")) for name, limit in read.strategy.capacities.items()}
    return read.model_copy(update={"strategy": read.strategy.model_copy(update={"capacities": given})})


@dataclass
class Pooled:
    """What the arms decided, gathered into the tables that one strategy would have left behind."""

    connection: duckdb.DuckDBPyConnection
    arms: list[dict[str, Any]] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, read: ReadStrategy, certificate: dict[str, Any], file: str) -> None:
        """Take what an arm has just decided."""
        strategy, number = read.strategy, len(self.arms)
        for table in _POOLED:
            rows = f"SELECT *{_labelled(name, table)} FROM {table}"
            keep(self.connection, f"{table}_{number}", rows)
        found = self.connection.execute(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE action <> 'wait') FROM decide_decided"
        ).fetchall()
        self.arms.append(
            {
                "arm": name,
                "strategy": f"{strategy.name} {strategy.version}",
                "sha256": read.sha256,
                "dispatch": strategy.dispatch,
                "looked_at": found[0][0],
                "treated": found[0][1],
                "certificate": file,
            }
        )
        self.certificates.append(certificate)

    def as_one(self) -> dict[str, Any]:
        """Make the tables of all arms, and give what their certificates say together: limits and uses added up."""
        for table in _POOLED:
            parts = " UNION ALL ".join(f"SELECT * FROM {table}_{n}" for n in range(len(self.arms)))
            if table == _VIEW:
                self.connection.execute(f"DROP VIEW {table}")
            keep(self.connection, table, parts)
        rows: dict[str, dict[str, Any]] = {}
        for told in self.certificates:
            for one in told["capacities"]:
                row = rows.setdefault(one["capacity"], {**one, "limit": 0, "used": 0})
                row["limit"] += one["limit"]
                row["used"] += one["used"]
        return {**self.certificates[0], "capacities": list(rows.values())}

    def told(self) -> list[dict[str, Any]]:
        """Each arm: strategy, fingerprint, how many were looked at and treated, and the file of its certificate."""
        return self.arms


def _labelled(name: str, table: str) -> str:
    escaped = name.replace("'", "''")
    return f", '{escaped}' AS arm" if table == "decide_decided" else ""
