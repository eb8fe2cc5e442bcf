"""What a bureau holds beside what the ledger says, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

EXPECTED = frozenset(["date_of_account_information", "as_of", "time_stamp", "actual_payment", "paid_in_period"])
"""Fields that differ from month to month by their nature."""
MISSING, UNKNOWN = "(not held)", "(not ours)"


@dataclass(frozen=True)
class Difference:
    """A field of an account in which the bureau and the ledger differ; both as text, empty where there is nothing."""

    account: str
    field: str
    held: str
    true: str


def differences(
    held: Mapping[str, Mapping[str, Any]],
    true: Mapping[str, Mapping[str, Any]],
    fields: Iterable[str] | None = None,
    expected: frozenset[str] = EXPECTED,
) -> Iterator[Difference]:
    """All differences, by account and field; an account that only one side has is one difference.

    Args:
        held: what the bureau holds, fields by account.
        true: what the ledger says, fields by account.
        fields: those to compare; None: those that the ledger tells.
        expected: those left out, because they differ by their nature.
    """
    wanted = None if fields is None else list(fields)
    for account in sorted(held.keys() | true.keys()):
        if account not in held:
            yield Difference(account, "", MISSING, "")
        elif account not in true:
            yield Difference(account, "", "", UNKNOWN)
        else:
            for name in wanted or true[account]:
                said, is_so = _text(held[account].get(name)), _text(true[account].get(name))
                if name not in expected and said != is_so:
                    yield Difference(account, name, said, is_so)


def held_in_metro2(raw: bytes) -> dict[str, dict[str, Any]]:
    """What a Metro 2 file says of each account, by account number; of an account told twice, the last.

    Raises:
        UnreadableFile: it is no Metro 2 file.
    """
    from forbear.recovery.bureau.metro2 import read

    return {
        one.own.text("consumer_account_number"): dict(one.own.values)
        for one in read(raw).of("base")
        if one.own.values
    }


def _text(value: Any) -> str:
    return "" if value in (None, "") else str(value)
