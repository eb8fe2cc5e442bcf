"""The same features on Spark: the room's SQL files rendered for it, each table a Parquet file, the answer as Arrow.

For books that outgrow a machine. The book's tables are handed over as Parquet, as the night does.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from forbear.basics.spark import local_spark
from forbear.book import Book
from forbear.risk.frame import festivals, words_for
from forbear.risk.tables import RAW_KNOWN, needed, refuse_leaks, render, risk_tables


def spark_features(book: Book, moments: pa.Table, until: date, staging: Path) -> pa.Table:
    """The table `features` of the moments, in order of moment, made by Spark.

    Args:
        book: opened.
        moments: columns moment, loan_id, as_of.
        until: the day up to which labels know.
        staging: folder for what is handed over; on a cluster one that all machines see.

    Raises:
        WrongUse: Spark or Java is not installed, or a table could see the future.
    """
    tables = risk_tables()
    refuse_leaks(tables)
    session = local_spark()
    reads = {name for t in needed(["features"], tables) for name in t.reads}
    given = {"moments": moments, "festivals": festivals(book.currency)}
    for name in sorted(reads & RAW_KNOWN.keys()):
        target = staging / f"{name}.parquet"
        book.connection.execute(f"COPY (SELECT * FROM book.{name}) TO '{target.as_posix()}' (FORMAT parquet)")
        session.read.parquet(str(target)).createOrReplaceTempView(name)
    for name, rows in given.items():
        target = staging / f"{name}.parquet"
        pq.write_table(rows, target)
        session.read.parquet(str(target)).createOrReplaceTempView(name)
    made = needed(["features"], tables)
    try:
        for table in made:
            frame = session.sql(render(table, words_for(book, until), "spark"))
            if not table.view:
                made_at = (staging / f"made-{table.name}").as_posix()
                frame.write.parquet(made_at)
                frame = session.read.schema(frame.schema).parquet(made_at)
            frame.createOrReplaceTempView(table.name)
        return session.table("features").orderBy("moment").toArrow()
    finally:
        for name in {*reads, *given, *(t.name for t in made)}:
            session.catalog.dropTempView(name)
