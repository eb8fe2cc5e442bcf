"""The model folder: text alone, described by itself, loaded only if every file is what it says.

`model.json` says everything but the trees: what the model answers, on what it was fitted, what it claims. Each
chain's trees stand in `<chain>.trees.json`, CatBoost's own JSON, parsed here before CatBoost sees it. Nothing in
the folder is code; there is no pickle. `model.json` carries the sha256 of every other file, and its own stands in
the manifest of whatever used it. docs/model-folder.md describes each key.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.basics.output import require_room
from forbear.book import Book
from forbear.risk.chains import Chain, chains
from forbear.risk.encode import Encoding
from forbear.risk.fit import Model
from forbear.risk.hazard import ChainModel
from forbear.risk.measures import Figures, figures
from forbear.risk.rehearsal import Claim
from forbear.risk.repaid import Repaid
from forbear.risk.scorecard import read_scorecard
from forbear.risk.trees import MOST_BYTES, read_object, read_trees, write_trees
from forbear.risk.warning import Indicator, Warner, candidates

FORMAT = "forbear-model-1"
OF_CLAIM = ("all", "first_time", "at_disbursal")
"""What a claim tells apart."""
MODEL = "model.json"
CARDS = ("card.md", "card.html")
TREES = ".trees.json"
HINT = "name a folder that `forbear fit` wrote"


def book_facts(book: Book) -> dict[str, Any]:
    """What tells one book from another: its files' fingerprints, currency and mapping."""
    return {
        "mapping": book.mapping,
        "currency": book.currency,
        "files": [
            {"file": f.name, "table": f.table, "sha256": f.sha256} for f in sorted(book.files, key=lambda f: f.name)
        ],
    }


def place_for(out: str | Path) -> Path:
    """The folder that a model may be written into: asked before the fit, so that no work is lost.

    Raises:
        WrongUse: it is a file, holds anything but an earlier model, or cannot be made there.
    """
    target = Path(out).resolve()
    if target.is_dir():
        if others := sorted(p.name for p in target.iterdir() if not _is_of_model(p)):
            raise WrongUse(
                f"{target}: holds something that is no model: {others[0]}", "name a new folder with --out"
            )
        if any(target.iterdir()) and not (target / MODEL).is_file():
            raise WrongUse(f"{target}: holds no whole model: {MODEL} is missing", "name a new folder with --out")
    elif target.exists():
        raise WrongUse(f"{target}: is a file, and a model is a folder", "name a new folder with --out")
    require_room(target)
    return target


def _is_of_model(path: Path) -> bool:
    return path.is_file() and (path.name in (MODEL, *CARDS) or path.name.endswith(TREES))


def save(model: Model, out: str | Path, book: Mapping[str, Any] | None = None) -> Path:
    """Write a model into the folder `out`, all of it or nothing; an earlier model there is replaced.

    Raises:
        WrongUse: the folder holds something else, or cannot be written.
    """
    from forbear.risk.card import card_html, card_markdown

    target = place_for(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".forbear-model-", dir=target.parent) as aside:
        made = Path(aside) / "model"
        made.mkdir()
        for name, chain in model.chains.items():
            write_trees(chain.booster, made / f"{name}{TREES}")
        told = {**plain(model), "book": dict(book or {})}
        (made / CARDS[0]).write_text(card_markdown(told), encoding="utf-8")
        (made / CARDS[1]).write_text(card_html(told), encoding="utf-8")
        told["files"] = {p.name: _sha256(p) for p in sorted(made.iterdir())}
        (made / MODEL).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if target.exists():
            target.replace(Path(aside) / "earlier")
        made.replace(target)
    return target


def plain(model: Model) -> dict[str, Any]:
    """A model without its trees, as JSON values."""
    return {
        "format": FORMAT,
        "forbear": version("forbear"),
        "catboost": version("catboost"),
        "kind": model.kind,
        "as_of": model.as_of.isoformat(),
        "rows": model.rows,
        "borrowers": model.borrowers,
        "columns": list(model.columns),
        "windows": dict(model.windows),
        "missing": dict(model.missing),
        "notes": list(model.notes),
        "claims": {n: {k: getattr(c, k).plain() for k in OF_CLAIM} for n, c in model.claims.items()},
        "chains": {name: _plain_chain(chain) for name, chain in model.chains.items()},
        "importance": {name: dict(shares) for name, shares in model.importance.items()},
        "repaid": asdict(model.repaid) if model.repaid else None,
        "watch": dict(model.watch),
        "warning": asdict(model.warner) if model.warner else None,
    }


def _plain_chain(model: ChainModel) -> dict[str, Any]:
    return {
        "steps": list(model.chain.steps),
        "stays": model.chain.stays,
        "outputs": {
            c: [model.chain.steps[k], "end" if end else "stay"] for c, (k, end) in model.chain.outputs.items()
        },
        "columns": list(model.columns),
        "encodings": {n: {"values": dict(e.values), "otherwise": e.otherwise} for n, e in model.encodings.items()},
        "trees": int(model.booster.tree_count_),
        "blend": list(model.blend),
        "lines": [list(line) for line in model.lines],
        "tails": list(model.tails),
        "scorecard": model.card.plain() if model.card else None,
    }


