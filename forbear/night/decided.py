"""What the night decided, in sums: for portfolio.json, the report and the manifest."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from forbear.treatment.proposals import Deciding

FORMAT = "forbear-decisions-1"
MOST_RULES = 20
MONEY = ("at_stake", "expected_gain", "expected_gain_mid", "cost")

_BY_ACTION = """
SELECT action, COUNT(*) AS borrowers, SUM(LEN(loan_ids)) AS loans, ROUND(SUM(at_stake), 2) AS at_stake,
    ROUND(SUM(expected_gain), 2) AS expected_gain, ROUND(SUM(expected_gain_mid), 2) AS expected_gain_mid,
    ROUND(SUM(cost), 2) AS cost, ROUND(SUM(burden), 1) AS burden
FROM decide_decided WHERE action <> 'wait' GROUP BY action ORDER BY borrowers DESC, action
"""
_WAITING = """
SELECT reasons[1] AS reason, COUNT(*) AS borrowers, ROUND(SUM(at_stake), 2) AS at_stake
FROM decide_decided WHERE action = 'wait' GROUP BY ALL ORDER BY borrowers DESC, reason
"""
_HELD_BACK = """
SELECT r.rule, COUNT(DISTINCT g.borrower_id) AS borrowers, COUNT(DISTINCT g.act_id) AS acts,
    STRING_AGG(DISTINCT g.channel, ', ' ORDER BY g.channel) AS channels
FROM decide_gate AS g JOIN (
    SELECT act_id, rule FROM gate_against
    UNION ALL SELECT act_id, 'channel_declined' FROM decide_gate WHERE because LIKE '%channel_declined'
) AS r ON r.act_id = g.act_id
WHERE g.starts_at IS NULL GROUP BY r.rule ORDER BY borrowers DESC, r.rule
"""


def summary(on: Deciding, certificate: dict[str, Any]) -> dict[str, Any]:
    """The part `decisions` of portfolio.json (docs/decisions-of-the-night.md).

    Args:
        on: after the decisions were made (decide_decided, decide_gate).
        certificate: of the allocation.
    """
    strategy = on.read.strategy
    titles = {name: dict(action.title) for name, action in on.read.actions.actions.items()}
    by_action = _money(_rows(on, _BY_ACTION), on.minor_digits)
    capacities = [
        {k: _short(row[k]) for k in ("capacity", "limit", "used", "price")}
        for row in certificate["capacities"]
        if row["limit"] or row["used"]
    ]
    held = _rows(on, _HELD_BACK)
    return {
        "format": FORMAT,
        "strategy": {
            "name": strategy.name,
            "version": strategy.version,
            "title": dict(strategy.title),
            "sha256": on.read.sha256,
            "packs": list(strategy.packs),
            "dispatch": strategy.dispatch,
        },
        "for_day": (on.as_of + timedelta(days=1)).isoformat(),
        "looked_at": _rows(on, "SELECT COUNT(*) AS n FROM decide_decided")[0]["n"],
        "treated": sum(row["borrowers"] for row in by_action),
        "by_action": [{**row, "title": titles[row["action"]]} for row in by_action],
        "waiting": _money(_rows(on, _WAITING), on.minor_digits),
        "held_back": held[:MOST_RULES],
        "gap": certificate["gap"],
        "capacities": capacities,
    }


def _rows(on: Deciding, query: str) -> list[dict[str, Any]]:
    found = on.connection.execute(query)
    names = [str(column[0]) for column in found.description or ()]
    return [{k: _short(v) for k, v in zip(names, row, strict=True)} for row in found.fetchall()]


def _short(value: Any) -> Any:
    return round(float(value), 4) if isinstance(value, float | Decimal) else value


def _money(rows: list[dict[str, Any]], digits: int) -> list[dict[str, Any]]:
    """Rows with their money as decimal strings, as everywhere in portfolio.json."""
    return [{k: f"{v:.{digits}f}" if k in MONEY else v for k, v in row.items()} for row in rows]
