"""A page of a long list by its key: never an offset, never a count of the whole, so that a million rows cost as ten do.

The list is sorted by one column, largest first, then by its primary key. The next page begins after the last row's pair
of the two, which travels in the address as `after`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import F, Model, Q, QuerySet

SALT = "list"


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and what the address of the next page carries; empty at the end."""

    rows: list[Any]
    after: str


def page(rows: QuerySet[Any], sort: str, after: str, size: int) -> Page:
    """One page of `rows`, sorted by the column `sort` descending, then by primary key.

    Args:
        rows: filtered; not yet sorted.
        sort: a column that is never null, and indexed together with the key.
        after: what the page before gave; empty for the first. One that was tampered with is the first page.
        size: rows of a page.
    """
    key = rows.model._meta.pk.name
    start = _opened(after, sort)
    if start is not None:
        value, last = start
        rows = rows.filter(Q(**{f"{sort}__lt": value}) | Q(**{sort: value, f"{key}__gt": last}))
        rows = rows.filter(**{f"{sort}__lte": value})  # lets the index start at the value
    found = list(rows.order_by(F(sort).desc(), key)[: size + 1])
    more = len(found) > size
    return Page(found[:size], _sealed(found[size - 1], sort) if more else "")


def _sealed(row: Model, sort: str) -> str:
    return Signer(salt=SALT).sign(json.dumps([sort, getattr(row, sort), row.pk]))


def _opened(after: str, sort: str) -> tuple[Any, Any] | None:
    if not after:
        return None
    try:
        by, value, last = json.loads(Signer(salt=SALT).unsign(after))
    except (BadSignature, ValueError):
        return None
    return (value, last) if by == sort else None
