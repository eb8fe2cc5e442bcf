"""A desk's database to one file and back, by PostgreSQL's own pg_dump and pg_restore.

A backup is one moment of the database, taken while the desk works. It holds no secrets: the master keys without which
personal data cannot be read lie elsewhere and are kept elsewhere. What PostgreSQL itself offers beside this (a copy of
the cluster with its log of changes, to come back to any moment) is told in docs/operations.md.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from forbear.basics.errors import ForbearError, WrongUse
from forbear.desk.server.binaries import binaries

ANY_TABLE = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


def back_up(database: str, file: Path) -> int:
    """Write the database into a file, whole or not at all; its size in bytes.

    Raises:
        ForbearError: pg_dump failed; carries its words.
        WrongUse: the file is there already.
    """
    if file.exists():
        raise WrongUse(f"{file} is there already", "name a file that is not; an old backup is not written over")
    made = file.with_name(f"{file.name}.part")
    made.unlink(missing_ok=True)
    made.touch(mode=0o600)
    _run("pg_dump", database, "--format=custom", "--no-owner", "--no-unlogged-table-data", f"--file={made}")
    with made.open("rb") as written:
        os.fsync(written.fileno())
    made.rename(file)
    return file.stat().st_size


def bring_back(file: Path, database: str) -> None:
    """Fill an empty database from a backup, all or nothing.

    Raises:
        ForbearError: pg_restore failed; carries its words, and the database is as empty as before.
        WrongUse: no such file, or the database has tables.
    """
    if not file.is_file():
        raise WrongUse(f"there is no {file}", "name a file that `forbear desk backup` wrote")
    with psycopg.connect(database) as connection:
        row = connection.execute(ANY_TABLE).fetchone()
    if row and row[0]:
        raise WrongUse("the database has tables", "bring a backup back into a new data folder or an empty database")
    _run("pg_restore", database, "--exit-on-error", "--single-transaction", "--no-owner", str(file))


def _run(program: str, database: str, *words: str) -> None:
    """Run one of the programs on a database; the password goes by the environment, which other users cannot read."""
    where = {name: str(value) for name, value in conninfo_to_dict(database).items() if value is not None}
    secret = {"PGPASSWORD": where.pop("password")} if "password" in where else {}
    command = [str(binaries() / program), f"--dbname={make_conninfo('', **where)}", *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **secret})
    if told.returncode:
        raise ForbearError(
            f"{program} failed: {told.stderr.strip()[-1000:]}",
            "its version must be that of the server or newer; see docs/operations.md",
        )
