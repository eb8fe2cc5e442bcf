"""A bank file of either kind: which it is, and its statements."""

from __future__ import annotations

from forbear.basics.errors import WrongUse
from forbear.desk.money.bank.camt import is_xml, read_camt
from forbear.desk.money.bank.mapped import read_mapped
from forbear.desk.money.bank.mapping import Mapping, shipped
from forbear.desk.money.bank.movements import Faults, Statement

LARGEST = 64 * 2**20
"""Bytes of a file; a statement of a hundred thousand entries has about half of it."""
CAMT = "camt.053"


def read_statements(data: bytes, file: str, mapping: Mapping | None) -> list[Statement]:
    """The statements of a bank file: camt.053, or CSV through a mapping.

    Raises:
        Faulty: it has faults.
        WrongUse: it is CSV and no mapping was named.
    """
    faults = Faults(file)
    if not data.strip():
        faults.add("the file", "size", f"{len(data)} bytes", "a bank statement")
    if len(data) > LARGEST:
        faults.add("the file", "size", f"{len(data)} bytes", f"at most {LARGEST}: ask the bank for shorter periods")
    faults.refuse()
    if is_xml(data):
        return read_camt(data, file)
    if mapping is None:
        raise WrongUse(f"{file} is no XML, and no mapping says how to read it", f"shipped: {', '.join(shipped())}")
    return read_mapped(data, file, mapping)
