"""The words of a planned message at the moment of sending: values from the ledger, checked once more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from forbear.desk.wording.words import Words


def render(planned: Any, borrower_id: str, at: datetime) -> Words:
    """The words of a planned message now.

    Args:
        planned: a row with `template_version_id`, `channel`, `purpose` and `loan_ids` (empty: all of the borrower's).
        borrower_id: whom it goes to.
        at: now.

    Raises:
        NotWanted: what it is about was paid or settled meanwhile.
        NotSendable: the template is not in force, a value is missing, or the words may not be said.
    """
    raise NotImplementedError
