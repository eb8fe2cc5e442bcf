"""Reading what the ledger knows of loans, as the plain data that the rules work on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from django.db import connection

from forbear.desk.ledger.acts import Act, Booked, History, Line, Row
from forbear.desk.ledger.named import named
from forbear.desk.ledger.refusals import Refused

LOANS = """
SELECT a.loan_id, l.principal, l.disbursed_on, a.rule, a.last_booked_at
FROM ledger_accounts AS a JOIN loans AS l USING (loan_id)
WHERE a.loan_id = ANY(%(loans)s) ORDER BY a.loan_id
"""


def history(loan_id: str, *, lock: bool = False) -> History:
    """All that the ledger knows of a loan.

    Args:
        loan_id: the loan.
        lock: hold its account until the transaction ends, so that nothing else of it is booked meanwhile.

    Raises:
        Refused: the ledger has no such loan.
    """
    if lock:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM ledger_accounts WHERE loan_id = %s FOR UPDATE", [loan_id])
    for found in histories([loan_id]):
        return found
    raise Refused("unknown_loan", f"the ledger has no loan {loan_id!r}", "import the loan first")


def histories(loans: Iterable[str]) -> Iterator[History]:
    """All that the ledger knows of these loans, one by one, in order of loan_id."""
    asked = {"loans": list(loans)}
    with connection.cursor() as cursor:
        cursor.execute(LOANS, asked)
        accounts = cursor.fetchall()
        cursor.execute(named("versions"), asked)
        rows = {loan: list(group) for loan, group in groupby(cursor.fetchall(), key=lambda row: row[0])}
        cursor.execute(named("history"), asked)
        entries = {loan: list(group) for loan, group in groupby(cursor.fetchall(), key=lambda row: row[0])}
    for loan_id, principal, disbursed_on, rule, last in accounts:
        yield History(
            loan_id,
            principal,
            disbursed_on,
            rule,
            _versions(rows.get(loan_id, ())),
            tuple(_booked(row) for row in entries.get(loan_id, ())),
            last,
        )


def _versions(rows: Iterable[Any]) -> dict[int, tuple[Row, ...]]:
    return {
        version: tuple(Row(*row[2:]) for row in group) for version, group in groupby(rows, key=lambda row: row[1])
    }


def _booked(row: Any) -> Booked:
    _, entry_id, kind, effective_on, amount, cause, facts, reverses, of_entry, lines = row
    act = Act(entry_id, kind, effective_on, amount, cause, json.loads(facts) if facts else {}, reverses)
    postings: dict[Line, int] = {}
    for account, component, number, part in json.loads(lines) if lines else ():
        line = Line(account, component, number)
        postings[line] = postings.get(line, 0) + part
    return Booked(act, postings, of_entry)
