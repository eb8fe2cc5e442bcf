"""How each method splits a loan into principal and interest, period by period.

Each function takes the terms, the balance left after any down payment, and the periods, and returns (principal,
interest) of each, in minor units. Grace on interest and fees are laid over them in `schedule`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from forbear.loans.level import exact_level, level_payment, walk
from forbear.loans.periods import Period, build_periods, known_by
from forbear.loans.rounding import rounded, shares
from forbear.loans.terms import Method, Terms

Rows = list[tuple[int, int]]


def equal_installment(terms: Terms, balance: int, periods: Sequence[Period]) -> Rows:
    """等额本息: the same sum each time. A tranche or a new rate sets the level anew from its period on."""
    rows: Rows = []
    level = 0
    for place, period in enumerate(periods):
        if place < terms.grace_principal:
            rows.append((0, rounded(balance * period.growth + period.extra, terms.rounding)))
            balance += period.added
            continue
        if place == terms.grace_principal or period.changed:
            level = _level_from(terms, balance, place, period)
        rest = periods[place : place + 2] if place < len(periods) - 1 else [period]
        principal, interest = walk(balance, rest, level, terms.rounding)[0]
        balance += period.added - principal
        rows.append((principal, interest))
    return rows


def _level_from(terms: Terms, balance: int, place: int, period: Period) -> int:
    """The level from `place` on, as it is known in that period.

    Where the interest of a first, long period would alone exceed the level, that installment is its interest and
    the later ones are level among themselves.
    """
    ahead = build_periods(known_by(terms, period.end))[place:]
    while len(ahead) > 1 and balance * ahead[0].growth > exact_level(balance, ahead):
        ahead = ahead[1:]
    return level_payment(balance, ahead, rounding=terms.rounding, step=terms.multiple_of, smoothing=terms.smoothing)


def equal_principal(terms: Terms, balance: int, periods: Sequence[Period]) -> Rows:
    """等额本金: the same principal each time, interest on what is left."""
    rows: Rows = []
    parts: list[int] = []
    for place, period in enumerate(periods):
        interest = rounded(balance * period.growth + period.extra, terms.rounding)
        balance += period.added
        if place == terms.grace_principal or (period.added and place > terms.grace_principal):
            parts = shares(balance, len(periods) - place, terms.rounding)
        principal = parts.pop(0) if place >= terms.grace_principal else 0
        balance -= principal
        rows.append((principal, interest))
    return rows


def interest_first(terms: Terms, balance: int, periods: Sequence[Period]) -> Rows:
    """先息后本: interest each time, all principal with the last."""
    rows: Rows = []
    for period in periods:
        interest = rounded(balance * period.growth + period.extra, terms.rounding)
        balance += period.added
        rows.append((0, interest))
    return [*rows[:-1], (balance, rows[-1][1])]


def bullet(terms: Terms, balance: int, periods: Sequence[Period]) -> Rows:
    """到期一次还本付息: one payment at the end; simple interest over all periods, rounded once."""
    interest = Fraction(0)
    for period in periods:
        interest += balance * period.growth + period.extra
        balance += period.added
    return [(balance, rounded(interest, terms.rounding))]


def flat(terms: Terms, balance: int, periods: Sequence[Period]) -> Rows:
    """等本等息: interest on all that was paid out, throughout.

    Where the periods bear equal interest, principal and interest are each level, and the last takes the rounding of
    the whole. Where they do not (days are counted, or money was paid out later), each bears its own interest and
    the sum of both is level. A tranche shares out anew what is left.
    """
    financed = balance
    interest = _flat_interest(terms, _exact_interest(financed, periods))
    rows: Rows = []
    parts: list[int] = []
    for place, period in enumerate(periods):
        if place == terms.grace_principal or (period.added and place > terms.grace_principal):
            known = _exact_interest(financed, build_periods(known_by(terms, period.end)))
            parts = _flat_principal(terms, balance + period.added, known, place)
        balance += period.added
        principal = parts.pop(0) if place >= terms.grace_principal else 0
        balance -= principal
        rows.append((principal, interest[place]))
    return rows


def _exact_interest(financed: int, periods: Sequence[Period]) -> list[Fraction]:
    exact = []
    for period in periods:
        exact.append(financed * period.growth + period.extra)
        financed += period.added
    return exact


def _flat_interest(terms: Terms, exact: Sequence[Fraction]) -> list[int]:
    """Each period's interest, rounded. Level interest rounds as a whole too: the last takes what is left of the sum."""
    each = [rounded(one, terms.rounding) for one in exact]
    if len(set(exact)) > 1:
        return each
    whole = rounded(sum(exact, Fraction(0)), terms.rounding)
    last = whole - sum(each[:-1])
    return [*each[:-1], last] if last >= 0 else shares(whole, len(exact), terms.rounding)


def _flat_principal(terms: Terms, balance: int, known: Sequence[Fraction], place: int) -> list[int]:
    """Principal from `place` on in level parts, or what makes each installment level or a multiple of the step.

    `known` is the exact interest of every period, the earlier ones too: it is rounded as a whole.
    """
    interest, exact = _flat_interest(terms, known)[place:], known[place:]
    count, step = len(exact), terms.multiple_of
    if step > 1:
        sums = [Fraction(balance, count) + due for due in interest[:-1]]
    elif len(set(exact)) > 1 and not terms.rate_changes:
        sums = [Fraction(balance + sum(interest), count)] * (count - 1)
    else:
        return shares(balance, count, terms.rounding)
    for levels in ([rounded(one, terms.rounding, step) for one in sums], [int(one // step) * step for one in sums]):
        parts = [max(level - due, 0) for level, due in zip(levels, interest[:-1], strict=True)]
        if sum(parts) < balance:
            return [*parts, balance - sum(parts)]
    return shares(balance, count, terms.rounding)


def zero_interest(terms: Terms, balance: int, periods: Sequence[Period]) -> Rows:
    """免息分期: principal in level parts, no interest whatever the rate; the lender earns by fees."""
    free = replace(terms, annual_rate=Fraction(0), rate_changes=())
    return flat(free, balance, [replace(period, growth=Fraction(0), extra=Fraction(0)) for period in periods])


METHODS: dict[Method, Callable[[Terms, int, Sequence[Period]], Rows]] = {
    Method.equal_installment: equal_installment,
    Method.equal_principal: equal_principal,
    Method.interest_first: interest_first,
    Method.bullet: bullet,
    Method.flat: flat,
    Method.zero_interest: zero_interest,
}
