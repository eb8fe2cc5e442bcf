"""`forbear fineract` and `forbear desk fineract`: loans of an Apache Fineract server, as books or into the desk."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forbear.basics.console import Format, Steps, answers, print_json
from forbear.basics.errors import WrongUse
from forbear.commands.desk import group
from forbear.commands.serve import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from forbear.book.fineract import Client, Fetched

PASSWORD = "FINERACT_PASSWORD"  # noqa: S105 - the variable's name
WHO = "forbear desk fineract"
SHOWN = 5

Url = Annotated[str, typer.Argument(metavar="URL", help="Such as https://host/fineract-provider/api/v1")]
User = Annotated[
    str, typer.Option("--user", envvar="FINERACT_USER", help="Who asks; needs READ_LOAN and READ_AUDIT.")
]
Tenant = Annotated[str, typer.Option("--tenant", envvar="FINERACT_TENANT", help="Fineract's tenant.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help=f"Read the password from standard input; else from {PASSWORD}.")
]
Full = Annotated[bool, typer.Option("--full", help="Read every loan again, not what changed alone.")]
Rate = Annotated[float, typer.Option("--rate", min=0.1, max=1000, help="Requests a second at most.")]
Ca = Annotated[
    Path | None, typer.Option("--ca", help="File of the authority that signed the server's certificate.")
]
Plain = Annotated[
    bool, typer.Option("--plain-http", help="Allow http to another machine; the password is readable.")
]
Output = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command("fineract")(fineract_command)
    group.command("fineract")(desk_command)


def fineract_command(
    url: Url,
    user: User,
    out: Annotated[Path, typer.Option("--out", help="Folder that gets a book for each currency.")],
    tenant: Tenant = "default",
    from_stdin: FromStdin = False,
    full: Full = False,
    rate: Rate = 20.0,
    ca: Ca = None,
    plain: Plain = False,
    output: Output = Format.text,
) -> None:
    """Read the loans of a Fineract server into books that `forbear close` takes; run again, it reads what changed.

    What cannot be a loan of a book is counted and named. See docs/fineract.md.
    """
    from forbear.book.fineract import Mirror, fetch, write_books

    client, steps = _client(url, user, tenant, from_stdin, rate, ca, plain), Steps(quiet=output is Format.json)
    with Mirror(out / ".fineract.sqlite3") as mirror:
        with steps.step("reading loans") as progress:
            done = fetch(client, mirror, at=datetime.now(UTC), full=full, progress=progress)
        with steps.step("writing books"):
            books = write_books(mirror, out)
    if output is Format.json:
        print_json({**_told(done), "books": {currency: str(path) for currency, path in books.items()}})
        return
    _tell(done)
    for currency, path in books.items():
        answers.print(f"{currency}: {path}", markup=False, soft_wrap=True)


def desk_command(
    url: Url,
    user: User,
    tenant: Tenant = "default",
    from_stdin: FromStdin = False,
    full: Full = False,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Leave loans with faults out instead of refusing all.")
    ] = False,
    rate: Rate = 20.0,
    ca: Ca = None,
    plain: Plain = False,
    output: Output = Format.text,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Bring the loans of a Fineract server into the desk; run again, it brings what changed.

    Ends with 1 when a book has faults or contradicts the desk. See docs/fineract.md.
    """
    from forbear.desk.server.access import desk_at

    client, steps = _client(url, user, tenant, from_stdin, rate, ca, plain), Steps(quiet=output is Format.json)
    with desk_at(data):
        from forbear.desk.imports.fineract import bring_in, mirror_of

        with steps.step("bringing loans in") as progress:
            done = bring_in(
                client,
                mirror_of(data, client),
                actor=WHO,
                at=datetime.now(UTC),
                full=full,
                quarantine=quarantine,
                progress=progress,
            )
    if output is Format.json:
        new = {currency: dict(one.new) for currency, one in done.imported.items()}
        print_json({**_told(done.fetched), "new": new, "acts": done.acts, "refused": done.refused})
        return
    _tell(done.fetched)
    for currency, one in done.imported.items():
        for table, rows in one.staged.items():
            answers.print(f"{currency} {table:14} {rows:>12,} read {one.new.get(table, 0):>12,} new", markup=False)
        if one.left_out.loans:
            answers.print(f"{currency}: {one.left_out.loans:,} loans with faults left out", markup=False)
    for kind, count in done.acts.items():
        answers.print(f"{kind}: {count:,} booked", markup=False)
    for told in done.refused:
        answers.print(f"not booked: {told}", markup=False, soft_wrap=True)


def _client(
    url: str, user: str, tenant: str, from_stdin: bool, rate: float, ca: Path | None, plain: bool
) -> Client:
    from forbear.book.fineract import Client

    password = sys.stdin.readline().rstrip("\r\n") if from_stdin else os.environ.get(PASSWORD, "")
    if not password:
        raise WrongUse("no password", f"set {PASSWORD}, or pipe it in with --password-stdin; never as an argument")
    return Client(url, user, password, tenant=tenant, rate=rate, ca=str(ca) if ca else None, plain=plain)


def _told(done: Fetched) -> dict[str, Any]:
    told = asdict(done)
    told.pop("changed")
    return told


def _tell(done: Fetched) -> None:
    answers.print(f"{done.listed:,} loans: {done.read:,} read, {done.unchanged:,} as before", markup=False)
    for status, count in done.statuses.items():
        answers.print(f"  {count:>10,} {status}", markup=False)
    for reason, loans in done.left_out.items():
        more = f", and {len(loans) - SHOWN:,} more" if len(loans) > SHOWN else ""
        answers.print(f"left out, {reason}: {len(loans):,}: {', '.join(loans[:SHOWN])}{more}", markup=False)
    if done.types:
        answers.print("transactions: " + ", ".join(f"{n:,} {name}" for name, n in done.types.items()), markup=False)
    if done.vanished:
        answers.print(f"no longer at the server, kept: {len(done.vanished):,} loans", markup=False)
    if done.audited is False:
        answers.print("the audit trail cannot be read: what changes no sum is found by --full alone", markup=False)
