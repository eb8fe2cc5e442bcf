"""`forbear desk token`: tokens of programs, made on the machine itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from forbear.basics.console import answers
from forbear.basics.errors import WrongUse
from forbear.commands.desk import group
from forbear.commands.serve import DEFAULT_DATA, DataOption

token_group = typer.Typer(no_args_is_help=True, help="Tokens with which programs call the API.")
WHO = "forbear desk token"


def register(app: typer.Typer) -> None:
    """Add the group below `forbear desk`."""
    group.add_typer(token_group, name="token")


@token_group.command("add")
def add_command(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="A user of role service.")],
    name: Annotated[str, typer.Option("--name", help="What the token is for.")],
    scope: Annotated[list[str], typer.Option("--scope", help="An action it may do; several times.")],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it lives.")] = 90,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Make a token and show it, once."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.people.tokens import issue, make_token

        now = datetime.now(UTC)
        made = make_token(WHO, service, name, scope, now + timedelta(days=days), now)
        answers.print(issue(WHO, made.pk), markup=False)


@token_group.command("list")
def list_command(data: DataOption = DEFAULT_DATA) -> None:
    """List tokens: id, whose, until when, what for, which actions."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.people.models import ServiceToken

        for token in ServiceToken.objects.select_related("user").order_by("user__username", "made_at"):
            ends = "revoked" if token.revoked_at else f"{token.expires_at:%Y-%m-%d}"
            scopes = " ".join(token.scopes)
            answers.print(f"{token.pk}  {token.user.username:16} {ends:10}  {token.name}: {scopes}", markup=False)


@token_group.command("revoke")
def revoke_command(
    token: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `list` shows it.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """End a token now."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.people.tokens import revoke

        if not revoke(WHO, token, datetime.now(UTC)):
            raise WrongUse(f"no token {token!r} is alive", "list them with: forbear desk token list")
    answers.print(f"revoked {token}", markup=False)
