"""Writing to the audit log, in the transaction of what is told of: both happen or neither does."""

from __future__ import annotations

from typing import Any

from forbear.desk.audit.models import Entry


def record(actor: Any, action: str, subject: str, **facts: Any) -> None:
    """Tell the log that `actor` (a user, or a program's name) did `action` to `subject` (such as `loan:L1`).

    Facts are plain values without personal data: identities, amounts in minor units, reasons, codes.
    """
    name = actor if isinstance(actor, str) else actor.get_username()
    Entry.objects.create(actor=name, action=action, subject=subject, facts=facts)
