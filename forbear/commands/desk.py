"""`forbear desk`: what an administrator does from the machine itself, such as making the first user."""

from __future__ import annotations

import secrets
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from forbear.basics.console import Format, Steps, answers, print_json
from forbear.basics.errors import WrongUse
from forbear.commands.options import Mapping, Output, Quarantine
from forbear.commands.serve import DEFAULT_DATA, DataOption

group = typer.Typer(no_args_is_help=True, help="The desk's own machine: users, Django's commands.")
user_group = typer.Typer(no_args_is_help=True, help="The desk's users.")
group.add_typer(user_group, name="user")

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="The name to sign in with.")]
FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input; else one is made and shown."),
]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="desk")


def _password(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else secrets.token_urlsafe(15)


@user_group.command("add")
def add_command(
    username: Username,
    role: Annotated[str, typer.Option("--role", help="administrator, manager, agent, compliance, risk, ...")],
    name: Annotated[str, typer.Option("--name", help="The name that colleagues see.")] = "",
    agency: Annotated[str, typer.Option("--agency", help="Agency of a user of role agency; made if new.")] = "",
    funder: Annotated[str, typer.Option("--funder", help="Funder of a user of role funder.")] = "",
    borrower: Annotated[str, typer.Option("--borrower", help="Borrower of a user of role borrower.")] = "",
    language: Annotated[str, typer.Option("--language", help="zh-hans or en; else the browser decides.")] = "",
    from_stdin: FromStdin = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Make a user; the desk may run or not."""
    from forbear.desk.server.access import desk_at

    password = _password(from_stdin)
    with desk_at(data):
        from forbear.desk.people.making import make_user

        make_user(
            username, role, password, name=name, agency=agency, funder=funder, borrower=borrower, language=language
        )
    _tell(username, password, from_stdin)


@user_group.command("password")
def password_command(username: Username, from_stdin: FromStdin = False, data: DataOption = DEFAULT_DATA) -> None:
    """Give a user a new password; her sessions end."""
    from forbear.desk.server.access import desk_at

    password = _password(from_stdin)
    with desk_at(data):
        from forbear.desk.people.making import set_password

        set_password(username, password)
    _tell(username, password, from_stdin)


@user_group.command("list")
def list_command(data: DataOption = DEFAULT_DATA) -> None:
    """List the users and their roles."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.people.models import User

        for user in User.objects.order_by("username"):
            off = "" if user.is_active else "  (off)"
            answers.print(f"{user.username:20} {user.role:14} {user.display_name}{off}", markup=False)


@group.command("import")
def import_command(
    book: Annotated[Path, typer.Argument(help="Folder of a loan book, see docs/book.md.")],
    mapping: Mapping = None,
    quarantine: Quarantine = False,
    output: Output = Format.text,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Bring a loan book into the desk: all of it or nothing of it; what the desk has already stays as it is.

    Killed half-way, it goes on where it stopped when it is run again. Ends with 1 when the book has faults or
    contradicts what the desk has.
    """
    from forbear.desk.server.access import desk_at

    steps = Steps(quiet=output is Format.json)
    with desk_at(data):
        from forbear.desk.imports.importing import import_book

        done = import_book(
            book,
            actor="forbear desk import",
            at=datetime.now(UTC),
            mapping=mapping,
            quarantine=quarantine,
            watch=steps.step,
        )
    if output is Format.json:
        print_json(asdict(done))
    elif done.again:
        answers.print("this very book was imported before; nothing was done", markup=False)
    else:
        for table, rows in done.staged.items():
            answers.print(f"{table:14} {rows:>14,} in the book {done.new.get(table, 0):>14,} new", markup=False)


@group.command("worklist")
def worklist_command(
    close: Annotated[Path, typer.Argument(help="Folder that `forbear close --out` wrote.")],
    output: Output = Format.text,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Load the results of a close: a case for each borrower in arrears, none for one who is cured."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.imports.worklist import load_worklist

        done = load_worklist(close, actor="forbear desk worklist", at=datetime.now(UTC))
    if output is Format.json:
        print_json({**asdict(done), "as_of": str(done.as_of)})
    else:
        answers.print(
            f"as of {done.as_of}: {done.opened:,} cases opened, {done.refreshed:,} refreshed, {done.cured:,} cured",
            markup=False,
        )


@group.command("templates")
def templates_command(data: DataOption = DEFAULT_DATA) -> None:
    """Write the templates and call scripts that come with Forbear into the desk, as drafts for compliance."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from django.utils import timezone

        from forbear.desk.wording.shipping import load

        made = load(timezone.now())
    answers.print(f"{len(made)} written as drafts; propose and approve them under Templates")


@group.command("django", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def django_command(context: typer.Context, data: DataOption = DEFAULT_DATA) -> None:
    """Run one of Django's own commands (`migrate`, `shell`, `makemigrations`) on the desk's database."""
    from forbear.desk.server.access import desk_at

    if not context.args:
        raise WrongUse("no command named", "write for example: forbear desk django showmigrations")
    with desk_at(data):
        from django.core.management import execute_from_command_line

        execute_from_command_line(["forbear desk django", *context.args])


def _tell(username: str, password: str, from_stdin: bool) -> None:
    shown = "" if from_stdin else f"  password: {password}"
    answers.print(f"{username}{shown}", markup=False, soft_wrap=True)