def load(folder: str | Path) -> Model:
    """Read a model folder.

    Raises:
        UnreadableFile: a file is missing, changed, too large or not what it should be.
    """
    root = Path(folder)
    told = read_object(root / MODEL, HINT)
    if told.get("format") != FORMAT:
        raise UnreadableFile(f"{root / MODEL}: format is {told.get('format')!r}, not {FORMAT}", "fit it again")
    files = told.get("files")
    if not isinstance(files, dict):
        raise UnreadableFile(f"{root / MODEL}: names no files", "fit the model again")
    for name, sha in files.items():
        path = root / str(name)
        if Path(str(name)).name != name or not path.is_file() or path.is_symlink():
            raise UnreadableFile(f"{path}: no file of the model's own folder", "fit the model again")
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableFile(f"{path}: larger than {MOST_BYTES} bytes", "fit the model again")
        if _sha256(path) != sha:
            raise UnreadableFile(f"{path}: not the file that was written with the model", "fit the model again")
    try:
        return _model(root, told)
    except (KeyError, TypeError, ValueError, AttributeError) as bad:
        raise UnreadableFile(f"{root / MODEL}: not a whole model: {bad!r}", "fit the model again") from bad


def _model(root: Path, told: Mapping[str, Any]) -> Model:
    known = {c.name: c for c in chains(told["kind"])}
    if not told["chains"]:
        raise ValueError("it answers no question")
    _refuse_other_than(told["columns"], str)
    if not all(isinstance(told[key], dict) for key in ("missing", "windows", "watch", "importance")):
        raise ValueError("missing, windows, watch and importance are no objects")
    made = {name: _chain_model(root, known[name], row, told) for name, row in told["chains"].items()}
    return Model(
        told["kind"],
        date.fromisoformat(told["as_of"]),
        tuple(told["columns"]),
        made,
        told["missing"],
        {n: _claim(n, c) for n, c in told["claims"].items()},
        Repaid(**{k: tuple(v) for k, v in told["repaid"].items()}) if told["repaid"] else None,
        told["windows"],
        told["watch"],
        int(told["rows"]),
        int(told["borrowers"]),
        told["importance"],
        _warner(told["warning"]),
        tuple(told["notes"]),
    )


def _warner(told: Mapping[str, Any] | None) -> Warner | None:
    if told is None:
        return None
    if strangers := {i["name"] for i in told["indicators"]} - set(candidates()):
        raise ValueError(f"warning: {min(strangers)} is no indicator of this version")
    return Warner(tuple(Indicator(**i) for i in told["indicators"]), float(told["bar"]), told["measured"])


def _claim(column: str, told: Mapping[str, Any]) -> Claim:
    """A claim; folders of earlier versions say nothing of loans on their day of disbursal."""
    told = {"at_disbursal": figures([], []).plain(), **told}
    return Claim(column, *(_figures(told[name]) for name in OF_CLAIM))


def _figures(row: Mapping[str, Any]) -> Figures:
    known: dict[str, Any] = {k: float("nan") if v is None else v for k, v in row.items()}
    return Figures(**known)


def _chain_model(root: Path, chain: Chain, row: Mapping[str, Any], told: Mapping[str, Any]) -> ChainModel:
    if tuple(row["steps"]) != chain.steps:
        raise ValueError(f"steps of {chain.name} are {row['steps']}, this version has {list(chain.steps)}")
    name = f"{chain.name}{TREES}"
    if name not in told["files"]:
        raise ValueError(f"{name} has no fingerprint")
    from catboost import CatBoostClassifier

    lines = [number for line in row["lines"] for number in line]
    _refuse_other_than([*lines, *row["blend"], *row["tails"]], float)
    if len(lines) != 2 * len(chain.steps) or len(row["blend"]) != 2:
        raise ValueError(f"{chain.name} has {len(row['lines'])} lines for {len(chain.steps)} steps")
    _refuse_other_than(row["columns"], str)
    count = len(row["columns"]) + len(row["encodings"]) + 1
    card = read_scorecard(row["scorecard"]) if row["scorecard"] else None
    names = {*row["columns"], *(f"{n}~" for n in row["encodings"])}
    if card is not None and (strangers := {part.name for part in card.parts} - names):
        raise ValueError(f"scorecard of {chain.name}: {min(strangers)} is no column of it")
    return ChainModel(
        chain,
        tuple(row["columns"]),
        {
            n: Encoding({k: float(v) for k, v in e["values"].items()}, float(e["otherwise"]))
            for n, e in row["encodings"].items()
        },
        read_trees(root / name, CatBoostClassifier(), "fit the model again", count),
        card,
        (float(row["blend"][0]), float(row["blend"][1])),
        tuple((float(a), float(b)) for a, b in row["lines"]),
        tuple(float(t) for t in row["tails"]),
    )


def _refuse_other_than(values: Any, kind: type) -> None:
    """ValueError unless all are texts, or finite numbers."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is no list")
    kinds = (int, float) if kind is float else (kind,)
    if wrong := [v for v in values if type(v) not in kinds or (kind is float and not isfinite(v))]:
        raise ValueError(f"{wrong[0]!r} is no {'finite number' if kind is float else 'text'}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fingerprint(folder: str | Path) -> str:
    """sha256 of `model.json`, which carries those of all other files."""
    return _sha256(Path(folder) / MODEL)
