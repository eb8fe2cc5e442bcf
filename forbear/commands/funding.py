"""`forbear funding`: what a funder asks of a book: cash to expect, expected loss, covenants, borrowing base,
the pack.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forbear.basics.console import Format, Steps, answers, print_json, print_table
from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.commands.books import day, opened_book
from forbear.commands.options import Mapping, Output, Quarantine, Threads
from forbear.funding.periods import Every

if TYPE_CHECKING:
    from forbear.book import Book
    from forbear.funding.facility import Facility
    from forbear.night.funding import Asked

AsOf = Annotated[str, typer.Option(help="The day (YYYY-MM-DD) to stand on; nothing after it counts.")]
BookFolder = Annotated[Path, typer.Argument(metavar="BOOK", help="Folder with the tables: loans, installments, …")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the files; made when missing.")]
FacilityFile = Annotated[
    Path | None, typer.Option("--facility", help="TOML file: covenants, borrowing base, service.")
]
SettingsFile = Annotated[Path | None, typer.Option(help="TOML file of the night's settings, as for forbear close.")]
Funder = Annotated[str | None, typer.Option(help="Only loans with this funder_id.")]
ParametersFile = Annotated[
    Path | None, typer.Option("--parameters", help="TOML file over the shipped parameters of the expected loss.")
]
Rate = Annotated[
    float | None,
    typer.Option(min=0.5, max=0.95, help="Share of periods that the forecast's intervals are to hold."),
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="What a funder asks of a book (docs/funding.md).")
    for command in (forecast, ecl, covenants, base, pack):
        group.command()(command)
    app.add_typer(group, name="funding")


def forecast(
    book: BookFolder,
    as_of: AsOf,
    out: Out = None,
    mapping: Mapping = None,
    facility: FacilityFile = None,
    funder: Funder = None,
    every: Annotated[Every, typer.Option(help="Length of a period.")] = Every.month,
    rate: Rate = None,
    event: Annotated[
        str | None, typer.Option(help="For books of statuses: forecast what is `closed` or `lost` in each period.")
    ] = None,
    quarantine: Quarantine = False,
    threads: Threads = None,
    output: Output = Format.text,
) -> None:
    """Cash to expect by month from the loans that are there now, with intervals, beside a naive roll-rate forecast.

    Also what of it is free to lend again, once the facility's service (--facility) is paid. Books of statuses know no
    payments: --event says what is forecast of them. Ends with 0, 1 when the book has faults, 2 on wrong use.
    """
    from forbear.night.funding import prepare, tell_forecast, tell_status_forecast

    steps = Steps(quiet=output is Format.json)
    with opened_book(book, day(as_of), mapping, quarantine, threads, steps) as opened:
        if event is not None or "installments" not in opened:
            told = tell_status_forecast(opened, day(as_of), event or "closed", every, rate)
        else:
            question = _question(day(as_of), facility, funder, None, None, rate=rate, every=every)
            with steps.step("forecast"):
                prepare(opened, question)
                told = tell_forecast(opened, question)
        answer = {"as_of": as_of, "currency": opened.currency, **told}
    _write(out, {"forecast.json": answer}, {"forecast.csv": told["periods"], "liquidity.csv": told["liquidity"]})
    if output is Format.json:
        print_json(answer)
        return
    _table(told["periods"], ("ends_on", "low", "expected", "high", "naive", "total"))
    if told["error"] is not None:
        error, naive = float(told["error"]), float(told["naive_error"])
        answers.print(
            f"intervals are to hold {float(told['rate']):.0%} of periods; {told['covered']} of {told['judged']} "
            f"earlier ones held; error {error:.1%}, roll-rate forecast {naive:.1%}",
            markup=False,
        )


def ecl(
    book: BookFolder,
    as_of: AsOf,
    out: Out = None,
    mapping: Mapping = None,
    facility: FacilityFile = None,
    funder: Funder = None,
    parameters: ParametersFile = None,
    provisions: Annotated[str, typer.Option(help="Set of provision ratios: cn_2002, cn_2012.")] = "cn_2002",
    settings: SettingsFile = None,
    quarantine: Quarantine = False,
    threads: Threads = None,
    output: Output = Format.text,
) -> None:
    """Expected credit loss by stage and scenario (IFRS 9), five categories, NPL ratio, provision and coverage.

    --out also writes ecl_loans.csv, one line a loan. Ends with 0, 1 when the book has faults, 2 on wrong use.
    """
    from forbear.funding import loss
    from forbear.night.funding import prepare, tell_losses, tell_provision

    question = _question(day(as_of), facility, funder, parameters, settings, provisions=provisions)
    steps = Steps(quiet=output is Format.json)
    with opened_book(book, day(as_of), mapping, quarantine, threads, steps) as opened:
        with steps.step("expected loss"):
            prepare(opened, question)
            found = loss.losses(opened, question.parameters)
            told: dict[str, Any] = {
                "as_of": as_of,
                "currency": opened.currency,
                "losses": tell_losses(opened, found),
                "provision": tell_provision(opened, question, found.allowance),
            }
        _write(out, {"ecl.json": told}, {"ecl_loans.csv": _loans(opened)} if out else {})
    if output is Format.json:
        print_json(told)
        return
    _table(told["losses"]["stages"], ("stage", "loans", "gross", "twelve_months", "lifetime", "allowance"))
    if told["provision"]:
        _table(told["provision"]["by_category"], ("category", "principal", "provision"))
        quality = {k: told["provision"][k] for k in ("npl_ratio", "coverage", "loan_provision", "required")}
        answers.print(", ".join(f"{k} {v}" for k, v in quality.items()), markup=False)


def covenants(
    book: BookFolder,
    as_of: AsOf,
    facility: FacilityFile = None,
    out: Out = None,
    mapping: Mapping = None,
    funder: Funder = None,
    settings: SettingsFile = None,
    quarantine: Quarantine = False,
    threads: Threads = None,
    output: Output = Format.text,
) -> None:
    """Covenants and triggers of a facility: value, head-room, trend, early warning.

    Ends with 0 when none is broken, 1 when one is or the book has faults, 2 on wrong use.
    """
    from forbear.night.funding import prepare, tell_covenants

    question = _question(day(as_of), _needed(facility), funder, None, settings)
    steps = Steps(quiet=output is Format.json)
    with opened_book(book, day(as_of), mapping, quarantine, threads, steps) as opened, steps.step("covenants"):
        prepare(opened, question)
        told = tell_covenants(opened, question)
        answer = {"as_of": as_of, "currency": opened.currency, "covenants": told}
    _write(out, {"covenants.json": answer}, {"covenants.csv": [_flat(c) for c in told]})
    if output is Format.json:
        print_json(answer)
    else:
        _table(told, ("id", "metric", "value", "direction", "threshold", "headroom", "state", "breaks_on"))
    if broken := [c["id"] for c in told if c["state"] in {"broken", "event"}]:
        raise AnswerIsNo(
            f"broken: {', '.join(broken)}", "the table above has each with its head-room and cure date"
        )


def base(
    book: BookFolder,
    as_of: AsOf,
    facility: FacilityFile = None,
    out: Out = None,
    mapping: Mapping = None,
    funder: Funder = None,
    settings: SettingsFile = None,
    quarantine: Quarantine = False,
    threads: Threads = None,
    output: Output = Format.text,
) -> None:
    """The borrowing base of a facility: what is eligible, what is too much of one kind, what may still be drawn.

    Ends with 0 when something may be drawn, 1 when the base falls short or the book has faults, 2 on wrong use.
    """
    from forbear.night.funding import prepare, tell_base

    question = _question(day(as_of), _needed(facility), funder, None, settings)
    steps = Steps(quiet=output is Format.json)
    with opened_book(book, day(as_of), mapping, quarantine, threads, steps) as opened, steps.step("borrowing base"):
        prepare(opened, question)
        told = tell_base(opened, question)
        if told is None:
            raise WrongUse(f"{facility} has no [base]", "docs/funding.md shows one")
        answer = {"as_of": as_of, "currency": opened.currency, "base": told}
    _write(out, {"base.json": answer}, {"base.csv": [*told["ineligible"], *told["excess"]]})
    if output is Format.json:
        print_json(answer)
    else:
        _table([*told["ineligible"], *told["excess"]], ("id", "loans", "principal", "group"))
        for key in ("principal", "eligible", "net", "base", "limit", "drawn", "available"):
            answers.print(f"{key}: {told[key]}", markup=False)
    if told["available"].startswith("-"):
        raise AnswerIsNo(f"the base falls short by {told['available'][1:]}", "repay, or bring eligible loans in")


def pack(
    book: BookFolder,
    as_of: AsOf,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files; made when missing.")],
    mapping: Mapping = None,
    facility: FacilityFile = None,
    funder: Funder = None,
    parameters: ParametersFile = None,
    provisions: Annotated[str, typer.Option(help="Set of provision ratios: cn_2002, cn_2012.")] = "cn_2002",
    settings: SettingsFile = None,
    rate: Rate = None,
    quarantine: Quarantine = False,
    threads: Threads = None,
    output: Output = Format.text,
) -> None:
    """The funder's pack: PDF and spreadsheet in both languages, funding.json, reconciliation.csv.

    Every counted figure is derived again from the book's rows by another query. Ends with 0 when all are the
    same, 1 when one differs or the book has faults, 2 on wrong use.
    """
    from forbear.funding.pack.document import LANGUAGES
    from forbear.funding.pack.pdf import pdf
    from forbear.funding.pack.sheet import sheet
    from forbear.night.funding import funding as tell

    question = _question(day(as_of), facility, funder, parameters, settings, provisions=provisions, rate=rate)
    steps = Steps(quiet=output is Format.json)
    with opened_book(book, day(as_of), mapping, quarantine, threads, steps) as opened:
        told = tell(opened, question, steps.step)
        loans = _loans(opened)
    lines = [
        {k: f[k] for k in ("name", "value", "ledger", "difference", "loans", "holds")} for f in told["figures"]
    ]
    made = {f"pack.{lang}.pdf": pdf(told, lang) for lang in LANGUAGES}
    made |= {f"pack.{lang}.xlsx": sheet(told, lang) for lang in LANGUAGES}
    _write(out, {"funding.json": told}, {"reconciliation.csv": lines, "ecl_loans.csv": loans}, made)
    if output is Format.json:
        print_json(told)
    else:
        bad = [f for f in told["figures"] if not f["holds"]]
        answers.print(f"{len(lines)} figures, {len(bad)} differ from the ledger's rows", markup=False)
        for name in ("funding.json", "reconciliation.csv", "ecl_loans.csv", *made):
            answers.print(str(out / name), markup=False)
    if not told["reconciled"]:
        raise AnswerIsNo(
            "figures differ from the ledger's rows", "reconciliation.csv names each: do not send this pack"
        )


def _question(
    as_of: date,
    facility: Path | None,
    funder: str | None,
    parameters: Path | None,
    settings: Path | None,
    **more: Any,
) -> Asked:
    from forbear.funding.facility import read_facility
    from forbear.funding.loss import loss_parameters
    from forbear.night.funding import asked
    from forbear.night.settings import read_settings

    agreed: Facility | None = read_facility(facility) if facility else None
    return asked(
        as_of,
        facility=agreed,
        funder=funder,
        parameters=loss_parameters(parameters),
        settings=read_settings(settings),
        **more,
    )


def _needed(facility: Path | None) -> Path:
    if facility is None:
        raise WrongUse("this needs a facility file", "name it with --facility; docs/funding.md shows one")
    return facility


def _loans(book: Book) -> list[dict[str, Any]]:
    """The expected loss loan by loan, money as decimals of the major unit."""
    from forbear.funding.figures import Money

    money = Money(book.minor_digits)
    found = book.connection.execute(
        "SELECT loan_id, stage, dpd, classification, gross, twelve_months, lifetime, allowance FROM funding.losses"
        " ORDER BY loan_id"
    )
    names = [c[0] for c in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    amounts = ("gross", "twelve_months", "lifetime", "allowance")
    return [{**row, **{k: money(row[k]) for k in amounts}} for row in rows]


def _flat(covenant: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "kind", "metric", "direction", "threshold", "value", "headroom", "state")
    return {k: covenant[k] for k in (*kept, "breaks_on", "broken_since", "cure_until")}


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """A folder beside the files; what is in it is moved into place together at the end."""
    import tempfile

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".forbear-funding-", dir=out) as folder:
        aside = Path(folder)
        yield aside
        for file in sorted(aside.iterdir()):
            file.replace(out / file.name)


def _write(
    out: Path | None,
    documents: dict[str, Any],
    tables: dict[str, list[dict[str, Any]]],
    made: dict[str, bytes] | None = None,
) -> None:
    if out is None:
        return
    import csv
    import json

    with _aside(out) as aside:
        for name, told in documents.items():
            text = json.dumps(told, ensure_ascii=False, indent=1, default=str) + "\n"
            (aside / name).write_text(text, encoding="utf-8")
        for name, rows in tables.items():
            kept = [{k: v for k, v in row.items() if not isinstance(v, dict | list)} for row in rows]
            with (aside / name).open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, list(kept[0]) if kept else [], lineterminator="\n")
                writer.writeheader()
                writer.writerows(kept)
        for name, raw in (made or {}).items():
            (aside / name).write_bytes(raw)


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*("" if row[c] is None else str(row[c]) for c in columns))
    print_table(table)
