"""CatBoost's trees as plain JSON: what model folders and folders of learned values hold, read with suspicion.

A file is parsed and looked at here before CatBoost sees it, and refused when it is larger than any that is written.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile

MOST_BYTES = 200 * 1024 * 1024
"""A file larger than this is refused unread."""
KEYS = frozenset(("features_info", "oblivious_trees", "scale_and_bias"))


def write_trees(booster: Any, path: Path) -> None:
    """CatBoost's JSON without what differs from run to run (times, ids of training)."""
    path.write_text(json.dumps(_plain(booster, path), separators=(",", ":")) + "\n", encoding="utf-8")


def _plain(booster: Any, path: Path) -> dict[str, Any]:
    """The trees as a JSON object, by way of the file; without times, ids of training and names of classes."""
    booster.save_model(str(path), format="json")
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    told.pop("model_info", None)
    return told


def plain_trees(booster: Any) -> dict[str, Any]:
    """The trees as a JSON object, as `write_trees` writes it."""
    with tempfile.TemporaryDirectory(prefix="forbear-trees-") as aside:
        return _plain(booster, Path(aside) / "trees.json")


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


def columns_asked(told: Mapping[str, Any]) -> set[int]:
    """Places of the columns that plain trees split by."""
    return {split["float_feature_index"] for tree in told["oblivious_trees"] for split in tree["splits"]}


def by_steps(told: Mapping[str, Any], column: int, steps: int, place_of: Mapping[int, int]) -> Any:
    """The same trees with one number a step in each leaf, in place of the column that said the step.

    Chains ask the same rows once a step: so they are asked once for all steps, to the same bit.

    Args:
        told: plain symmetric trees of one answer.
        column: place of the step's column, the last one.
        steps: how many there are, counted from 0.
        place_of: where each other column that the trees split by stands in the matrix that is to be asked.
    """
    from catboost import CatBoost

    trees = [_without(tree, column, steps) for tree in told["oblivious_trees"]]
    floats = [f for f in told["features_info"]["float_features"] if f["feature_index"] in place_of]
    scale, bias = told["scale_and_bias"]
    made = {
        **told,
        "oblivious_trees": trees,
        "features_info": {**told["features_info"], "float_features": _placed(floats, trees, place_of)},
        "scale_and_bias": [scale, [bias[0] if isinstance(bias, list) else bias] * steps],
    }
    with tempfile.TemporaryDirectory(prefix="forbear-trees-") as aside:
        path = Path(aside) / "trees.json"
        path.write_text(json.dumps(made), encoding="utf-8")
        booster = CatBoost()
        booster.load_model(str(path), format="json")
    return booster


def _placed(
    floats: Sequence[Mapping[str, Any]], trees: Sequence[Mapping[str, Any]], place_of: Mapping[int, int]
) -> list[dict[str, Any]]:
    """The columns at their new places; splits, which count the borders of all columns on end, are counted anew."""
    ordered = sorted(floats, key=lambda f: place_of[f["feature_index"]])
    first, borders = {}, 0
    for told in ordered:
        first[told["feature_index"]] = borders
        borders += len(told["borders"])
    borders_of = {f["feature_index"]: f["borders"] for f in floats}
    for split in (split for tree in trees for split in tree["splits"]):
        place = split["float_feature_index"]
        split["split_index"] = first[place] + borders_of[place].index(split["border"])
        split["float_feature_index"] = place_of[place]
    places = [place_of[f["feature_index"]] for f in ordered]
    return [{**f, "feature_index": p, "flat_feature_index": p} for f, p in zip(ordered, places, strict=True)]


def _without(tree: dict[str, Any], column: int, steps: int) -> dict[str, Any]:
    """A tree whose leaves hold a value for each step; splits by the step's column are gone.

    A leaf's number has a bit for each split, the first split's the lowest.
    """
    splits = list(enumerate(tree["splits"]))
    kept = [(bit, split) for bit, split in splits if split["float_feature_index"] != column]
    gone = [(bit, split["border"]) for bit, split in splits if split["float_feature_index"] == column]
    at_step = [sum(1 << bit for bit, border in gone if step > border) for step in range(steps)]
    values = []
    for leaf in range(1 << len(kept)):
        base = sum(1 << bit for place, (bit, _) in enumerate(kept) if leaf >> place & 1)
        values += [tree["leaf_values"][base + more] for more in at_step]
    return {
        "leaf_values": values,
        "leaf_weights": [1] * (1 << len(kept)),
        "splits": [dict(split) for _, split in kept],
    }


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
