"""Values and capacities to try an allocation on: ordinary ones, and such as are made to trip it.

Every maker gives a table as `forbear allocate` reads it and the limits by capacity, the same for the same seed.
`lp_bound` and `best_whole` are the reference: the whole problem handed to HiGHS as one linear or integer program,
built from the table's columns alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import highspy
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from forbear.treatment.master import quiet

Instance = tuple[pa.Table, dict[str, float]]
Floats = NDArray[np.float64]
ACTIONS = (
    "app_push",
    "sms",
    "email",
    "call",
    "voice",
    "letter",
    "visit",
    "plan_offer",
    "extension_offer",
    "settlement_offer",
    "placement",
    "suit",
)


def table_of(value: Floats, use: Floats, keep: NDArray[np.bool_] | None = None) -> pa.Table:
    """The table of dense arrays.

    Args:
        value: shape (borrowers, actions).
        use: shape (capacities, borrowers, actions).
        keep: rows that are there, shape (borrowers, actions); all when None.
    """
    actions = value.shape[1]
    kept = np.flatnonzero(np.ones(value.size, bool) if keep is None else keep.ravel())
    names = pa.DictionaryArray.from_arrays(pa.array((kept % actions).astype(np.int32)), list(ACTIONS[:actions]))
    columns = {"borrower_id": kept // actions, "action": names, "value": value.ravel()[kept]}
    return pa.table(columns | {f"capacity_{k}": u.ravel()[kept] for k, u in enumerate(use)})


def ordinary(
    borrowers: int, actions: int = 12, capacities: int = 8, seed: int = 0, tightness: float = 0.1
) -> Instance:
    """Lognormal values with a common part for each borrower; each action uses one or two capacities.

    Of the first capacity every borrower takes another amount (agent minutes), of the others one unit.
    """
    random = np.random.default_rng(seed)
    common = random.gamma(1.2, 30, (borrowers, 1))
    value = common * random.lognormal(0, 0.6, (borrowers, actions)) - 5
    use = np.zeros((capacities, borrowers, actions))
    for action in range(actions):
        for k in {action % capacities, (action * 3 + 1) % capacities}:
            minutes = np.round(random.lognormal(0, 0.5, borrowers), 2)
            use[k, :, action] = minutes if k == 0 else 1.0
    share = tightness * random.uniform(0.3, 1.5, capacities)
    limits = np.floor(use.sum(axis=(1, 2)) / actions * share)
    return table_of(value, use), _limits(limits)


def dense(borrowers: int, actions: int = 6, capacities: int = 4, seed: int = 0, tightness: float = 0.3) -> Instance:
    """Every action takes some of every capacity, in fractions; values go with uses: hard for whole decisions."""
    random = np.random.default_rng(seed)
    use = random.uniform(0.1, 1.0, (capacities, borrowers, actions))
    value = use.mean(axis=0) + random.uniform(0, 0.2, (borrowers, actions))
    return table_of(value, use), _limits(use.sum(axis=(1, 2)) / actions * tightness)


def near_ties(borrowers: int, actions: int = 12, capacities: int = 8, seed: int = 0) -> Instance:
    """Everybody gains the same from everything, but for a billionth."""
    random = np.random.default_rng(seed)
    value = 100 + random.uniform(0, 1e-7, (borrowers, actions))
    use = np.zeros((capacities, borrowers, actions))
    for action in range(actions):
        use[action % capacities, :, action] = 1
    return table_of(value, use), _limits(np.full(capacities, borrowers * 0.05 // 1))


def equal(borrowers: int, actions: int = 12, capacities: int = 8, seed: int = 0) -> Instance:
    """Ties everywhere: values are whole numbers from a few, uses one unit."""
    random = np.random.default_rng(seed)
    value = random.integers(1, 4, (borrowers, actions)).astype(float)
    use = np.zeros((capacities, borrowers, actions))
    for action in range(actions):
        use[action % capacities, :, action] = 1
    return table_of(value, use), _limits(np.full(capacities, borrowers * 0.05 // 1))


def thousandfold(borrowers: int, actions: int = 12, capacities: int = 8, seed: int = 0) -> Instance:
    """One capacity that everything needs, wanted a thousand times over."""
    table, limits = ordinary(borrowers, actions, capacities, seed)
    first = table.column("capacity_0").to_numpy()
    wanted = 1 + first
    table = table.set_column(table.schema.get_field_index("capacity_0"), "capacity_0", pa.array(wanted))
    return table, limits | {"capacity_0": float(max(1, borrowers * float(wanted.mean()) // 1000))}


def no_capacity(borrowers: int, actions: int = 12, capacities: int = 8, seed: int = 0) -> Instance:
    """A quarter of the capacities are nothing."""
    table, limits = ordinary(borrowers, actions, capacities, seed)
    return table, {name: 0.0 if n % 4 == 2 else limit for n, (name, limit) in enumerate(limits.items())}


def all_negative(borrowers: int, actions: int = 12, capacities: int = 8, seed: int = 0) -> Instance:
    """Nothing is worth doing."""
    table, limits = ordinary(borrowers, actions, capacities, seed)
    lost = pa.array(-1 - np.abs(table.column("value").to_numpy()))
    return table.set_column(table.schema.get_field_index("value"), "value", lost), limits


def scales(borrowers: int, actions: int = 12, capacities: int = 8, seed: int = 0) -> Instance:
    """Values over twelve powers of ten, uses and limits in units that differ by as many between capacities."""
    random = np.random.default_rng(seed)
    value = 10.0 ** random.uniform(-6, 6, (borrowers, actions))
    unit = 10.0 ** np.linspace(-6, 6, capacities)
    use = np.zeros((capacities, borrowers, actions))
    for action in range(actions):
        for k in {action % capacities, (action * 3 + 1) % capacities}:
            use[k, :, action] = unit[k] * random.lognormal(0, 1.0, borrowers)
    return table_of(value, use), _limits(use.sum(axis=(1, 2)) / actions * 0.05)


def gaps(borrowers: int, actions: int = 12, capacities: int = 8, seed: int = 0) -> Instance:
    """Most borrowers lack most actions, as after a strict gate."""
    table, limits = ordinary(borrowers, actions, capacities, seed)
    there = np.random.default_rng(seed + 1).random(table.num_rows) < 0.3
    return table.filter(pa.array(there)), {name: limit // 3 for name, limit in limits.items()}


HOSTILE: dict[str, Callable[..., Instance]] = {
    "near ties": near_ties,
    "equal": equal,
    "a thousandfold": thousandfold,
    "no capacity": no_capacity,
    "all negative": all_negative,
    "scales": scales,
    "gaps": gaps,
}


def write(instance: Instance, folder: Path) -> tuple[Path, Path]:
    """Both tables as files: values.parquet and capacities.csv."""
    table, limits = instance
    values, capacities = folder / "values.parquet", folder / "capacities.csv"
    pq.write_table(table, values)
    lines = ["capacity,limit", *(f"{name},{limit!r}" for name, limit in limits.items())]
    capacities.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return values, capacities


def lp_bound(instance: Instance, solver: str = "choose") -> float:
    """The optimum of the linear program, by HiGHS on the whole."""
    return _solved(instance, whole=False, options={"solver": solver})


def best_whole(instance: Instance, seconds: float = 60) -> float:
    """The optimum of the integer program by HiGHS on the whole, or the best found in some seconds."""
    return _solved(instance, whole=True, options={"time_limit": seconds, "mip_rel_gap": 1e-9})


def _limits(limits: Floats) -> dict[str, float]:
    return {f"capacity_{k}": float(limit) for k, limit in enumerate(limits)}


def _solved(instance: Instance, *, whole: bool, options: Mapping[str, str | float]) -> float:
    table, limits = instance
    borrower = table.column("borrower_id").to_numpy()
    _, owner = np.unique(borrower, return_inverse=True)
    value = table.column("value").to_numpy()
    uses = [table.column(name).to_numpy() for name in limits]
    rows, columns, cells = [owner], [np.arange(len(value))], [np.ones(len(value))]
    borrowers = int(owner.max()) + 1
    for k, use in enumerate(uses):
        at = np.flatnonzero(use)
        scale = float(use.max()) or 1.0
        rows.append(np.full(len(at), borrowers + k))
        columns.append(at)
        cells.append(use[at] / scale)
    column = np.concatenate(columns)
    order = np.lexsort((np.concatenate(rows), column))
    unit = float(np.abs(value).max()) or 1.0
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(value), borrowers + len(uses)
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_, program.col_lower_ = value / unit, np.zeros(len(value))
    program.col_upper_ = np.ones(len(value))
    program.row_lower_ = np.full(program.num_row_, -highspy.kHighsInf)
    scaled = [limit / (float(use.max()) or 1.0) for limit, use in zip(limits.values(), uses, strict=True)]
    program.row_upper_ = np.concatenate([np.ones(borrowers), scaled])
    if whole:
        program.integrality_ = [highspy.HighsVarType.kInteger] * len(value)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=len(value)))])
    program.a_matrix_.index_ = np.concatenate(rows)[order]
    program.a_matrix_.value_ = np.concatenate(cells)[order]
    solver = quiet(**options)
    solver.passModel(program)
    solver.run()
    return float(solver.getInfo().objective_function_value) * unit
