"""Loans of an Apache Fineract server as books: read through its REST API, kept in a mirror, written as tables.

    client = Client("https://host/fineract-provider/api/v1", "user", "password")
    with Mirror("mirror.sqlite3") as mirror:
        report = fetch(client, mirror, at=now)
        books = write_books(mirror, "books")

`wire` speaks HTTP, `mapping` turns one loan's answer into rows, `mirror` remembers them, `fetching` asks only for what
changed, `writing` makes the books. docs/fineract.md says what becomes of what.
"""

from forbear.book.fineract.fetching import Fetched, fetch
from forbear.book.fineract.mirror import Mirror
from forbear.book.fineract.wire import Client, Refused, Unreachable
from forbear.book.fineract.writing import write_books

__all__ = ["Client", "Fetched", "Mirror", "Refused", "Unreachable", "fetch", "write_books"]
