"""CatBoost's trees as plain JSON: what model folders and folders of learned values hold, read with suspicion.

A file is parsed and looked at here before CatBoost sees it, and refused when it is larger than any that is written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile

MOST_BYTES = 200 * 1024 * 1024
"""A file larger than this is refused unread."""
KEYS = frozenset(("features_info", "oblivious_trees", "scale_and_bias"))


def write_trees(booster: Any, path: Path) -> None:
    """CatBoost's JSON without what differs from run to run (times, ids of training)."""
    booster.save_model(str(path), format="json")
    told = json.loads(path.read_text(encoding="utf-8"))
    told.pop("model_info", None)
    path.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")


def read_trees(path: Path, booster: Any, hint: str) -> Any:
    """The booster given, with the trees of a file.

    Args:
        path: written by `write_trees`.
        booster: an empty CatBoostClassifier or CatBoostRegressor.
        hint: what to do about a file that cannot be.

    Raises:
        UnreadableFile: no plain symmetric trees, or none that CatBoost can read.
    """
    from catboost import CatBoostError

    told = read_object(path, hint)
    if not told.keys() >= KEYS or told.get("ctr_data"):
        raise UnreadableFile(f"{path}: not plain symmetric trees", hint)
    try:
        booster.load_model(str(path), format="json")
    except CatBoostError as bad:
        raise UnreadableFile(f"{path}: CatBoost cannot read it", hint) from bad
    return booster


def read_object(path: Path, hint: str) -> dict[str, Any]:
    """The JSON object of a file.

    Raises:
        UnreadableFile: there is none, or it is larger than any that is written.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableFile(f"{path}: larger than {MOST_BYTES} bytes", hint)
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as bad:
        raise UnreadableFile(f"{path}: cannot be read as JSON", hint) from bad
    if not isinstance(told, dict):
        raise UnreadableFile(f"{path}: not a JSON object", hint)
    return told
