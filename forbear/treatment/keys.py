"""The keyed hash by which equals are told apart.

Of borrowers who would gain the same somebody must come first, and it must not always be the one with the lowest
number. The hash of a key and the borrower's id decides: nobody can steer it without the key, whoever has it can
check it, and the same key gives the same decisions whatever the order of the file.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

DEFAULT_KEY = "forbear"
SEPARATOR = "\x1f"


def keyed_hash(ids: pa.Array, key: str) -> NDArray[np.uint64]:
    """The first 64 bits of the MD5 of key, a separator and the id as text, for each id."""
    given = pa.table({"id": ids})
    with duckdb.connect() as connection:
        connection.register("given", given)
        found: NDArray[np.uint64] = connection.execute(
            "SELECT md5_number_upper(? || CAST(id AS VARCHAR)) AS h FROM given", [key + SEPARATOR]
        ).fetchnumpy()["h"]
    return found
