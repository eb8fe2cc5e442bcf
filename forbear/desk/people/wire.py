"""What all of the API shares: how it says no (see `forbear.desk.api.errors`), and how an instant is given."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime


class Refused(Schema):
    """Why not, and what to do. `detail` is a list of places where the request itself does not fit."""

    detail: str | list[Any]
    hint: str = ""


class NotThere(Exception):
    """Nothing of that name that whoever asks may see; the API answers 404, the same for both.

    Args:
        detail: what is not there.
        hint: what to do.
    """

    def __init__(self, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.detail, self.hint = detail, hint


class Waits(Schema):
    """What another person must approve (/approvals)."""

    approval_id: str
    kind: str
    expires_at: datetime


def waits(made: Any) -> dict[str, Any]:
    """An approval as `Waits`."""
    return {"approval_id": str(made.pk), "kind": made.kind, "expires_at": made.expires_at}


NO: dict[int, type[Refused]] = dict.fromkeys((403, 404, 409, 422), Refused)


def _of_our_time(at: datetime) -> datetime:
    if not 2000 <= at.year < 2200:
        raise ValueError("an instant between 2000 and 2200")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
"""An instant that is given: with its zone, and in years that every table can hold."""
