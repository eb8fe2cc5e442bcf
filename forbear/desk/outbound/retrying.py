"""When a message that failed is tried again: the waits of `retrying.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Plan:
    """The figures of `retrying.toml`."""

    first: float
    factor: float
    most: float
    jitter: float
    give_up_days: float
    quiet_after: int
    park_days: float
    lease: float
    keep_days: float

    def wait(self, failures: int, luck: float) -> timedelta:
        """How long to wait after so many failures.

        Args:
            failures: 1 or more.
            luck: 0 to 1; one half is the plain wait.
        """
        plain = min(self.first * self.factor ** min(failures - 1, 20), self.most)
        return timedelta(seconds=plain * (1 + self.jitter * (2 * luck - 1)))


@cache
def plan() -> Plan:
    """The plan, read once."""
    return Plan(**tomllib.loads(files(__package__).joinpath("retrying.toml").read_text("utf-8")))
