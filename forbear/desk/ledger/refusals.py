"""Why the ledger does not book something: a code for programs, a sentence and a next step for people."""

from __future__ import annotations

from forbear.basics.errors import WrongUse


class Refused(WrongUse):
    """The ledger will not book this; nothing was changed.

    Args:
        code: short and stable, such as `unknown_loan` or `over_credit`.
        message: what was wrong and where.
        hint: what to do next.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class KeyUsed(Refused):
    """The idempotency key, or the payment's own id, was used for something else."""

    def __init__(self, key: str, entry_id: int) -> None:
        super().__init__(
            "key_used",
            f"{key!r} was used for something else, ledger entry {entry_id}",
            "use a new key for a new act; the same key only to repeat the same one",
        )
        self.entry_id = entry_id
