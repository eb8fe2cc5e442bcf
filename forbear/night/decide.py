"""The night decides: for every borrower in arrears or nearly, one step or none, under the gate and the day's capacity.

`forbear.treatment` says what is possible and what it should bring; the gate masks what it does not allow, ahead of any
value; the allocation chooses. Files are written aside: decisions, the gate's verdicts, the allocation's certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from forbear.book import Book
from forbear.book.cells import literal
from forbear.conduct import Packs, load_packs, sending
from forbear.conduct.engines import DuckEngine
from forbear.conduct.planning import plan
from forbear.conduct.situation import facts_of
from forbear.conduct.tables import read_rows
from forbear.night.arms import MOST_ARMS, Arm, Pooled, reads_of
from forbear.night.decided import summary
from forbear.night.risk import Known
from forbear.treatment.allocate import allocate
from forbear.treatment.keys import keyed_hash
from forbear.treatment.learned import learned
from forbear.treatment.proposals import Deciding, deciding_sql, keep, propose, put, worth
from forbear.treatment.strategy import ReadStrategy

DECISIONS = "decisions.parquet"
VERDICTS = "verdicts.parquet"
ALLOCATION = "allocation.json"
OUTPUTS = (DECISIONS, VERDICTS, ALLOCATION, *(f"allocation-{n}.json" for n in range(1, MOST_ARMS)))
"""The certificate of each arm but the first, where an experiment is under way, has a number."""
FACT_COLUMNS = tuple(sending.FACT_COLUMNS.split(", "))
NAMED = {"fact": "name", "loan_id": "loan"}
"""Columns that `forbear.conduct.Fact` calls otherwise."""
CONTACT_COLUMNS = (
    "contact_id",
    "borrower_id",
    "at",
    "channel",
    "direction",
    "result",
    "party",
    "sender",
    "loan_id",
)


def decide(
    book: Book,
    read: ReadStrategy,
    as_of: date,
    aside: Path,
    *,
    known: Known | None = None,
    facts: Sequence[Path] = (),
    arms: Sequence[Arm] = (),
) -> dict[str, Any]:
    """Decide for everybody, write the three files into `aside`, and tell the report's chapter.

    Args:
        book: an opened book whose accounts.parquet lies in `aside`.
        read: the strategy.
        as_of: the date; acts are proposed for the day after.
        aside: folder with accounts.parquet, and for what is written.
        known: scores and causes of loans; the strategy's own bands stand in for what is missing.
        facts: files of facts for the gate (docs/gate.md), beside the book's time zones.
        arms: of an experiment; whoever is in none is decided for by `read`.

    Raises:
        UnreadableFile: packs or facts cannot be read.
    """
    connection = book.connection
    on = Deciding(connection, read, as_of, book.minor_digits, frozenset(book.tables))
    accounts = literal((aside / "accounts.parquet").as_posix())
    keep(connection, "decide_accounts", f"SELECT * FROM read_parquet({accounts})")
    loan = str(connection.execute("DESCRIBE SELECT loan_id FROM decide_accounts").fetchall()[0][1])
    _given(
        connection,
        "decide_scores",
        known and known.scores,
        f"CAST(NULL AS {loan}) AS loan_id, 0.0 AS p_cure_30, 0.0 AS p_late_7",
    )
    _given(
        connection, "decide_causes", known and known.causes, f"CAST(NULL AS {loan}) AS loan_id, 'unknown' AS cause"
    )
    if not arms:
        told = _decide(on, facts, aside, ALLOCATION)
        _write(on, aside)
        return summary(on, told)
    propose(on)
    pooled = Pooled(connection)
    for number, (name, arm, only) in enumerate(reads_of(connection, read, arms)):
        certificate = f"allocation-{number}.json" if number else ALLOCATION
        one = replace(on, read=arm, only=only)
        pooled.add(name, arm, _decide(one, facts, aside, certificate), certificate)
    told = pooled.as_one()
    _write(on, aside)
    return {**summary(on, told), "arms": pooled.told()}


def _decide(on: Deciding, facts: Sequence[Path], aside: Path, certificate: str) -> dict[str, Any]:
    """Make decide_decided and what it stands on; gives the allocation's certificate."""
    propose(on)
    _leave_in_peace(on)
    _ask_the_gate(on, load_packs(on.read.strategy.packs), facts)
    learned(on)
    worth(on)
    told = _allocate(on, aside, certificate)
    strategy = on.read.strategy
    words = {"peace_share": str(strategy.peace_share), "peace_above": str(strategy.peace_above)}
    keep(on.connection, "decide_decided", deciding_sql("decided").format(**words))
    return told


def _given(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table | None, columns: str) -> None:
    if table is None:
        keep(connection, name, f"SELECT {columns} WHERE FALSE")
    else:
        put(connection, name, table)


