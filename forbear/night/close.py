"""Closing a book: opened, checked, aged, summed up, told, sealed; all of it in a folder or none of it.

Effects are here: the book is read, files are written aside and moved in place together, `manifest.json` last. What the
figures are is in `forbear.aging` and `forbear.funding`; how they look is in `forbear.report`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.book import Book, CheckResult, LeftOut, check_book, leave_out, open_book
from forbear.night.arms import Arm
from forbear.night.decide import OUTPUTS, decide
from forbear.night.engines import Engine, Progress, night_words, run_night
from forbear.night.explained import EXPLAINED
from forbear.night.manifest import file_sha256, manifest_text, portfolio_text
from forbear.night.portfolio import NightPlan, plan_night, portfolio
from forbear.night.risk import SCORES, plan_risk, risk_part
from forbear.night.settings import NightSettings, read_settings
from forbear.report import render
from forbear.treatment.strategy import ReadStrategy, read_strategy

ACCOUNTS = "accounts.parquet"
PORTFOLIO = "portfolio.json"
REPORT = "report.html"
MANIFEST = "manifest.json"
FILES = (ACCOUNTS, SCORES, EXPLAINED, *OUTPUTS, PORTFOLIO, REPORT)
"""What a close may write beside its manifest; scores and decisions only when it was given a model or a strategy."""
ASIDE = ".forbear-close-"
"""Beginning of the name of the folder that a close works in, before its process and a dash."""


Watch = Callable[[str], AbstractContextManager[Progress]]
"""Told the name of a step; the context lasts as long as the step and takes the parts done of it."""


@dataclass(frozen=True)
class Closed:
    """A close that was done.

    Attributes:
        out: the folder with the four files.
        portfolio: the content of portfolio.json.
        left_out: what a quarantine left out.
    """

    out: Path
    portfolio: dict[str, Any]
    left_out: LeftOut


def close(
    book: str | Path,
    *,
    as_of: date,
    out: str | Path,
    mapping: str | None = None,
    settings: NightSettings | str | Path | None = None,
    engine: Engine | str = Engine.duckdb,
    quarantine: bool = False,
    language: str = "zh",
    threads: int | None = None,
    memory: str | None = None,
    today: date | None = None,
    watch: Watch | None = None,
    model: str | Path | None = None,
    strategy: str | Path | ReadStrategy | None = None,
    facts: str | Path | Sequence[str | Path] | None = None,
    macro: str | Path | None = None,
    arms: Sequence[Arm] = (),
) -> Closed:
    """Close the book in a folder as of a date and write its four files into `out`.

    Args:
        book: folder of the book.
        as_of: the date; nothing after it counts.
        out: folder for the files; made when missing. What a close wrote there earlier is replaced.
        mapping: name or file of a mapping for other people's files.
        settings: settings, or a TOML file of them; the defaults when None.
        engine: duckdb or spark.
        quarantine: leave loans with faults out instead of refusing the book.
        language: of the report, zh or en.
        threads: that the engine may use; all when None.
        memory: that the engine may use, such as "8GB"; its own limit when None.
        today: last day on which anything can have happened; what is dated later is a fault. Not asked when None.
        watch: told of each step, for progress.
        model: folder of a model (`forbear fit`): scores are written too, and the report has a chapter on risk.
        strategy: name or file of a strategy, or one that was read: decisions are written too, and the report has a
            chapter on them.
        facts: with a strategy, file or files of facts for the gate beside the book's own (docs/gate.md).
        macro: CSV of macro series (docs/risk.md), for the early warning in that chapter.
        arms: of an experiment, with a strategy: some borrowers are decided for by another (docs/strategies.md).

    Raises:
        AnswerIsNo: the book has faults and `quarantine` is not said, or faults that no loan can answer for.
        UnreadableFile, WrongUse: the book, the mapping or the settings cannot be read or used.
    """
    if macro is not None and model is None:
        raise WrongUse("macro series belong to the chapter on risk", "name a model with --model too")
    watching = watch or _nobody
    using = settings if isinstance(settings, NightSettings) else read_settings(settings)
    deciding = strategy if strategy is None or isinstance(strategy, ReadStrategy) else read_strategy(str(strategy))
    if facts is not None and deciding is None:
        raise WrongUse("facts are for the gate, which a close asks only with a strategy", "add --strategy")
    risk = None if model is None else plan_risk(model, as_of, macro)
    target = _folder(Path(out), Path(book))
    _clear_up(target)
    with tempfile.TemporaryDirectory(prefix=f"{ASIDE}{os.getpid()}-", dir=target) as aside:
        connection = _connection(threads, memory, Path(aside))
        try:
            opened, checked, left_out = _read(
                book, today and max(today, as_of), mapping, connection, watching, quarantine
            )
            plan = plan_night(opened, using, as_of)
            with (
                watching("aging") as progress,
                _night(Engine(engine), opened, plan, Path(aside), progress) as night,
            ):
                told = portfolio(opened, checked, left_out, plan, night.table)
                with watching("writing accounts"):
                    night.write_accounts(Path(aside) / ACCOUNTS)
            known = None
            if risk is not None:
                told["risk"], known = risk_part(opened, risk, as_of, Path(aside), watching)
            if deciding is not None:
                with watching("deciding"):
                    told["decisions"] = decide(
                        opened,
                        deciding,
                        as_of,
                        Path(aside),
                        known=known,
                        facts=_paths(facts),
                        arms=arms,
                    )
            prints = [file_sha256(file) for file in _paths(facts)]
            _write(Path(aside), told, opened, plan, language, str(Engine(engine)), prints)
        finally:
            connection.close()
        _move_in(Path(aside), target)
    return Closed(target, told, left_out)


def _paths(given: str | Path | Sequence[str | Path] | None) -> list[Path]:
    return [Path(one) for one in ([given] if isinstance(given, str | Path) else given or ())]


def _folder(target: Path, book: Path) -> Path:
    if target.resolve() == book.resolve():
        raise WrongUse(
            f"{target}: is the book's own folder", "name another with --out: its files would be read as tables"
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as bad:
        raise WrongUse(
            f"{target}: cannot be a folder for the close: {bad.strerror}", "name another with --out"
        ) from bad
    return target


def _clear_up(target: Path) -> None:
    """Remove what closes that were killed left behind; one that still runs keeps its own."""
    for left in target.glob(f"{ASIDE}*-*"):
        process = left.name.removeprefix(ASIDE).partition("-")[0]
        if process.isdigit() and not _runs(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _connection(threads: int | None, memory: str | None, aside: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{str(aside / 'spill').replace(chr(39), chr(39) * 2)}'")
    try:
        if threads is not None:
            connection.execute(f"SET threads = {int(threads)}")
        if memory is not None:
            connection.execute("SET memory_limit = $1", [memory])
    except duckdb.Error as bad:
        given = " or ".join(f"{n} {v}" for n, v in (("--threads", threads), ("--memory", memory)) if v is not None)
        raise WrongUse(f"{given} cannot be used: {bad}", "memory is written as 8GB or 500MB") from bad
    return connection


def _read(
    path: str | Path,
    until: date | None,
    mapping: str | None,
    connection: duckdb.DuckDBPyConnection,
    watching: Watch,
    quarantine: bool,
) -> tuple[Book, CheckResult, LeftOut]:
    with watching("reading the book"):
        opened = open_book(path, connection, mapping=mapping)
    if not {"loans", "installments"} <= set(opened.tables) and "statuses" in opened.tables:
        raise WrongUse(
            f"{opened.path}: a book of statuses has no installments to age", "see `forbear rolls` for such books"
        )
    with watching("checking the book"):
        checked = check_book(opened, until)
    if checked.ok:
        return opened, checked, LeftOut()
    if not quarantine:
        kinds = ", ".join(f"{n:,} {rule}" for rule, n in sorted(checked.fault_counts.items()))
        raise AnswerIsNo(
            f"{opened.path}: the book has faults: {kinds}",
            "`forbear check` names file, row, column and value of each; --quarantine leaves those loans out",
        )
    with watching("leaving out bad loans"):
        left_out = leave_out(opened, checked)
    return opened, checked, left_out


def _night(engine: Engine, book: Book, plan: NightPlan, aside: Path, progress: Progress) -> Any:
    staging = aside / "staging"
    staging.mkdir()
    words = night_words(book, plan.settings.aging, plan.as_of)
    return run_night(engine, book, plan.wanted, words, plan.sources, staging, progress, own=plan.own)


def _write(
    aside: Path,
    told: dict[str, Any],
    book: Book,
    plan: NightPlan,
    language: str,
    engine: str,
    facts_sha256: Sequence[str],
) -> None:
    (aside / PORTFOLIO).write_text(portfolio_text(told), encoding="utf-8")
    (aside / REPORT).write_text(render(told, language), encoding="utf-8")
    outputs = [aside / name for name in FILES if (aside / name).exists()]
    (aside / MANIFEST).write_text(
        manifest_text(
            book,
            plan,
            language,
            engine,
            outputs,
            model_sha256=told.get("risk", {}).get("model", {}).get("sha256", ""),
            macro_sha256=told.get("risk", {}).get("macro_sha256", ""),
            strategy_sha256=told.get("decisions", {}).get("strategy", {}).get("sha256", ""),
            facts_sha256=facts_sha256,
        ),
        encoding="utf-8",
    )


def _move_in(aside: Path, target: Path) -> None:
    """Put the files in place. An earlier manifest goes first: a folder without one holds no whole close."""
    (target / MANIFEST).unlink(missing_ok=True)
    for name in FILES:
        if not (aside / name).exists():
            (target / name).unlink(missing_ok=True)
    for name in (*FILES, MANIFEST):
        if (aside / name).exists():
            (aside / name).replace(target / name)


def _nobody(_name: str) -> AbstractContextManager[Progress]:
    return nullcontext(lambda _done, _all: None)
