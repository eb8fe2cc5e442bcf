"""What a rule can ask of a field: a few conditions, each one word in rules.toml."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from forbear.recovery.bureau.metro2.file import Value

Look = Callable[[str], Value]
"""A field's value by its name, `base.NAME` or `header.NAME`; raises KeyError where there is no such segment."""


def is_none(value: Value) -> bool:
    """Whether a field says nothing: blank, zeros, or nines alone."""
    text = "" if value is None else str(value).strip()
    return not text.strip("0") or (len(text) > 1 and not text.strip("9"))


def holds(condition: Mapping[str, Any], look: Look, lists: Mapping[str, list[str]]) -> bool:
    """Whether a condition holds; what cannot be asked (no such segment, dates unread) holds where it is `then`'s own.

    Raises:
        ValueError: rules.toml asks something that there is not.
    """
    (asked, wanted), *more = [(key, value) for key, value in condition.items() if key != "field"]
    if more or asked not in _ASKED:
        raise ValueError(f"rules.toml: {condition} asks one thing of {', '.join(_ASKED)}")
    try:
        value = look(str(condition["field"]))
    except KeyError:
        return asked == "none" and wanted is True
    return _ASKED[asked](value, wanted, look, lists)


def _in(value: Value, wanted: Any, look: Look, lists: Mapping[str, list[str]]) -> bool:
    return ("" if value is None else str(value)) in (lists[wanted] if isinstance(wanted, str) else wanted)


def _not_in(value: Value, wanted: Any, look: Look, lists: Mapping[str, list[str]]) -> bool:
    return not _in(value, wanted, look, lists)


def _none(value: Value, wanted: Any, look: Look, lists: Mapping[str, list[str]]) -> bool:
    return is_none(value) is bool(wanted)


def _matches(value: Value, wanted: Any, look: Look, lists: Mapping[str, list[str]]) -> bool:
    return re.fullmatch(str(wanted), "" if value is None else str(value)) is not None


def _at_most(value: Value, wanted: Any, look: Look, lists: Mapping[str, list[str]]) -> bool:
    other = look(str(wanted))
    return not (isinstance(value, int) and isinstance(other, int)) or value <= other


def _not_after(value: Value, wanted: Any, look: Look, lists: Mapping[str, list[str]]) -> bool:
    pair = _days(value, wanted, look)
    return pair is None or pair[0] <= pair[1]


def _not_before(value: Value, wanted: Any, look: Look, lists: Mapping[str, list[str]]) -> bool:
    pair = _days(value, wanted, look)
    return pair is None or pair[0] >= pair[1]


def _holds_not(value: Value, wanted: Any, look: Look, lists: Mapping[str, list[str]]) -> bool:
    return str(look(str(wanted)) or "-") not in str(value or "")


def _days(value: Value, wanted: Any, look: Look) -> tuple[str, str] | None:
    """Both dates, ISO, if both can be read."""
    try:
        other = look(str(wanted))
    except KeyError:
        return None
    both = [
        one[:10] if isinstance(one, str) and re.match(r"\d{4}-\d{2}-\d{2}", one) else None for one in (value, other)
    ]
    return (both[0], both[1]) if both[0] and both[1] else None


_ASKED: Mapping[str, Callable[[Value, Any, Look, Mapping[str, list[str]]], bool]] = {
    "in": _in,
    "not_in": _not_in,
    "none": _none,
    "matches": _matches,
    "at_most": _at_most,
    "not_after": _not_after,
    "not_before": _not_before,
    "holds_not": _holds_not,
}
