"""The log of what nights decided: who got which step at which chance; a later close of a day replaces its rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from forbear.desk.record.models import Borrower
from forbear.desk.strategies.models import Decided

DECISIONS = "decisions.parquet"
AT_ONCE = 5_000
WAIT = "wait"


def keep_decisions(folder: Path, as_of: date, told: dict[str, Any]) -> int:
    """Keep a close's decisions, in the caller's transaction; how many. A close without a strategy keeps what there is.

    Args:
        folder: of the close.
        as_of: its day.
        told: its portfolio.json.
    """
    if not (folder / DECISIONS).is_file():
        return 0
    Decided.objects.filter(as_of=as_of).delete()
    unit, count = 10 ** int(told["minor_digits"]), 0
    strategies = {"": told["decisions"]["strategy"]["sha256"]}
    strategies |= {one["arm"]: one["sha256"] for one in told["decisions"].get("arms", ())}
    for rows in batches(folder / DECISIONS):
        known = set(
            Borrower.objects.filter(pk__in=[str(r["borrower_id"]) for r in rows]).values_list("pk", flat=True)
        )
        made = [_row(r, as_of, unit, strategies) for r in rows if str(r["borrower_id"]) in known]
        Decided.objects.bulk_create(made)
        count += len(made)
    return count


def batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Rows of a Parquet file, some thousand at a time."""
    for batch in pq.ParquetFile(path).iter_batches(batch_size=AT_ONCE):
        yield batch.to_pylist()


def chances(row: dict[str, Any]) -> tuple[str, float, str]:
    """Of a row of decisions.parquet: the step, its chance, and what the lot would have given instead."""
    action, chance = row["action"], float(row["propensity"])
    if chance == 1:
        return action, chance, WAIT
    return action, chance, row["runner_up"] if action == WAIT else WAIT


def _row(row: dict[str, Any], as_of: date, unit: int, strategies: dict[str, str]) -> Decided:
    action, chance, other = chances(row)
    arm = row.get("arm") or ""
    return Decided(
        as_of=as_of,
        borrower_id=str(row["borrower_id"]),
        action=action,
        other=other,
        chance=chance,
        dpd=row["dpd"],
        at_stake=round(row["at_stake"] * unit),
        pays_alone=float(row["pays_alone"]),
        arm=arm,
        strategy=strategies.get(arm, strategies[""]),
        not_before=row["not_before"].replace(tzinfo=UTC) if row["not_before"] else None,
        loans="|".join(map(str, row["loan_ids"])),
    )
