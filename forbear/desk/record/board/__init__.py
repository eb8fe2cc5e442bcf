"""The supervisor's board: contacts, right-party rate, promises, cures and complaints, by agent and by strategy.

Seven statements whatever the number of agents, each over an index that begins with time; borrowers who are met more
than once are counted apart, since sorting for that takes longer than all the rest. A row of a statement is one agent,
one strategy, or everybody; they are laid over each other here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from django.db import connection

from forbear.desk.people.models import User

PERIODS = {"today": 1, "7": 7, "30": 30}
"""Days of each period, today's among them."""
STATEMENTS = (
    "contacts",
    "borrowers_by_agent",
    "borrowers_by_strategy",
    "borrowers",
    "promises",
    "cures",
    "complaints",
)


@dataclass(frozen=True)
class Line:
    """Figures of an agent, a strategy or everybody.

    Attributes:
        name: the agent's name or the strategy's; empty for what belongs to none, and for everybody.
    """

    name: str = ""
    contacts: int = 0
    calls: int = 0
    right_party: int = 0
    borrowers: int = 0
    promises: int = 0
    kept: int = 0
    broken: int = 0
    cures: int = 0
    complaints: int = 0
    unanswered: int = 0

    @property
    def right_party_rate(self) -> float | None:
        """Of the calls the share in which the borrower spoke; None without calls."""
        return self.right_party / self.calls if self.calls else None

    @property
    def kept_rate(self) -> float | None:
        """Of the promises whose day has passed the share that was kept; None while none has."""
        settled = self.kept + self.broken
        return self.kept / settled if settled else None


@dataclass(frozen=True)
class Board:
    """The board of a period: everybody, each agent, each strategy; the busiest first."""

    total: Line
    agents: tuple[Line, ...]
    strategies: tuple[Line, ...]


def board(since: datetime, until: datetime) -> Board:
    """The board over [since, until)."""
    total = Line()
    agents: dict[int, Line] = {}
    strategies: dict[str, Line] = {}
    for name in STATEMENTS:
        for row in _rows(name, since, until):
            agent, strategy = row.pop("by_id"), row.pop("strategy")
            if row.pop("everybody"):
                total = replace(total, **row)
            elif strategy is not None:
                strategies[strategy] = replace(strategies.get(strategy, Line(strategy)), **row)
            elif agent is not None:
                agents[agent] = replace(agents.get(agent, Line()), **row)
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=agents)}
    named = (replace(line, name=names.get(agent, str(agent))) for agent, line in agents.items())
    return Board(total, _busiest(named), _busiest(strategies.values()))


def since_of(period: str, midnight: datetime) -> datetime:
    """When a period began that ends today; `midnight` is when today began."""
    return midnight - timedelta(days=PERIODS[period] - 1)


def _busiest(lines: Any) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (-line.contacts, -line.promises, line.name)))


def _rows(name: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(name), {"since": since, "until": until})
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@cache
def _statement(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
