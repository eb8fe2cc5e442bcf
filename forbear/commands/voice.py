"""`forbear voice`: a dialer that reads reminders out over SIP, for providers of the kind `dialer`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from forbear.basics.console import words
from forbear.basics.errors import WrongUse

SECRET = "FORBEAR_VOICE_SECRET"  # noqa: S105 - the name of a variable
TRUNK_SECRET = "FORBEAR_SIP_SECRET"  # noqa: S105
SHORTEST_SECRET = 16


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("voice")(voice_command)


def voice_command(
    trunk: Annotated[str, typer.Option("--trunk", help="Where calls go: sip:{number}@trunk.example:5060")],
    caller: Annotated[str, typer.Option("--caller", help="The address that calls.")] = "sip:forbear@localhost",
    user: Annotated[
        str, typer.Option("--user", help=f"Its name at the trunk; the password is {TRUNK_SECRET}.")
    ] = "",
    bind: Annotated[str, typer.Option("--bind", help="This machine's address for SIP and sound.")] = "127.0.0.1",
    sip_port: Annotated[int, typer.Option("--sip-port", min=0, max=65535, help="0: any.")] = 0,
    listen: Annotated[str, typer.Option("--listen", help="Where the desk hands calls over.")] = "127.0.0.1:8090",
    lines: Annotated[
        int, typer.Option("--lines", min=1, max=4, help="Calls at once; more lines are more dialers.")
    ] = 4,
    journal: Annotated[Path, typer.Option("--journal", help="What was dialed and what came of it.")] = Path(
        "voice.jsonl"
    ),
) -> None:
    """Read reminders out over SIP until Ctrl-C; the secret shared with the desk is in FORBEAR_VOICE_SECRET."""
    secret = os.environ.get(SECRET, "")
    if len(secret) < SHORTEST_SECRET:
        raise WrongUse(
            f"{SECRET} is not set, or short", f"give the desk's provider the same {SHORTEST_SECRET}+ characters"
        )
    from forbear.desk.voice.lines import Trunk
    from forbear.desk.voice.web import serve

    where = Trunk(trunk, caller, user, os.environ.get(TRUNK_SECRET, ""), bind, sip_port)
    words.print(f"the dialer listens at http://{listen}; Ctrl-C ends it", markup=False)
    serve(where, listen, journal, secret, lines)
