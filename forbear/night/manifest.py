"""What a close was made from and what came out: fingerprints, so that any figure can be derived again a year later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forbear.book import Book
from forbear.night.portfolio import NightPlan
from forbear.night.tables import needed

FORMAT = "forbear-manifest-1"
CHUNK = 1 << 20


def portfolio_text(told: dict[str, Any]) -> str:
    """`portfolio.json` as it is written."""
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def manifest_text(
    book: Book,
    plan: NightPlan,
    language: str,
    engine: str,
    outputs: Sequence[Path],
    *,
    model_sha256: str = "",
    strategy_sha256: str = "",
    macro_sha256: str = "",
    facts_sha256: Sequence[str] = (),
) -> str:
    """`manifest.json` as it is written.

    Args:
        book: the book that was closed.
        plan: what was made.
        language: of the report.
        engine: that made the tables.
        outputs: the files written, to be fingerprinted.
        model_sha256: fingerprint of the model that scored the loans; empty for none.
        strategy_sha256: fingerprint of the strategy that decided; empty for none.
        macro_sha256: of the file of macro series; empty for none.
        facts_sha256: of the files of facts that the gate was told.
    """
    tables = needed(plan.wanted, plan.own)
    told = {
        "format": FORMAT,
        "forbear": version("forbear"),
        "as_of": plan.as_of.isoformat(),
        "engine": {"name": engine, "version": version({"duckdb": "duckdb", "spark": "pyspark"}[engine])},
        "language": language,
        "mapping": book.mapping,
        "settings": {"sha256": plan.settings.sha256(), "values": plan.settings.plain()},
        "inputs": [
            {"file": f.name, "table": f.table, "bytes": f.bytes, "sha256": f.sha256}
            for f in sorted(book.files, key=lambda f: (f.table or "", f.name))
        ],
        "tables": [{"table": t.name, "room": t.room, "sha256": t.sha256} for t in tables],
        **({"model": model_sha256} if model_sha256 else {}),
        **({"strategy": strategy_sha256} if strategy_sha256 else {}),
        **({"macro": macro_sha256} if macro_sha256 else {}),
        **({"facts": list(facts_sha256)} if facts_sha256 else {}),
        "outputs": [{"file": p.name, "bytes": p.stat().st_size, "sha256": file_sha256(p)} for p in outputs],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def file_sha256(path: Path) -> str:
    """Fingerprint of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()
