"""What the API says when it says no, so that its description names it: see `errors` for the status."""

from __future__ import annotations

from typing import Any

from ninja import Schema


class Told(Schema):
    """What was wrong, and what to do about it; of a body that cannot be read, a list of its faults."""

    detail: str | list[dict[str, Any]]
    hint: str = ""