def _leave_in_peace(on: Deciding) -> None:
    """Who is not asked for, whatever it would bring: the standing slice, drawn by lot, and disputes."""
    ids = on.connection.sql("SELECT borrower_id FROM decide_people ORDER BY 1").to_arrow_table()["borrower_id"]
    drawn = keyed_hash(ids.combine_chunks(), on.read.strategy.key + ":peace")
    below = int(on.read.strategy.peace_share * (1 << 64))
    slice_ = [one for one, lot in zip(ids.to_pylist(), drawn.tolist(), strict=True) if lot < below]
    put(on.connection, "decide_slice", pa.table({"borrower_id": pa.array(slice_, ids.type)}))
    holding = [name for name, cause in on.read.effects.causes.items() if cause.hold]
    causes = ", ".join(f"'{name}'" for name in holding) or "''"
    keep(
        on.connection,
        "decide_held",
        f"SELECT borrower_id FROM decide_people WHERE cause IN ({causes}) OR (disputed AND 'dispute' IN ({causes}))",
    )


def _ask_the_gate(on: Deciding, packs: Packs, facts: Sequence[Path]) -> None:
    """Make decide_gate: every possible step with the gate's answer, and when it may start (null: not tonight)."""
    connection = on.connection
    _acts(on)
    _contacts(on)
    _facts(on, facts)
    plan(DuckEngine(connection), packs, acts="decide_acts", contacts="decide_contacts", facts="decide_facts")
    keep(connection, "decide_declined", deciding_sql("declined"))
    hours = on.read.strategy.defer_hours
    keep(
        connection,
        "decide_gate",
        f"""SELECT p.borrower_id, p.action, a.act_id, a.channel,
            CASE WHEN d.act_id IS NULL THEN COALESCE(v.answer, 'allowed') ELSE 'denied' END AS answer,
            NULLIF(CONCAT_WS('|', v.because, d.rule), '') AS because,
            CASE WHEN d.act_id IS NOT NULL THEN NULL WHEN v.answer IS NULL OR v.answer = 'allowed' THEN a.at
                WHEN v.answer = 'deferred' AND v.until <= a.at + INTERVAL {hours} HOUR THEN v.until END AS starts_at
        FROM decide_possible AS p
        JOIN decide_acts AS a ON a.act_id = CAST(p.borrower_id AS VARCHAR) || ':' || p.action
        LEFT JOIN gate_verdicts AS v ON v.act_id = a.act_id
        LEFT JOIN decide_declined AS d ON d.act_id = a.act_id""",
    )
    keep(
        connection,
        "decide_open",
        f"""SELECT g.borrower_id, g.action FROM decide_gate AS g
        JOIN decide_people AS p ON p.borrower_id = g.borrower_id
        WHERE g.starts_at IS NOT NULL AND p.pays_alone < {on.read.strategy.peace_above}
            AND g.borrower_id NOT IN (SELECT borrower_id FROM decide_held)""",
    )


def _acts(on: Deciding) -> None:
    connection, strategy = on.connection, on.read.strategy
    put(connection, "decide_zones", _zones(on))
    asked = {n: a.act for n, a in on.read.actions.actions.items() if a.act != "none"}
    put(connection, "decide_asked", pa.table({"action": list(asked), "channel": list(asked.values())}))
    vouched = sorted({fact for facts in strategy.vouched.values() for fact in facts})
    columns = "".join(
        ", CASE "
        + " ".join(
            f"WHEN s.channel = {literal(c)} THEN {literal(f[fact])}"
            for c, f in strategy.vouched.items()
            if fact in f
        )
        + f' END AS "{fact}"'
        for fact in vouched
    )
    zone = "b.time_zone" if "borrowers" in on.tables else "NULL"
    joined = "LEFT JOIN book.borrowers AS b ON b.borrower_id = p.borrower_id" if "borrowers" in on.tables else ""
    keep(
        connection,
        "decide_acts",
        f"""SELECT CAST(p.borrower_id AS VARCHAR) || ':' || p.action AS act_id,
            CAST(p.borrower_id AS VARCHAR) AS borrower_id, s.channel,
            z.at, ARRAY_TO_STRING(CAST(h.loan_ids AS VARCHAR[]), '|') AS loan_id,
            'lender' AS sender{columns}
        FROM decide_possible AS p
        JOIN decide_asked AS s ON s.action = p.action
        JOIN decide_people AS h ON h.borrower_id = p.borrower_id
        {joined}
        JOIN decide_zones AS z ON z.name = COALESCE({zone}, '')""",
    )


def _zones(on: Deciding) -> pa.Table:
    """The proposed instant in UTC of every zone in the book; of an unknown zone in UTC, which the gate then refuses."""
    query = "SELECT DISTINCT COALESCE(time_zone, '') FROM book.borrowers"
    found = [r[0] for r in on.connection.execute(query).fetchall()] if "borrowers" in on.tables else []
    local = datetime.combine(on.as_of + timedelta(days=1), on.read.strategy.at)
    rows = []
    for name in sorted({*found, ""}):
        zone = ZoneInfo(name) if name in available_timezones() else ZoneInfo("UTC")
        rows.append(
            {"name": name, "at": local.replace(tzinfo=zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)}
        )
    return pa.Table.from_pylist(rows, schema=pa.schema([("name", pa.string()), ("at", pa.timestamp("us"))]))


