"""Interest worked out anew when an installment is paid on or before its day.

The behaviour of Apache Fineract's cumulative schedules with interest recalculation and no compounding: money that
comes before the due date repays principal on the day it comes, and interest of the period is counted day by day on
what is left; money that comes on the due date pays the interest first. If the principal so repaid is at least that
of the installment, it is the installment's principal, and the later ones are levelled over what is left. If it is
less, the level is set anew from the balance that the old level would leave, and the installment itself takes the
new level too.

Stops there: late payments, compounding and interest on overdue interest are not recalculated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from forbear.basics.errors import WrongUse
from forbear.loans.level import level_payment
from forbear.loans.periods import Period, build_periods
from forbear.loans.rounding import rounded
from forbear.loans.schedule import Installment, Schedule
from forbear.loans.terms import Method, Terms


def recalculated(terms: Terms, payments: Iterable[tuple[date, int]]) -> Schedule:
    """The schedule of an equal-installment loan after payments on time or in advance.

    Args:
        terms: an equal-installment loan without grace, tranches or prepayments.
        payments: (day, minor units); every period's installment is taken as settled by its due date.

    Raises:
        WrongUse: another method, changes it does not cover, or payments that exceed the principal.
    """
    if terms.method != Method.equal_installment or terms.movements or terms.grace_principal or terms.grace_interest:
        raise WrongUse("recalculation covers equal installments without grace or tranches", "use prepayment.prepay")
    plain, paid = build_periods(terms), sorted(payments)
    due_days = {period.end for period in plain}
    early = tuple((day, amount) for day, amount in paid if day not in due_days)
    balance, rows = terms.principal, list[Installment]()
    level = _level(terms, balance, plain)
    periods = build_periods(replace(terms, prepayments=early))
    for place, period in enumerate(periods):
        interest = rounded(balance * period.growth + period.extra, terms.rounding)
        on_time = sum(amount for day, amount in paid if day == period.end)
        came, last = max(on_time - interest, 0) - period.added, place == len(periods) - 1
        if -period.added > balance or (came > balance and not last):
            raise WrongUse(f"{came} minor units came, but {balance} are outstanding", "use prepayment.payoff")
        principal, level = _paid(terms, balance, came, interest, level, periods[place + 1 :], bool(on_time))
        principal = balance if last else min(principal, balance)
        balance -= principal
        rows.append(Installment(place + 1, period.due_on, principal, interest, 0, balance, place + 1))
    return Schedule(terms, tuple(rows))


def _paid(
    terms: Terms, balance: int, came: int, interest: int, level: int, ahead: list[Period], on_time: bool
) -> tuple[int, int]:
    """The principal of this installment, and the level from here on."""
    regular = max(level - interest, 0)
    if not (came or on_time) or not ahead:
        return regular, level
    new = _level(terms, balance - max(came, regular), ahead)
    return (came if came >= regular else max(new - interest, came)), new


def _level(terms: Terms, balance: int, ahead: list[Period]) -> int:
    ahead = [replace(period, added=0, extra=period.extra * 0) for period in ahead]
    return level_payment(balance, ahead, rounding=terms.rounding, step=terms.multiple_of, smoothing=terms.smoothing)
