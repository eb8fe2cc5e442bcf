"""CatBoost's trees as plain JSON: what model folders and folders of learned values hold, read with suspicion.

A file is parsed and looked at here before CatBoost sees it, and refused when it is larger than any that is written.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile

MOST_BYTES = 200 * 1024 * 1024
"""A file larger than this is refused unread."""
KEYS = frozenset(("features_info", "oblivious_trees", "scale_and_bias"))
NANS = ("AsIs", "AsFalse", "AsTrue")
MOST_SPLITS = 16
"""Of a tree; CatBoost grows none deeper."""


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


def read_trees(path: Path, booster: Any, hint: str, columns: int | None = None) -> Any:
    """The booster given, with the trees of a file.

    CatBoost takes what such a file says on trust, down to the memory it reads: so all it goes by is looked at here.

    Args:
        path: written by `write_trees`.
        booster: an empty CatBoostClassifier or CatBoostRegressor.
        hint: what to do about a file that cannot be.
        columns: that the trees must have been grown on; not asked when None.

    Raises:
        UnreadableFile: no plain symmetric trees, or none that CatBoost can read.
    """
    from catboost import CatBoostError

    told = read_object(path, hint)
    try:
        why = _what_is_wrong(told, columns)
    except (KeyError, TypeError, AttributeError) as bad:
        why = repr(bad)
    if why:
        raise UnreadableFile(f"{path}: not plain symmetric trees: {why}", hint)
    try:
        booster.load_model(str(path), format="json")
    except CatBoostError as bad:
        raise UnreadableFile(f"{path}: CatBoost cannot read it", hint) from bad
    return booster


def columns_asked(told: Mapping[str, Any]) -> set[int]:
    """Places of the columns that plain trees split by."""
    return {split["float_feature_index"] for tree in told["oblivious_trees"] for split in tree["splits"]}


def _what_is_wrong(told: dict[str, Any], columns: int | None) -> str:
    """Why a JSON object is no set of plain symmetric trees; empty when it is one."""
    if told.keys() != KEYS:
        return f"its keys are {', '.join(sorted(told))}"
    if why := _wrong_columns(told["features_info"], columns):
        return why
    scale, bias = told["scale_and_bias"] if len(told["scale_and_bias"]) == 2 else (None, None)
    bias = bias if isinstance(bias, list) else [bias]
    if not _numbers([scale, *bias]) or len(bias) != 1:
        return "scale and bias are no two numbers"
    known = [frozenset(f["borders"] or []) for f in told["features_info"]["float_features"]]
    wrong = (n for n, tree in enumerate(told["oblivious_trees"]) if not _is_sound(tree, known))
    return next((f"tree {n}" for n in wrong), "")


def _wrong_columns(info: dict[str, Any], columns: int | None) -> str:
    """Why a file's columns cannot be: they are numbers alone, in order, each with rising borders."""
    if info.keys() != {"float_features"}:
        return "its columns are not numbers alone"
    floats = info["float_features"]
    places = [(f["feature_index"], f["flat_feature_index"]) for f in floats]
    if places != [(i, i) for i in range(len(floats))] or columns not in (None, len(floats)):
        return f"it has {len(floats)} columns, {len(floats) if columns is None else columns} are expected in order"
    borders = [f["borders"] or [] for f in floats]
    if not all(_numbers(b) and b == sorted(b) for b in borders):
        return "borders are not rising numbers"
    if not all(f["nan_value_treatment"] in NANS and isinstance(f["has_nans"], bool) for f in floats):
        return "what a missing number means is not said"
    return ""


def _is_sound(tree: dict[str, Any], borders: list[frozenset[float]]) -> bool:
    """Whether a tree has a leaf for each way through its splits, and splits only at known borders."""
    splits = tree["splits"] or []
    if not isinstance(splits, list) or len(splits) > MOST_SPLITS:
        return False
    leaves, weights = tree["leaf_values"], tree["leaf_weights"]
    if len(leaves) != 1 << len(splits) or len(weights) != len(leaves) or not _numbers([*leaves, *weights]):
        return False
    return all(
        s["split_type"] == "FloatFeature"
        and type(s["float_feature_index"]) is int
        and 0 <= s["float_feature_index"] < len(borders)
        and s["border"] in borders[s["float_feature_index"]]
        for s in splits
    )


def _numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) in (int, float) and isfinite(v) for v in values)


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
        UnreadableFile: there is none, it is larger than any that is written, or holds NaN or Infinity.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UnreadableFile(f"{path}: is no file of its own", hint)
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableFile(f"{path}: larger than {MOST_BYTES} bytes", hint)
        told = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refused)
    except (OSError, ValueError, RecursionError) as bad:
        raise UnreadableFile(f"{path}: cannot be read as JSON", hint) from bad
    if not isinstance(told, dict):
        raise UnreadableFile(f"{path}: not a JSON object", hint)
    return told


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")
