"""The naive forecast: balances by range of days past due are rolled forward with the average roll rates.

It knows neither due dates nor ages: each period every range pays, keeps and passes on the shares that it did on average
over the last periods. It is what a spreadsheet does, and what the forecast is compared with.
"""

from __future__ import annotations

import numpy as np

from forbear.funding.forecast.history import Floats, History, parameters


def naive_forecast(history: History, origin: int, pooled: int | None = None) -> Floats:
    """Money to expect in each period after an origin, in minor units; only what was known at the origin is used.

    Args:
        history: as `book_history` gives it.
        origin: index into its origins.
        pooled: periods whose roll rates are averaged; the parameters' when None.
    """
    look = pooled or parameters()["history"]["naive"][history.every.value]
    weights = np.zeros(origin)
    weights[max(0, origin - look) :] = 1
    return rolled_forward(history, origin, weights)


def rolled_forward(history: History, origin: int, weights: Floats) -> Floats:
    """Balances at an origin, rolled forward with the roll rates of the periods before it, weighted."""
    owed = weights @ history.owed[:origin]
    kept = np.tensordot(weights, history.rolled[:origin], axes=1)
    rates = np.divide(kept, owed[:, None], out=np.zeros_like(kept), where=owed[:, None] > 0)
    balance, told = history.owed[origin].astype(np.float64), np.zeros(history.horizon)
    for later in range(history.horizon):
        after = balance @ rates
        told[later] = max(balance.sum() - after.sum(), 0.0)
        balance = after
    return told
