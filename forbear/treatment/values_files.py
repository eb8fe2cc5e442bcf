"""The log from which values are learned, as a file: read, checked by name, row and column, made a `Log`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from forbear.basics.errors import UnreadableFile
from forbear.treatment.learning import learn
from forbear.treatment.stages import Stages
from forbear.treatment.strategy import shipped_effects
from forbear.treatment.trial_files import numbers, read_table, texts
from forbear.treatment.values import Log, Prior, Values

HINT = "its form is explained in docs/values.md"
WAIT = "wait"
MOST_SHARE = 6.0
"""Money received, as a share of the money at stake, above which it counts as this: or a few with next to nothing in
arrears, who paid several installments, would outweigh all others."""
STAGES_BY = "dpd"
"""The feature that tells stages of arrears, where the log has it."""
NEEDED = ("borrower_id", "action", "at_stake", "soon", "later")


def learn_file(path: Path) -> Values:
    """Values learned from a log file.

    Raises:
        UnreadableFile: a file or cell that cannot be used; WrongUse: chances that do not add up, or too few decisions.
    """
    log = read_log(path)
    return learn(log, priors_of(log))


def read_log(path: Path) -> Log:
    """The decisions of a log file (docs/values.md); money becomes shares of `at_stake`.

    Raises:
        UnreadableFile: a file or cell that cannot be used.
    """
    read = read_table(path, NEEDED)
    actions = _actions(read, path)
    stake = numbers(read, "at_stake", path)
    low = np.flatnonzero(stake <= 0)
    if len(low):
        row = int(low[0])
        raise UnreadableFile(f"{path}, row {row + 1}, column at_stake: {stake[row]}, expected above 0", HINT)
    columns = tuple(name[2:] for name in read.column_names if name.startswith("x_"))
    if not columns:
        raise UnreadableFile(f"{path}: no column x_…: no features of the decisions", HINT)
    after = [f"after_{name}" for name in columns]
    missing = [name for name in after if name not in read.column_names]
    whole = len(missing) == len(after)
    if missing and not whole:
        raise UnreadableFile(f"{path}: no column {missing[0]}", "give after_… for every x_…, or for none")
    features = np.column_stack([numbers(read, f"x_{name}", path, gaps=True) for name in columns])
    return Log(
        columns,
        features,
        actions,
        _taken(read, actions, path),
        np.column_stack([numbers(read, f"p_{name}", path) for name in actions]),
        _borrowers(read),
        np.minimum(numbers(read, "soon", path) / stake, MOST_SHARE),
        np.minimum(numbers(read, "later", path, gaps=True) / stake, MOST_SHARE),
        None if whole else np.column_stack([numbers(read, name, path, gaps=True) for name in after]),
        _still(read, path),
        tuple(name for name in columns if not name.startswith(("contacts", "days_since_contact"))),
        numbers(read, "reached", path, gaps=True) if "reached" in read.column_names else None,
        Stages(STAGES_BY) if STAGES_BY in columns else None,
    )


def priors_of(log: Log) -> dict[str, Prior]:
    """What studies let one expect (effects.toml): reach times effect, among those who do not pay alone."""
    waits = log.taken == 0
    came = log.soon[waits] + np.nan_to_num(log.later[waits])
    unpaid = float(np.clip(1 - came, 0, 1).mean()) if waits.any() else 1.0
    return {
        name: Prior(float(e.low * e.reach) * unpaid, float(e.mid * e.reach) * unpaid, e.source)
        for name, e in shipped_effects().actions.items()
        if name in log.actions
    }


def _actions(read: pa.Table, path: Path) -> tuple[str, ...]:
    found = [name[2:] for name in read.column_names if name.startswith("p_")]
    if WAIT not in found:
        raise UnreadableFile(f"{path}: no column p_wait: the chance that nothing was done", HINT)
    return (WAIT, *sorted(name for name in found if name != WAIT))


def _taken(read: pa.Table, actions: tuple[str, ...], path: Path) -> Any:
    taken = texts(read, "action")
    for row, one in enumerate(taken, start=1):
        if one not in actions:
            raise UnreadableFile(
                f"{path}, row {row}, column action: {one!r}, expected one of {', '.join(actions)}", HINT
            )
    return np.array([actions.index(one) for one in taken], dtype=np.int64)


def _borrowers(read: pa.Table) -> Any:
    _, number = np.unique(np.array(texts(read, "borrower_id")), return_inverse=True)
    return number.astype(np.int64)


def _still(read: pa.Table, path: Path) -> Any:
    if "still" not in read.column_names:
        return np.ones(len(read), dtype=bool)
    return numbers(read, "still", path) > 0