def _contacts(on: Deciding) -> None:
    if "contacts" not in on.tables:
        columns = ", ".join(f'CAST(NULL AS {_kind(c)}) AS "{c}"' for c in CONTACT_COLUMNS)
        keep(on.connection, "decide_contacts", f"SELECT {columns} WHERE FALSE")
        return
    columns = ", ".join("c.at" if c == "at" else f"CAST(c.{c} AS VARCHAR) AS {c}" for c in CONTACT_COLUMNS)
    until = f"DATE '{on.as_of}'"
    keep(
        on.connection,
        "decide_contacts",
        f"SELECT {columns} FROM book.contacts AS c WHERE CAST(c.at AS DATE) <= {until}",
    )


def _facts(on: Deciding, files: Sequence[Path]) -> None:
    given = [fact for file in files for fact in facts_of(read_rows(file), str(file))]
    rows = [{c: _plain(getattr(fact, NAMED.get(c, c))) for c in FACT_COLUMNS} for fact in given]
    kinds = [(c, pa.timestamp("us") if c in ("since", "until") else pa.string()) for c in FACT_COLUMNS]
    put(on.connection, "decide_own_facts", pa.Table.from_pylist(rows, schema=pa.schema(kinds)))
    more = ""
    if "borrowers" in on.tables:
        empty = ", ".join(f"CAST(NULL AS {_kind(c)})" for c in FACT_COLUMNS[3:])
        more = f"""UNION ALL SELECT CAST(borrower_id AS VARCHAR), 'time_zone', time_zone, {empty} FROM book.borrowers
            WHERE time_zone IS NOT NULL AND CAST(borrower_id AS VARCHAR) NOT IN (
                SELECT borrower_id FROM decide_own_facts WHERE fact = 'time_zone')"""
    keep(on.connection, "decide_facts", f"SELECT {', '.join(FACT_COLUMNS)} FROM decide_own_facts {more}")


def _plain(value: Any) -> Any:
    return value.astimezone(ZoneInfo("UTC")).replace(tzinfo=None) if isinstance(value, datetime) else value or None


def _kind(column: str) -> str:
    return "TIMESTAMP" if column in ("at", "since", "until") else "VARCHAR"


def _allocate(on: Deciding, aside: Path, certificate: str) -> dict[str, Any]:
    """Choose among what is worth something; makes decide_chosen and decide_priced, gives the certificate."""
    names = on.read.actions.capacities()
    uses = ", ".join(f"a.{name}" for name in names)
    values, limits, chosen = (aside / f"decide-{n}.parquet" for n in ("values", "limits", "chosen"))
    query = f"""SELECT w.borrower_id, w.action, w.value, {uses} FROM decide_worth AS w
        JOIN decide_actions AS a ON a.action = w.action
        WHERE w.borrower_id NOT IN (SELECT borrower_id FROM decide_slice) ORDER BY w.borrower_id, w.action"""
    pq.write_table(on.connection.sql(query).to_arrow_table(), values)
    given = on.read.strategy.capacities
    pq.write_table(pa.table({"capacity": list(names), "limit": [float(given.get(n, 0)) for n in names]}), limits)
    made = allocate(values, limits, chosen, certificate_path=aside / certificate, key=on.read.strategy.key)
    put(on.connection, "decide_chosen", pq.read_table(chosen, columns=["borrower_id", "action"]))
    told = made.certificate.told
    prices = {c["capacity"]: c["price"] for c in told["capacities"]}
    priced = " ".join(f"- {float(prices[n])!r} * a.{n}" for n in names if prices.get(n))
    none = " AND ".join(["TRUE", *(f"a.{n} = 0" for n in names if not given.get(n))])
    keep(
        on.connection,
        "decide_priced",
        f"""SELECT w.borrower_id, w.action, w.value {priced} AS net FROM decide_worth AS w
        JOIN decide_actions AS a ON a.action = w.action AND {none}""",  # of what there is nothing, nobody has a chance
    )
    for file in (values, limits, chosen):
        file.unlink()
    return told


def _write(on: Deciding, aside: Path) -> None:
    _copy(on, "SELECT * FROM decide_decided ORDER BY borrower_id", aside / DECISIONS)
    verdicts = """SELECT act_id, borrower_id, action, channel, answer, because, starts_at FROM decide_gate
        ORDER BY borrower_id, action"""
    _copy(on, verdicts, aside / VERDICTS)


def _copy(on: Deciding, query: str, path: Path) -> None:
    table = on.connection.sql(query).to_arrow_table()
    pq.write_table(table, path, compression="zstd")


def output_paths(aside: Path) -> Sequence[Path]:
    """The files that a night which decided has beside the others."""
    return [aside / name for name in OUTPUTS if (aside / name).exists()]
