"""How the API says no: the shape and the statuses of a refusal (see `forbear.desk.api.errors`)."""

from __future__ import annotations

from typing import Any

from ninja import Schema


class Refused(Schema):
    """Why not, and what to do. `detail` is a list of places where the request itself does not fit."""

    detail: str | list[Any]
    hint: str = ""


NO: dict[int, type[Refused]] = dict.fromkeys((403, 404, 409, 422), Refused)
