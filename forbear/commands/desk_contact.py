"""`forbear desk contact`: workers, and the switches that stop what leaves, from the machine itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from typing import Annotated

import typer

from forbear.basics.console import words
from forbear.basics.errors import WrongUse
from forbear.commands.desk import group
from forbear.commands.serve import DEFAULT_DATA, DataOption

contact_group = typer.Typer(
    no_args_is_help=True, help="What leaves the desk: workers, stop, pause, resume, channels."
)
group.add_typer(contact_group, name="contact")

Channel = Annotated[str, typer.Option("--channel", help="Only this channel; by default everything.")]
Why = Annotated[str, typer.Option("--why", help="Why, for the record.")]
ACTOR = "forbear desk contact"


def register(app: typer.Typer) -> None:
    """The group joins that of `desk`, which stands already."""


@contact_group.command("work")
def work_command(
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="How many processes.")] = 1,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Send what is due until Ctrl-C; beside a running desk, or alone."""
    import os

    from forbear.desk.server.access import desk_at, require_desk

    require_desk(data)
    with desk_at(data):
        from forbear.desk.contact.channels.registry import providers

        if not providers():
            raise WrongUse(
                "no provider is named, so nothing can leave", "set FORBEAR_PROVIDERS; see docs/contact.md"
            )
        command = [sys.executable, "-m", "forbear.desk.contact.worker"]
        running = [subprocess.Popen(command, env=dict(os.environ)) for _ in range(workers)]
        words.print(f"{workers} workers send what is due; Ctrl-C ends them")
        try:
            for one in running:
                one.wait()
        except KeyboardInterrupt:
            for one in running:
                one.send_signal(signal.SIGTERM)
            for one in running:
                with suppress(KeyboardInterrupt):
                    one.wait()


@contact_group.command("stop")
def stop_command(channel: Channel = "", why: Why = "", data: DataOption = DEFAULT_DATA) -> None:
    """Let nothing leave any more, from this moment."""
    _switch("stop_all", channel, why, data)


@contact_group.command("pause")
def pause_command(channel: Channel = "", why: Why = "", data: DataOption = DEFAULT_DATA) -> None:
    """Take up nothing new; what is reserved still leaves."""
    _switch("pause", channel, why, data)


@contact_group.command("drain")
def drain_command(channel: Channel = "", why: Why = "", data: DataOption = DEFAULT_DATA) -> None:
    """Take up nothing new, and let workers end."""
    _switch("drain", channel, why, data)


@contact_group.command("resume")
def resume_command(channel: Channel = "", why: Why = "", data: DataOption = DEFAULT_DATA) -> None:
    """Go on."""
    _switch("resume", channel, why, data)


@contact_group.command("show")
def show_command(data: DataOption = DEFAULT_DATA) -> None:
    """Every channel: whom it may reach, its switch, its providers, its queue."""
    from forbear.desk.server.access import desk_at, require_desk

    require_desk(data)
    with desk_at(data):
        from forbear.desk.contact import clock, queue

        for one in queue.overview(clock.now()):
            held = ", ".join(f"{state} {count}" for state, count in sorted(one.queue.items())) or "nothing planned"
            by = ", ".join(one.providers) or "no provider"
            typer.echo(f"{one.channel:9} {one.mode:10} {one.switch:9} {by}; {held}")


def _switch(act: str, channel: str, why: str, data: DataOption) -> None:
    from forbear.desk.server.access import desk_at, require_desk

    require_desk(data)
    with desk_at(data):
        from forbear.desk.contact import clock, switches

        row = getattr(switches, act)(ACTOR, clock.now(), channel=channel, why=why)
        words.print(f"{row.scope or 'everything'}: {row.mode}")
