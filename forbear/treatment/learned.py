"""Learned values in the night: the features of everybody looked at, and what each learned action would bring them.

Features are those that every book has (`deciding/features.sql`) and numbers of the borrowers' own `x_` columns. Values
that want another feature are refused by name: a figure must not rest on something that is not there.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from forbear.basics.errors import WrongUse
from forbear.treatment.proposals import Deciding, deciding_sql, keep, put
from forbear.treatment.values import Floats, Values
from forbear.treatment.values_folder import load

EMPTY = """SELECT borrower_id, '' AS action, 0.0 AS low, 0.0 AS mid, 0.0 AS given_up, '' AS source
    FROM decide_people WHERE FALSE"""


def learned(on: Deciding) -> None:
    """Make decide_learned: one row a borrower and learned action.

    Raises:
        UnreadableFile: the values cannot be read.
        WrongUse: they want a feature that the night does not know.
    """
    if on.read.values is None:
        keep(on.connection, "decide_learned", EMPTY)
        return
    values = load(on.read.values)
    table = _features(on)
    missing = [name for name in values.columns if name not in table.column_names]
    if missing:
        known = ", ".join(n for n in table.column_names if n != "borrower_id")
        raise WrongUse(
            f"{on.read.values}: its values want the feature {missing[0]}, which this night does not know",
            f"fit them on a log with features among {known}",
        )
    features = np.column_stack([table[name].to_numpy().astype(np.float64) for name in values.columns])
    put(on.connection, "decide_learned", _rows(values, features, table["borrower_id"]))


def _rows(values: Values, features: Floats, ids: pa.ChunkedArray) -> pa.Table:
    gains, given_up = values.gains(features), values.given_up(features)
    parts = []
    for number, mean in enumerate(values.means):
        if number and mean.weight > 0:
            some = {"low": gains.low[:, number], "mid": gains.mean[:, number], "given_up": given_up}
            parts.append(
                pa.table(
                    {
                        "borrower_id": ids,
                        "action": pa.array([mean.action] * len(ids), pa.string()),
                        **some,
                        "source": pa.array([mean.source] * len(ids), pa.string()),
                    }
                )
            )
    kinds = {"action": pa.string(), "low": pa.float64(), "mid": pa.float64(), "given_up": pa.float64()}
    empty = pa.schema([("borrower_id", ids.type), *kinds.items(), ("source", pa.string())]).empty_table()
    return pa.concat_tables(parts) if parts else empty


def _features(on: Deciding) -> pa.Table:
    _attempts(on)
    own = _own_numbers(on)
    words = {
        "own": "".join(f', CAST(b."{name}" AS DOUBLE) AS "{name[2:]}"' for name in own),
        "joined": " LEFT JOIN book.borrowers AS b ON b.borrower_id = p.borrower_id" if own else "",
    }
    made: pa.Table = on.connection.sql(deciding_sql("features").format(**words)).to_arrow_table()
    return made


def _attempts(on: Deciding) -> None:
    if "contacts" not in on.tables:
        keep(on.connection, "decide_attempts", "SELECT borrower_id, 0 AS days_ago FROM decide_people WHERE FALSE")
        return
    day = f"DATE '{on.as_of}'"
    keep(
        on.connection,
        "decide_attempts",
        f"""SELECT c.borrower_id, DATE_DIFF('day', CAST(c.at AS DATE), {day}) AS days_ago FROM book.contacts AS c
        WHERE c.direction = 'out' AND CAST(c.at AS DATE) <= {day}""",
    )


def _own_numbers(on: Deciding) -> list[str]:
    """Columns `x_` of borrowers that hold numbers, or yes and no, and whose names are not those of the features."""
    if "borrowers" not in on.tables:
        return []
    found = on.connection.execute("DESCRIBE book.borrowers").fetchall()
    taken = ("dpd", "at_stake", "pays_alone", "loans", "contacts_7", "contacts_30", "days_since_contact")
    kinds = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "BOOLEAN")
    return [
        str(name)
        for name, kind, *_ in found
        if str(name).startswith("x_") and str(name)[2:] not in taken and str(kind).startswith((*kinds, "DECIMAL"))
    ]
