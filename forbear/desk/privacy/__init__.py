"""Personal data: who a borrower is, encrypted at rest, masked by default, revealed with a reason, erased by rule.

Nothing outside this package reads or writes a name, a phone or an identity number. What others use:

    masked(borrower)                          what a page shows
    masked_names(borrower_ids)                for lists, one query
    reveal(user, borrower, field, reason)     one value in the clear, written to the audit log
    put(borrower, field, value, actor)        record or correct a value
    find(user, field, value)                  borrowers the user may see who have that value
    pseudonym(borrower_id, number)            what `contacts.number` and `facts.number` hold

The package is an app, so it is imported before Django is ready; the names above are loaded at first use.
"""

from importlib import import_module
from typing import Any

_WHERE = {
    "masked": "showing",
    "masked_names": "showing",
    "reveal": "showing",
    "find": "finding",
    "put": "storing",
    "put_many": "storing",
    "remove": "storing",
    "pseudonym": "storing",
}
__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
