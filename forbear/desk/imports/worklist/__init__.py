"""The night's results become worklists: one open case for each borrower in arrears, none for one who is cured.

A case carries the figures of the night that last told of it, with that night's day; a night that is older than what a
case already carries changes nothing, so results may be loaded in any order and more than once. Priority is the money in
arrears, or, after a close with a strategy, what the step decided on should bring.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
from django.db import connection, transaction

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.desk.applications.scores import load_scores
from forbear.desk.audit.log import record
from forbear.desk.imports.copying import copy_in
from forbear.desk.nights.models import keep
from forbear.desk.nights.steps import load_steps
from forbear.desk.strategies.logged import keep_decisions
from forbear.desk.strategies.planning import plan_night

STEPS = ("cured", "refresh", "opened")
"""The statements that change cases, in order; each is a file of this folder."""


@dataclass(frozen=True)
class Worklist:
    """What loading a night's results did, in cases."""

    as_of: date
    opened: int
    refreshed: int
    cured: int


def load_worklist(folder: str | Path, *, actor: Any, at: datetime) -> Worklist:
    """Open, refresh and close cases by the results of a close, and keep what it told, in one transaction.

    Args:
        folder: what `forbear close --out` wrote: a whole close, with its manifest.
        actor: user or name of a program, for the audit log.
        at: now, in UTC.

    Raises:
        UnreadableFile: the folder holds no whole close.
        WrongUse: it tells of borrowers in arrears whom the desk does not know.
    """
    text = _portfolio(Path(folder))
    told: dict[str, Any] = json.loads(text)
    as_of = date.fromisoformat(told["as_of"])
    with tempfile.TemporaryDirectory(prefix="forbear-worklist-") as aside:
        figures = Path(aside) / "figures.csv"
        _write_figures(Path(folder) / "accounts.parquet", told, figures)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_statement("stage"))
            copy_in(cursor, "night_figures", figures)
            cursor.execute("ANALYZE night_figures")
            _refuse_unknown(cursor)
            done = {}
            for name in STEPS:
                cursor.execute(_statement(name), {"as_of": as_of, "at": at})
                done[name] = cursor.rowcount
            keep(as_of, text, at)
            load_steps(Path(folder), as_of, told)
            if keep_decisions(Path(folder), as_of, told):
                plan_night(as_of, at)
            load_scores(Path(folder), as_of, told.get("risk", {}).get("model", {}).get("sha256", ""))
            record(actor, "book.import", f"night:{as_of}", **done)
    return Worklist(as_of, done["opened"], done["refresh"], done["cured"])


def _portfolio(folder: Path) -> str:
    for name in ("manifest.json", "portfolio.json", "accounts.parquet"):
        if not (folder / name).is_file():
            raise UnreadableFile(
                f"{folder / name}: is not there, so the folder holds no whole close",
                "name what `forbear close --out` wrote",
            )
    return (folder / "portfolio.json").read_text("utf-8")


def _write_figures(accounts: Path, told: dict[str, Any], target: Path) -> None:
    words = {"unit": 10 ** int(told["minor_digits"]), "currency": told["currency"]}
    with duckdb.connect() as engine:
        engine.read_parquet(str(accounts)).create_view("accounts")
        engine.execute(f"COPY ({_statement('figures').format(**words)}) TO '{target}' (FORMAT csv, HEADER false)")


def _refuse_unknown(cursor: Any) -> None:
    cursor.execute(_statement("unknown"))
    if unknown := [row[0] for row in cursor.fetchall()]:
        raise WrongUse(
            f"the close tells of borrowers whom the desk does not know, such as {', '.join(unknown)}",
            "import the book first, or close with --from-desk",
        )


@cache
def _statement(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
