"""The certificate of an allocation: what anyone needs to check it without trusting who made it.

It carries the prices and the bound that they prove. For any prices p >= 0 no allocation has a value above
p . limit + the sum over borrowers of max(0, the best of value - p . use); so value and bound together say how much
better anybody could have decided at most. `forbear certify` works it all out again with code of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forbear.treatment.reading import Capacities
from forbear.treatment.rows import Floats

FORMAT = "forbear-allocation-1"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Certificate:
    """A certificate as it is written: plain data, documented in `docs/allocation.md`."""

    told: dict[str, Any]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def certificate(
    *,
    capacities: Capacities,
    prices: Floats,
    used: Floats,
    bound: float,
    value: float,
    borrowers: int,
    rows: int,
    actions: Mapping[str, int],
    key: str,
    fingerprints: Mapping[str, str],
) -> Certificate:
    """The certificate of an allocation.

    Args:
        capacities: names and limits.
        prices: of each, in value per unit.
        used: of each.
        bound: that the prices prove.
        value: of the decisions.
        borrowers: in the values.
        rows: of the values.
        actions: how many borrowers get each.
        key: of the hash that told equals apart.
        fingerprints: SHA-256 of the files values, capacities and decisions.
    """
    shared = zip(capacities.names, capacities.limits, prices.tolist(), used.tolist(), strict=True)
    treated = sum(actions.values())
    return Certificate(
        {
            "format": FORMAT,
            "forbear": version("forbear"),
            "key": key,
            "bound": bound,
            "value": value,
            "gap": gap(bound, value),
            "capacities": [
                {"capacity": name, "limit": limit, "used": use, "price": price}
                for name, limit, price, use in shared
            ],
            "borrowers": borrowers,
            "rows": rows,
            "treated": treated,
            "waiting": borrowers - treated,
            "actions": dict(actions),
            "sha256": dict(fingerprints),
        }
    )


def gap(bound: float, value: float) -> float:
    """Part of the bound that the value falls short of; 0 when both are nothing."""
    return max(bound - value, 0.0) / bound if bound > 0 else 0.0


def file_fingerprint(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()
