"""Rows of a list: those that someone sees, filtered and sorted; a page by its key, or all of them from a cursor."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.apps import apps
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from forbear.basics.errors import WrongUse
from forbear.desk.lists.balances import balance_rows
from forbear.desk.lists.described import Column, Described
from forbear.desk.lists.scope import SPECIAL, scoped
from forbear.desk.privacy import masked_names

CHUNK = 2_000
SALT = "lists"
SMALLEST, LARGEST = -(2**63), 2**63 - 1

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """What of a list is asked for.

    Attributes:
        user: who asks; None: the machine itself.
        at: now.
        filters: values by name, as typed.
        sort: one of the list's sorts, or empty.
    """

    user: Any
    at: datetime
    filters: Mapping[str, Any]
    sort: str = ""


def asked(of: Described, user: Any, at: datetime, given: Mapping[str, Any]) -> Asked:
    """What is asked for, of a mapping of words; an empty value is none, and what the list does not know is left out.

    Raises:
        WrongUse: a value cannot be read.
    """
    types = {one.name: one.type for one in of.filters} | dict.fromkeys(of.special, "choice")
    filters = {name: _value(name, types[name], given[name]) for name in types if given.get(name) not in (None, "")}
    for name in set(filters) & set(of.special):
        if filters[name] not in SPECIAL[name][0]:
            raise WrongUse(f"{name} is {filters[name]!r}", f"one of: {', '.join(SPECIAL[name][0])}")
    sort = str(given.get("sort") or "")
    return Asked(user, at, filters, sort if sort in of.sorts else "")


def _value(name: str, kind: str, given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        if kind == "day":
            found: Any = parse_date(given)
        elif kind == "instant":
            found = parse_datetime(given)
            found = found if found is None or found.tzinfo else None
        else:
            found = int(given) if kind == "whole" else given
    except ValueError:
        found = None
    if found is None or (kind == "whole" and not SMALLEST <= found <= LARGEST) or "\0" in given:
        raise WrongUse(
            f"{name} is {given!r}", {"day": "write 2026-01-31", "whole": "write digits"}.get(kind, INSTANT)
        )
    return found


INSTANT = "write 2026-01-31T09:30:00Z"


def stream(of: Described, what: Asked) -> Iterator[Row]:
    """Every row, in the order of the list, some thousands in memory at a time."""
    if of.rows:
        yield from balance_rows(of, what.user, what.filters, what.at)
        return
    with transaction.atomic():  # a cursor lives in a transaction
        rows = _narrowed(of, what).order_by(*_ordering(of, what.sort))
        found = rows.values_list(*(one.source for one in of.columns)).iterator(chunk_size=CHUNK)
        while chunk := list(islice(found, CHUNK)):
            yield from _finished(of, chunk)


def page(of: Described, what: Asked, after: str, size: int) -> tuple[list[Row], str]:
    """Some rows, and what asks for those that follow; empty at the end.

    Args:
        of: the list.
        what: is asked for.
        after: what the page before gave; one that was tampered with begins anew.
        size: rows of a page.
    """
    keys = [of.column(name.lstrip("-")) for name in of.order]
    last = _opened(after, of, what)
    if of.rows:
        found = list(islice(balance_rows(of, what.user, what.filters, what.at, last[0] if last else ""), size + 1))
    else:
        rows = _narrowed(of, what)
        if last is not None:
            rows = rows.filter(_beyond(of, keys, last))
        sources = [one.source for one in of.columns]
        found = list(rows.order_by(*_ordering(of, "")).values_list(*sources)[: size + 1])
        found = _finished(of, found)
    more = len(found) > size
    places = [of.columns.index(one) for one in keys]
    return found[:size], _sealed([found[size - 1][place] for place in places], of, what) if more else ""


def one(of: Described, key: str, user: Any) -> Row | None:
    """The row of that key, if the user sees it."""
    rows = scoped(_model(of), of.scope, user).filter(**{of.column(of.key).source: key, **of.where})
    found = list(rows.values_list(*(column.source for column in of.columns))[:1])
    return _finished(of, found)[0] if found else None


def _model(of: Described) -> QuerySet[Any]:
    return apps.get_model(of.model)._default_manager.all()


def _narrowed(of: Described, what: Asked) -> QuerySet[Any]:
    rows = scoped(_model(of), of.scope, what.user).filter(**of.where)
    lookups = {one.name: one.lookup for one in of.filters}
    for name, value in what.filters.items():
        if name in of.special:
            rows = SPECIAL[name][1](rows, value, what.user, what.at)
        else:
            rows = rows.filter(**{lookups[name]: value})
    return rows


def _ordering(of: Described, sort: str) -> list[Any]:
    names = [f"-{sort}", of.order[-1]] if sort else list(of.order)
    return [
        F(of.column(name.lstrip("-")).source).desc() if name.startswith("-") else F(of.column(name).source).asc()
        for name in names
    ]


def _beyond(of: Described, keys: list[Column], last: list[Any]) -> Q:
    """The rows after the last one: greater in the first column in which they differ (or smaller, where it descends)."""
    beyond, same = Q(), Q()
    for name, column, value in zip(of.order, keys, last, strict=True):
        beyond |= same & Q(**{f"{column.source}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{column.source: value})
    return beyond


def _finished(of: Described, rows: list[Any]) -> list[Row]:
    """Rows with what no query gives: masked names, and ids as text."""
    done = [list(row) for row in rows]
    for place, column in enumerate(of.columns):
        if column.type == "masked_name":
            names = masked_names([row[place] for row in done])
            for row in done:
                row[place] = names.get(row[place])
        elif column.type == "text":
            for row in done:
                if row[place] is not None and not isinstance(row[place], str):
                    row[place] = str(row[place])
    return [tuple(row) for row in done]


def _sealed(last: list[Any], of: Described, what: Asked) -> str:
    told = [of.name, *(value.isoformat() if isinstance(value, date) else value for value in last)]
    return Signer(salt=SALT).sign(json.dumps(told, separators=(",", ":")))


def _opened(after: str, of: Described, what: Asked) -> list[Any] | None:
    try:
        name, *last = json.loads(Signer(salt=SALT).unsign(after))
    except (BadSignature, ValueError):
        return None
    return last if name == of.name and len(last) == len(of.order) else None
