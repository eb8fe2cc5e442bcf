"""Spark set up for tests: many queries over few rows, where preparing a query takes longest.

Tests of one process share one session: a second Java costs some ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from forbear.basics.spark import local_spark

SMALL = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@contextmanager
def small_spark() -> Iterator[Any]:
    """The session that runs, or a new one, set up for little data; afterwards as it was.

    Raises:
        WrongUse: pyspark or Java is not installed.
    """
    session = local_spark()
    before = {name: session.conf.get(name) for name in SMALL}
    for name, value in SMALL.items():
        session.conf.set(name, value)
    try:
        yield session
    finally:
        for name, value in before.items():
            session.conf.set(name, value)
