"""A folder of learned values: `values.json` says all but the trees, which stand beside it as CatBoost's own JSON.

Nothing in it is code and there is no pickle. `values.json` carries the sha256 of every other file; a folder whose files
are not what it says is refused. docs/values.md describes each key.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.risk.trees import read_object, read_trees, write_trees
from forbear.treatment.stages import ByStage
from forbear.treatment.values import CAUTION, Mean, Prior, Values

FORMAT = "forbear-values-1"
VALUES = "values.json"
TO_GO = "to_go.trees.json"
REACH = "reach.trees.json"
HINT = "name a folder that `forbear fit-values` wrote"


def save(values: Values, out: Path, facts: Mapping[str, Any]) -> None:
    """Write the folder, all of it or nothing; earlier values there are replaced.

    Args:
        values: what was learned.
        out: the folder.
        facts: what else a reader must know: the log's fingerprint, discount, step.

    Raises:
        WrongUse: the folder holds something else.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / VALUES).exists())):
        raise WrongUse(f"{out}: holds something that is no values", "name a new folder with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".forbear-values-", dir=out.parent) as aside:
        made = Path(aside) / "values"
        made.mkdir()
        for name, trees in _trees_of(values).items():
            write_trees(trees, made / name)
        told = {**plain(values), "facts": dict(facts)}
        told["files"] = {p.name: _sha256(p) for p in sorted(made.iterdir())}
        (made / VALUES).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if out.exists():
            shutil.rmtree(out)
        made.replace(out)


def plain(values: Values) -> dict[str, Any]:
    """Values without their trees, as JSON values; each action's figure with its source."""
    return {
        "format": FORMAT,
        "forbear": version("forbear"),
        "columns": list(values.columns),
        "actions": list(values.actions),
        "rows": values.rows,
        "borrowers": values.borrowers,
        "caution": CAUTION,
        "slope": values.slope,
        "slope_error": values.slope_error,
        "center": values.center,
        "usual_reach": list(values.usual),
        "means": [
            {**{k: None if v != v else v for k, v in asdict(m).items()}, "source": m.source}  # noqa: PLR0124 - NaN
            for m in values.means
        ],
        "by_stage": None if values.by_stage is None else values.by_stage.as_dict(),
    }


def load(folder: Path) -> Values:
    """Read a folder of values.

    Raises:
        UnreadableFile: a file is missing, changed, too large or not what it should be.
    """
    told = read_object(folder / VALUES, HINT)
    if told.get("format") != FORMAT:
        raise UnreadableFile(f"{folder / VALUES}: format is {told.get('format')!r}, not {FORMAT}", HINT)
    try:
        for name, sha in dict(told["files"]).items():
            path = folder / str(name)
            known = Path(str(name)).name == name and path.is_file() and not path.is_symlink()
            if not known or _sha256(path) != sha:
                raise UnreadableFile(f"{path}: not the file that was written with the values", "fit them again")
        return _values(folder, told)
    except (KeyError, TypeError, ValueError, AttributeError) as bad:
        raise UnreadableFile(f"{folder / VALUES}: not whole values: {bad!r}", "fit them again") from bad


def _values(folder: Path, told: Mapping[str, Any]) -> Values:
    from catboost import CatBoostRegressor

    again = "fit the values again"
    trees = {name: read_trees(folder / name, CatBoostRegressor(), again) for name in told["files"]}
    means = tuple(_mean(row) for row in told["means"])
    if [m.action for m in means] != told["actions"] or not means:
        raise ValueError("means are not those of the actions")
    by_stage = ByStage.from_dict(told["by_stage"]) if told.get("by_stage") else None
    if by_stage is not None and by_stage.mean.shape[1] != len(means):
        raise ValueError("stages are not those of the actions")
    return Values(
        tuple(told["columns"]),
        tuple(told["actions"]),
        means,
        float(told["slope"]),
        float(told["slope_error"]),
        float(told["center"]),
        tuple(trees[name] for name in sorted(trees) if name not in (TO_GO, REACH)),
        trees.get(REACH),
        tuple(float(u) for u in told["usual_reach"]),
        trees.get(TO_GO),
        int(told["rows"]),
        int(told["borrowers"]),
        by_stage,
    )


def _mean(row: Mapping[str, Any]) -> Mean:
    known: dict[str, Any] = {k: float("nan") if v is None else v for k, v in row.items()}
    del known["source"]
    return Mean(**{**known, "prior": Prior(**row["prior"])})


def fingerprint(folder: Path) -> str:
    """sha256 of `values.json`, which carries those of all other files.

    Raises:
        UnreadableFile: there is none.
    """
    if not (folder / VALUES).is_file():
        raise UnreadableFile(f"{folder}: holds no {VALUES}", HINT)
    return _sha256(folder / VALUES)


def _trees_of(values: Values) -> dict[str, Any]:
    made = {f"effects_{number}.trees.json": trees for number, trees in enumerate(values.effects)}
    more = {TO_GO: values.to_go, REACH: values.reach}
    return {**made, **{name: trees for name, trees in more.items() if trees is not None}}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
