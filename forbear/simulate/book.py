"""A simulated book in the format of docs/book.md, and beside it the truth that no real book has.

    DIR/loans.parquet, installments, payments, contacts, borrowers    what a lender would have
    DIR/_log/decisions.parquet                                        each decision with its propensity and table row
    DIR/_truth/*.parquet                                              causes, people, agreements, values of acts

Names that begin with `_` are no part of a book: `forbear check` and `forbear close` pass over them. What measures other
parts against the truth reads `_truth`; what is measured must not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse
from forbear.book.files import find
from forbear.simulate.acts import menu
from forbear.simulate.days import Days, days
from forbear.simulate.limits import allowed
from forbear.simulate.pilot import past_of
from forbear.simulate.record import Record
from forbear.simulate.run import DayLog, Setup, State, simulate
from forbear.simulate.seen import see
from forbear.simulate.strategies.registry import strategy as strategy_of
from forbear.simulate.told import WORDS, Listener
from forbear.simulate.values import HORIZON, true_values
from forbear.simulate.worlds.catalog import World
from forbear.simulate.worlds.people import Cause, Mind, cause

MARK = "# Made by `forbear simulate --book"
SETTINGS = """{mark} --world {world} --strategy {strategy} --borrowers {borrowers} --days {days} --seed {seed}`.
# Every person and loan in this book is invented.
currency = "CNY"
time_zone = "Asia/Shanghai"
"""
ZONE_HOURS = 8
HOUR_STARTS = (9, 13, 18)
"""Local hours in which the morning, afternoon and evening of contacts begin."""
RESULTS = {
    "call": ("no_answer", "conversation", "promise"),
    "voice": ("no_answer", "conversation", "promise"),
    "sms": ("delivered", "read", "read"),
    "email": ("delivered", "read", "read"),
    "app_push": ("delivered", "read", "read"),
    "chat": ("no_answer", "conversation", "promise"),
    "letter": ("sent", "delivered", "delivered"),
    "visit": ("no_answer", "conversation", "promise"),
}
"""Result of an attempt that did not find the person, that did, and that ended in a promise."""
TOLD = {"complained": "complaint", "stopped": "stop_request", "disputed": "dispute", "hardship": "hardship"}
"""What borrowers say of themselves, and what `told.py` adds: contacts inward."""
A_DAY = 86_400


@dataclass(frozen=True)
class Made:
    """Where the book and its truth are, and rows by table."""

    path: Path
    truth: Path
    rows: dict[str, int]


def write_book(out: Path, world: World, strategy: str, setup: Setup, *, values: int = 0) -> Made:
    """Run a strategy on loans disbursed over the days, and write what the lender knows, and the truth.

    Args:
        out: folder; an earlier simulated book there is replaced, another book is not.
        world: where.
        strategy: who decides; `explore` logs exact propensities and runs without limits of capacity.
        setup: borrowers, days (at least 60), seed, start.
        values: repetitions for the true value of each act on the last day; 0 for none.

    Raises:
        WrongUse: too few days, or the folder holds other tables.
    """
    if setup.days < 60:
        raise WrongUse(f"a book of {setup.days} days has nothing to show", "ask for --days 60 or more")
    _clear(out)
    exact = strategy == "explore"
    whole = replace(setup, whole_book=True, capacity=float("inf") if exact else setup.capacity)
    scribe = _Scribe(world, whole.seed)
    chooser = strategy_of(strategy, setup.seed, past_of(world, setup.seed))
    state = simulate(world, chooser, whole, watchers=[scribe])
    calendar = days(whole.start, whole.days)
    tables = {
        "loans": _loans(state.record, calendar),
        "installments": _installments(state.record, calendar),
        "payments": scribe.payments(calendar),
        "contacts": scribe.contacts(calendar),
        "borrowers": _borrowers(state.record, whole.start),
        "_log/decisions": scribe.decisions(calendar),
        "_truth/people": _people(world, state),
        "_truth/causes": scribe.causes(calendar),
        "_truth/agreements": scribe.agreements(calendar),
    }
    if values:
        tables["_truth/values"] = _values(world, state, whole, values)
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = out / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(table, path, compression="zstd")
    told = SETTINGS.format(
        mark=MARK, world=world.name, strategy=strategy, borrowers=setup.borrowers, days=setup.days, seed=setup.seed
    )
    (out / "book.toml").write_text(told, encoding="utf-8")
    return Made(out, out / "_truth", {n: t.num_rows for n, t in tables.items()})


def _clear(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise WrongUse(f"{out} is a file", "name a folder for the book")
    held = [p for paths in find(out).tables.values() for p in paths]
    settings = out / "book.toml"
    ours = settings.is_file() and settings.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    if held and not ours:
        raise WrongUse(f"{out} holds {held[0].name}, which no simulation made", "name an empty folder")
    for path in (*held, *(out / "_log").glob("*.parquet"), *(out / "_truth").glob("*.parquet")):
        path.unlink()


def _dates(calendar: Days, day: NDArray[np.integer[Any]]) -> pa.Array:
    since = (np.datetime64(calendar.start) - np.datetime64("1970-01-01")).astype(int)
    return pa.array((day + since).astype(np.int32)).cast(pa.date32())


def _loans(record: Record, calendar: Days) -> pa.Table:
    principal = record.principal_part * record.term
    interest = (record.part - record.principal_part) * record.term
    years = record.term / 12
    return pa.table(
        {
            "loan_id": record.borrower + 1,
            "borrower_id": record.borrower + 1,
            "disbursed_on": _dates(calendar, record.disbursed),
            "principal": principal,
            "annual_rate": np.round(interest / principal / years, 6),
            "term": record.term.astype(np.int32),
            "repayment_method": pa.array(["flat"] * len(record)),
            "x_score": record.score.astype(np.int32),
            "x_autopay": record.autopay,
        }
    )


def _installments(record: Record, calendar: Days) -> pa.Table:
    row = np.repeat(np.arange(len(record)), record.term)
    number = np.concatenate([np.arange(1, t + 1) for t in record.term])
    due = calendar.due_day(record.first_month[row] + number - 1, record.due_dom[row])
    return pa.table(
        {
            "loan_id": record.borrower[row] + 1,
            "number": number.astype(np.int32),
            "due_on": _dates(calendar, due),
            "principal_due": record.principal_part[row],
            "interest_due": record.part[row] - record.principal_part[row],
            "fees_due": np.zeros(len(row), dtype=np.int64),
        }
    )


def _borrowers(record: Record, start: date) -> pa.Table:
    return pa.table(
        {
            "borrower_id": record.borrower + 1,
            "time_zone": pa.array(["Asia/Shanghai"] * len(record)),
            "language": pa.array(["zh"] * len(record)),
            "birth_year": (start.year - record.age).astype(np.int32),
            "x_income": record.stated_income // 100,
            "x_first_time": record.first_time,
        }
    )


def _people(world: World, state: State) -> pa.Table:
    record, mind = state.record, state.mind
    why = true_cause(world, mind, record)
    plain = (
        "income",
        "essentials",
        "other_debts",
        "memory",
        "will",
        "response",
        "disputes",
        "vulnerable",
        "buffer",
    )
    more = ("employed", "aware", "debit_fails", "number_ok", "push", "fatigue", "grudge", "best_hour")
    return pa.table(
        {
            "borrower_id": record.borrower + 1,
            "cause": pa.array([Cause(c).name for c in why]),
            **{name: getattr(mind, name) for name in (*plain, *more)},
        }
    )


def true_cause(world: World, mind: Mind, record: Record) -> NDArray[np.int8]:
    """Numbers of `Cause` behind each borrower's arrears; `unknown` where the world simulates no money."""
    reserve = world.parameters["behavior.reserve"]
    return cause(mind, record.part, record.arrears, reserve, has_money=world.behavior.has_money)


def _values(world: World, state: State, setup: Setup, repetitions: int) -> pa.Table:
    calendar = days(setup.start, setup.days + 1)
    may = allowed(setup.limits, see(state.record, calendar, setup.days))
    found = true_values(world, state, setup, repetitions)
    rows, acts = np.meshgrid(np.arange(len(found.borrower)), np.arange(len(menu().acts)), indexing="ij")
    return pa.table(
        {
            "borrower_id": found.borrower[rows.ravel()] + 1,
            "act": pa.array([menu().names[a] for a in acts.ravel()]),
            "allowed": may[found.borrower[rows.ravel()], acts.ravel()],
            "gain": found.gain.ravel(),
            "standard_error": found.error.ravel(),
            "gain_30_days": found.soon.ravel(),
            "horizon_days": np.full(rows.size, HORIZON, dtype=np.int32),
        }
    )


class _Scribe:
    """Watches a run and keeps what the book and its truth are made of."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._listener = Listener(world.parameters, seed)
        self._paid: list[tuple[NDArray[Any], ...]] = []
        self._acts: list[tuple[NDArray[Any], ...]] = []
        self._told: list[tuple[NDArray[Any], ...]] = []
        self._drawn: list[tuple[int, dict[str, NDArray[Any]], NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        self._why: list[tuple[NDArray[Any], ...]] = []
        self._agreed: list[tuple[NDArray[Any], ...]] = []
        self._flags: dict[str, NDArray[np.bool_]] = {}

    def __call__(self, log: DayLog) -> None:
        record, day = log.hidden.record, log.day
        rows = np.flatnonzero(log.paid > 0)
        self._paid.append(
            (rows, np.full(len(rows), day), log.paid[rows], record.autopay[rows] & (record.dpd[rows] == 0))
        )
        acted = np.flatnonzero(log.choice.act)
        promised = record.promise_until[acted] == day + int(self._world.parameters["contact.promise_days"])
        found = log.reached[acted].astype(np.int64) + (log.reached[acted] & promised)
        self._acts.append((acted, np.full(len(acted), day), log.choice.act[acted], found, log.hour[acted]))
        for name in TOLD:
            now = getattr(record, name)
            new = np.flatnonzero(now & ~self._flags.get(name, np.zeros(len(record), dtype=bool)))
            self._told.append((new, np.full(len(new), day), np.full(len(new), list(TOLD).index(name))))
            self._flags[name] = now.copy()
        why = true_cause(self._world, log.hidden.mind, record)
        said = self._listener(log, why)
        self._told.append((said.rows, np.full(len(said.rows), day), len(TOLD) + said.words))
        self._log_decisions(log)
        self._log_agreements(log)
        if day % 30 == 29:
            late = np.flatnonzero(record.dpd > 0)
            self._why.append((late, np.full(len(late), day), why[late], record.dpd[late].copy()))

    def _log_decisions(self, log: DayLog) -> None:
        rows = np.flatnonzero((np.asarray(log.seen["dpd"]) > 0) | (log.choice.act > 0))
        table = {name: column[rows] for name, column in log.seen.columns.items() if not name.startswith("tried_")}
        drawn = log.choice.propensity
        propensity = np.ones(len(rows), dtype=np.float32) if drawn is None else drawn[rows]
        able = log.today.allowed[rows] @ (1 << np.arange(log.today.allowed.shape[1]))
        self._drawn.append((log.day, table, log.choice.act[rows], propensity, able))

    def _log_agreements(self, log: DayLog) -> None:
        record, day, acts = log.hidden.record, log.day, log.choice.act
        kinds = (
            ("plan_offer", record.plan_until, record.plan_part),
            ("extension_offer", record.extension_until, np.zeros(len(record), dtype=np.int64)),
            ("settlement_offer", record.settle_until, record.settle_amount),
        )
        for number, (name, until, amount) in enumerate(kinds):
            rows = np.flatnonzero((acts == menu().index(name)) & (until > day) & log.reached)
            days_of = np.full(len(rows), day)
            self._agreed.append(
                (rows, days_of, until[rows].copy(), amount[rows].copy(), np.full(len(rows), number))
            )

    def payments(self, calendar: Days) -> pa.Table:
        """The `payments` table, by loan and day."""
        row, day, amount, debit = (np.concatenate(c) for c in zip(*self._paid, strict=True))
        order = np.lexsort((day, row))
        row, day, amount, debit = row[order], day[order], amount[order], debit[order]
        return pa.table(
            {
                "payment_id": np.arange(1, len(row) + 1),
                "loan_id": row + 1,
                "paid_on": _dates(calendar, day),
                "amount": amount,
                "source": pa.array(np.where(debit, "debit", "transfer")),
            }
        )

    def contacts(self, calendar: Days) -> pa.Table:
        """The `contacts` table: what was tried, and what borrowers said; acts that are no contact are left out."""
        row, day, act, reached, hour = (np.concatenate(c) for c in zip(*self._acts, strict=True))
        channels = np.array([a.channel if a.channel in RESULTS else "" for a in menu().acts])[act]
        kept = channels != ""
        said_row, said_day, said = (np.concatenate(c) for c in zip(*self._told, strict=True))
        second = day[kept] * A_DAY + np.array(HOUR_STARTS)[hour[kept]] * 3600 + row[kept] * 7919 % 7200
        results = [RESULTS[c][int(r)] for c, r in zip(channels[kept], reached[kept], strict=True)]
        said_second = said_day * A_DAY + 12 * 3600 + said_row * 6101 % 3600
        words = [*TOLD.values(), *WORDS]
        since = int((np.datetime64(calendar.start) - np.datetime64("1970-01-01")).astype(int)) * A_DAY
        local = np.concatenate([second, said_second]) + since - ZONE_HOURS * 3600
        who = np.concatenate([row[kept], said_row])
        order = np.lexsort((local, who))
        columns = {
            "channel": np.concatenate([channels[kept], np.full(len(said), "call")]),
            "direction": np.concatenate([np.full(kept.sum(), "out"), np.full(len(said), "in")]),
            "result": np.concatenate(
                [np.array(results, dtype=object), np.array([words[s] for s in said], dtype=object)]
            ),
        }
        return pa.table(
            {
                "contact_id": np.arange(1, len(who) + 1),
                "borrower_id": who[order] + 1,
                "at": pa.array(local[order] * 1_000_000).cast(pa.timestamp("us", tz="UTC")),
                **{name: pa.array(values[order].astype(str)) for name, values in columns.items()},
                "loan_id": who[order] + 1,
            }
        )

    def decisions(self, calendar: Days) -> pa.Table:
        """Each decision on a late borrower: the table row, the act, its propensity, which acts were allowed (bits)."""
        table = {n: np.concatenate([d[1][n] for d in self._drawn]) for n in self._drawn[0][1]}
        day = np.concatenate([np.full(len(d[2]), d[0]) for d in self._drawn])
        acts = np.concatenate([d[2] for d in self._drawn])
        table["borrower_id"] = table.pop("borrower") + 1
        return pa.table(
            {
                "borrower_id": table.pop("borrower_id"),
                "on": _dates(calendar, day),
                "act": pa.array(np.array(menu().names)[acts]),
                "propensity": np.concatenate([d[3] for d in self._drawn]),
                "allowed_bits": np.concatenate([d[4] for d in self._drawn]).astype(np.int64),
                **table,
            }
        )

    def causes(self, calendar: Days) -> pa.Table:
        """The true cause of every late loan, every 30 days."""
        row, day, why, dpd = (np.concatenate(c) for c in zip(*self._why, strict=True))
        return pa.table(
            {
                "loan_id": row + 1,
                "on": _dates(calendar, day),
                "cause": pa.array(np.array([c.name for c in Cause])[why]),
                "dpd": dpd.astype(np.int32),
            }
        )

    def agreements(self, calendar: Days) -> pa.Table:
        """Plans, extensions and settlements that were accepted."""
        row, day, until, amount, kind = (np.concatenate(c) for c in zip(*self._agreed, strict=True))
        return pa.table(
            {
                "loan_id": row + 1,
                "agreed_on": _dates(calendar, day),
                "kind": pa.array(np.array(["plan", "extension", "settlement"])[kind]),
                "until": _dates(calendar, until),
                "amount": amount,
            }
        )
