"""A Spark session on this machine, set up so that it answers as the embedded engine does.

Where Spark's defaults differ in meaning they are set here: UTC for instants, errors instead of silent overflow (ANSI),
Arrow between the processes. A cluster's own session, already running, is used as it is.
"""

from __future__ import annotations

import shutil
from typing import Any

from forbear.basics.errors import WrongUse

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",  # dates before 1582 as they are
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.maxPlanStringLength": "10000",  # plans of many tables are told short, or telling them fills the memory
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "3g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.log.level": "ERROR",
}


def local_spark(**settings: str) -> Any:
    """The session that runs, or a new one on `local[2]`.

    Args:
        settings: Spark settings beside `SETTINGS`, with `__` for the dot (`spark__driver__memory="6g"`).

    Raises:
        WrongUse: pyspark or Java is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise WrongUse("the engine spark needs pyspark", "install forbear[spark]") from missing
    if shutil.which("java") is None:
        raise WrongUse(
            "the engine spark needs Java, and none is on the path", "install a Java runtime, 17 or newer"
        )
    builder: Any = SparkSession.builder
    builder = builder.appName("forbear").master("local[2]")
    for name, value in {**SETTINGS, **{k.replace("__", "."): v for k, v in settings.items()}}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
