"""Bring the database's tables to this version, as a process: `python -m forbear.desk.server.migrating`.

Where every migration on the disk has been done, which is so at nearly every start, it ends before Django is set up:
that takes a tenth of the time. Otherwise it is Django's own command.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg


def on_disk(apps: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Label and name of each migration file of the apps, none of which is imported."""
    for app in apps:
        spec = find_spec(app)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            for file in Path(place, "migrations").glob("[0-9]*.py"):
                yield app.rpartition(".")[2], file.stem


def all_done(connection: psycopg.Connection[Any], apps: Iterable[str]) -> bool:
    """Whether the database has had every migration of the apps."""
    found = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
    if not found or not found[0]:
        return False
    done = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
    return done.issuperset(on_disk(apps))


def main() -> None:
    """Migrate, if there is anything to do."""
    from forbear.desk import settings

    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        if all_done(connection, settings.INSTALLED_APPS):
            return
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, skip_checks=True, verbosity=0)


if __name__ == "__main__":
    main()
