"""`forbear serve`: the desk on one port, with its own PostgreSQL or the one that DATABASE_URL names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forbear.basics.console import answers

DataOption = Annotated[
    Path, typer.Option("--data", envvar="FORBEAR_DATA", help="Folder of the desk's database and secrets.")
]
DEFAULT_DATA = Path("desk-data")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("serve")(serve_command)


def serve_command(
    data: DataOption = DEFAULT_DATA,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that answer requests.")] = 2,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Requests each of them answers at once.")] = 8,
) -> None:
    """Run the desk: start the database, bring its tables up to date, serve, print the URL.

    Ctrl-C or SIGTERM stops it in order; a kill -9 loses no answered request. Users: `forbear desk user add`.
    """
    from forbear.desk.server.serving import serve

    def say(url: str) -> None:
        answers.print(f"the desk is at {url}", markup=False)
        answers.file.flush()

    serve(data, host, port, workers=workers, threads=threads, say=say)
