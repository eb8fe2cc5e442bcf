"""One plan of each kind, with the least concession that fits the surplus; None where the kind has none to give.

What every draft keeps exactly (`options.hold_together`): the principal paid and let go is the principal owed, charges
likewise, fees likewise, and interest is what is owed for time that is over plus what the plan's own time costs.

Interest that is owed never becomes principal and, but for `arrears_capitalized`, bears none itself. Contracts' own
installments keep their interest; principal that is paid later than agreed bears the plan's rate for that time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import count
from math import ceil

from forbear.loans.day_counts import year_fraction
from forbear.loans.every import MONTHLY, add_steps
from forbear.loans.rounding import rounded, shares
from forbear.relief.debt import Part
from forbear.relief.ground import Draft, Ground, PlanRow, Waived, with_charges
from forbear.relief.policy import share_at
from forbear.relief.spreading import least_count, spread, spread_capitalized

RATE_TICK = Fraction(1, 200)
"""Rates of a waiver are tried in steps of half a percent."""


def extension(ground: Ground) -> Draft | None:
    """Every unpaid installment later, so that the oldest falls due on the next pay day; asked before maturity."""
    if ground.debt.on > ground.debt.contract_ends_on:
        return None
    return _shifted(ground, "extension", ground.first_pay_day, with_interest=True)


def deferral_with_interest(ground: Ground) -> Draft | None:
    """Some months without a payment, then the installments as they were; the time costs interest."""
    return _shifted(ground, "deferral_with_interest", _after_pause(ground), with_interest=True)


def deferral_without_interest(ground: Ground) -> Draft | None:
    """The same, and the time costs nothing."""
    return _shifted(ground, "deferral_without_interest", _after_pause(ground), with_interest=False)


def longer_term(ground: Ground) -> Draft | None:
    """What is left over as few months as the surplus allows, beyond the contract's last day."""
    draft = _fewest(ground, "longer_term", lambda n: spread(ground, n), 1)
    return draft if draft and draft.payments[-1][0] > ground.debt.contract_ends_on else None


def arrears_capitalized(ground: Ground) -> Draft | None:
    """Arrears of interest join what bears interest; all of it over the months that are left, or as few more as fit."""
    if not ground.debt.interest:
        return None
    least = max(len({(p.due_on.year, p.due_on.month) for p in ground.debt.ahead}), 1)
    return _fewest(ground, "arrears_capitalized", lambda n: spread_capitalized(ground, n), least)


def payment_holiday(ground: Ground) -> Draft | None:
    """Months without a payment; then what is left until the contract's own last day, which stays."""
    pause = _pause_months(ground, ground.policy.rules.limits.holiday)
    payments = [place for place in range(pause, 600) if ground.pay_day(place) <= ground.debt.contract_ends_on]
    if not payments or ground.pay_day(payments[-1]) > ground.debt.contract_ends_on:
        return None
    rows = spread(ground, len(payments), first=pause)
    return _fitting(ground, Draft("payment_holiday", rows, (), Waived(), ground.rate, terms={"pause": pause}))


def arrears_parked(ground: Ground) -> Draft | None:
    """The contract's installments go on; arrears wait, without interest, behind the last of them."""
    ahead, arrears = ground.debt.ahead, ground.debt.arrears
    if not ahead or not arrears:
        return None
    regular = _as_agreed(ground, ahead)
    after = next(place for place in count() if ground.pay_day(place) > regular[-1].due_on)
    level = min(ground.room(ground.pay_day(after)), max(row.total for row in regular))
    if level < ground.least_payment:
        return None
    for months in range(max(ceil(_sum(arrears) / level), 1), ground.most_payments + 1):
        tail = _level(arrears, [ground.pay_day(after + place) for place in range(months)])
        draft = Draft(
            "arrears_parked", (*regular, *tail), (), Waived(), ground.rate, terms={"parked": _sum(arrears)}
        )
        if max(row.total for row in tail) <= level:
            return _fitting(ground, draft)
    return None


def catch_up(ground: Ground) -> Draft | None:
    """The contract's installments go on; arrears are paid beside them, without interest, in as few months as fit."""
    arrears = ground.debt.arrears
    if not arrears:
        return None
    regular = _as_agreed(ground, ground.debt.ahead)
    for months in range(1, ground.policy.rules.limits.catch_up_months + 1):
        beside = _level(arrears, [ground.pay_day(place) for place in range(months)])
        rows = tuple(sorted((*regular, *beside), key=lambda row: row.due_on))
        draft = Draft("catch_up", rows, (), Waived(), ground.rate, terms={"over": months})
        if found := _fitting(ground, draft):
            return found
    return None


def penalty_waiver(ground: Ground) -> Draft | None:
    """Charges are let go, and the rest of the arrears is caught up."""
    if not ground.debt.charged:
        return None
    draft = catch_up(replace(ground, waive_charges=True))
    return replace(draft, kind="penalty_waiver") if draft else None


def rate_waiver(ground: Ground) -> Draft | None:
    """The highest lower rate at which what is left fits: within the contract's months, else in the most there are."""
    limits, own = ground.policy.rules.limits, len({(p.due_on.year, p.due_on.month) for p in ground.debt.ahead})
    floor = Fraction(limits.least_rate)
    for months in dict.fromkeys((max(own, 1), ground.most_payments)):
        ticks = ceil((ground.rate - floor) / RATE_TICK) - 1

        def at(tick: int, months: int = months) -> Draft | None:
            lower = replace(ground, rate=floor + tick * RATE_TICK)
            rows = spread(lower, months)
            return _fitting(lower, Draft("rate_waiver", rows, (), Waived(), lower.rate)) if rows else None

        if ticks >= 0 and months <= ground.most_payments and (found := _highest(at, ticks)):
            return found
    return None


def step_up(ground: Ground) -> Draft | None:
    """Payments that begin at a share of the surplus and rise in steps to the whole of it."""
    debt, limits = ground.debt, ground.policy.rules.limits
    balance, interest_left, fees_left = debt.principal, debt.interest, debt.fees_due + debt.fees_ahead
    rows, day = list[PlanRow](), debt.on
    for place in range(ground.most_payments):
        due_on = ground.pay_day(place)
        share = limits.step_up[min(place // limits.step_months, len(limits.step_up) - 1)]
        cost = rounded(balance * ground.rate * year_fraction("30/360", day, due_on, None))
        amount = min(int(ground.room(due_on) * share), balance + cost + interest_left + fees_left)
        if amount < cost or (amount < ground.least_payment and amount < balance + cost):
            return None
        free_interest = min(amount - cost, interest_left)
        fees = min(amount - cost - free_interest, fees_left)
        principal = amount - cost - free_interest - fees
        rows.append(PlanRow(due_on, principal, cost + free_interest, fees))
        balance, interest_left, fees_left = balance - principal, interest_left - free_interest, fees_left - fees
        day = due_on
        if balance + interest_left + fees_left == 0:
            break
    if balance + interest_left + fees_left or len(rows) <= limits.step_months:
        return None
    return _fitting(ground, Draft("step_up", tuple(rows), (), Waived(), ground.rate))


def settlement(ground: Ground) -> Draft | None:
    """As much of what is owed as savings and a few months hold, the rest let go; not below the floor for its age."""
    debt, rules = ground.debt, ground.policy.rules.settlement
    floor = share_at(rules.floors, debt.dpd)
    if floor is None:
        return None
    days = [ground.pay_day(place) for place in range(min(rules.months, ground.most_payments))]
    rooms = [ground.room(day) + (ground.surplus.savings if place == 0 else 0) for place, day in enumerate(days)]
    whole = debt.owed + debt.fees_ahead
    pays = min(sum(rooms), whole)
    if not days or pays >= whole or Decimal(pays) < floor * whole:
        return None
    kept, waived = _let_go(ground, whole - pays)
    rows = _poured(kept, days, rooms)
    share = Decimal(pays) / Decimal(whole)
    draft = Draft(
        "settlement", rows, (), waived, Fraction(0), ground.surplus.savings, {"pays": pays, "share": share}
    )
    return draft if ground.fits(draft) else None


BUILDERS: dict[str, Callable[[Ground], Draft | None]] = {
    one.__name__: one
    for one in (
        catch_up,
        extension,
        deferral_with_interest,
        deferral_without_interest,
        payment_holiday,
        longer_term,
        step_up,
        arrears_parked,
        arrears_capitalized,
        penalty_waiver,
        rate_waiver,
        settlement,
    )
}


def _fitting(ground: Ground, draft: Draft) -> Draft | None:
    """The draft with its charges placed, if it fits."""
    if not draft.rows:
        return None
    whole = with_charges(draft, ground)
    return whole if ground.fits(whole) else None


def _fewest(ground: Ground, kind: str, rows_of: Callable[[int], tuple[PlanRow, ...]], least: int) -> Draft | None:
    def at(months: int) -> Draft | None:
        return _fitting(ground, Draft(kind, rows_of(months), (), Waived(), ground.rate))

    return least_count(ground, least, at)


def _highest(at: Callable[[int], Draft | None], ticks: int) -> Draft | None:
    """The draft of the highest tick that has one; a lower tick always has one if a higher has."""
    found = at(0)
    low, high = 0, ticks + 1
    while found and high - low > 1:
        middle = (low + high) // 2
        tried = at(middle)
        low, high, found = (middle, high, tried) if tried else (low, middle, found)
    return found


def _pause_months(ground: Ground, otherwise: int) -> int:
    """Months without a payment: until the recovery, or what the policy gives; never more than it allows."""
    limits, later = ground.policy.rules.limits, ground.surplus.later_on
    months = otherwise
    if later:
        first = next(place for place in count() if (_ym(ground.pay_day(place)) > _ym(later)))
        months = first
    return min(max(months, 1), limits.most_deferral)


def _after_pause(ground: Ground) -> date:
    return ground.pay_day(_pause_months(ground, ground.policy.rules.limits.deferral))


def _ym(day: date) -> tuple[int, int]:
    return day.year, day.month


def _shifted(ground: Ground, kind: str, first: date, *, with_interest: bool) -> Draft | None:
    """All unpaid installments so many months later that the oldest is due on or after `first`."""
    debt = ground.debt
    if not debt.unpaid:
        return None
    oldest = debt.unpaid[0].due_on
    months = next(n for n in range(1200) if add_steps(oldest, MONTHLY, n) >= first)
    if not months:
        return None
    rows = []
    for row, part in zip(_as_agreed(ground, debt.unpaid), debt.unpaid, strict=True):
        later = add_steps(part.due_on, MONTHLY, months)
        time = year_fraction("30/360", max(part.due_on, debt.on), later, None)
        cost = rounded(part.principal * ground.rate * time) if with_interest else 0
        rows.append(replace(row, due_on=later, interest=row.interest + cost))
    terms = {"months": months, "pause": _months_between(debt.on, rows[0].due_on)}
    return _fitting(ground, Draft(kind, tuple(rows), (), Waived(), ground.rate, terms=terms))


def _months_between(start: date, end: date) -> int:
    return max((end.year - start.year) * 12 + end.month - start.month - (end.day < start.day), 0)


def _as_agreed(ground: Ground, parts: Sequence[Part]) -> list[PlanRow]:
    """Installments as the contract has them; at a lower rate, what of their interest is still to arise is less."""
    debt = ground.debt
    ratio = Fraction(1) if debt.annual_rate == 0 else ground.rate / debt.annual_rate
    first = debt.ahead[0].number if debt.ahead else None
    rows = []
    for part in parts:
        over = part.interest if part.due_on <= debt.on else debt.accrued if part.number == first else 0
        interest = over + rounded((part.interest - over) * ratio)
        rows.append(PlanRow(part.due_on, part.principal, interest, part.fees))
    return rows


def _sum(parts: Sequence[Part]) -> int:
    return sum(part.principal + part.interest + part.fees for part in parts)


def _level(parts: Sequence[Part], days: Sequence[date]) -> list[PlanRow]:
    """The parts together in level pieces on the days; the last takes what rounding leaves."""
    sums = [sum(getattr(part, name) for part in parts) for name in ("principal", "interest", "fees")]
    pieces = [shares(one, len(days)) for one in sums]
    return [PlanRow(day, *(piece[place] for piece in pieces)) for place, day in enumerate(days)]


def _let_go(ground: Ground, amount: int) -> tuple[dict[str, int], Waived]:
    """What of each component stays when so much is let go: charges first, then interest, fees, last principal."""
    debt = ground.debt
    charged, left = list[tuple[int, int]](), amount
    kept = {"interest": debt.interest, "fees": debt.fees_due + debt.fees_ahead, "principal": debt.principal}
    gone = dict.fromkeys(kept, 0)
    for part in debt.unpaid:  # charges cannot be split over months, so all of them go
        if part.charged:
            charged.append((part.number, part.charged))
            left -= part.charged
    for name, whole in kept.items():
        gone[name] = min(max(left, 0), whole)
        left -= gone[name]
    kept = {name: whole - gone[name] for name, whole in kept.items()}
    return kept, Waived(gone["principal"], gone["interest"], gone["fees"], tuple(charged))


def _poured(kept: dict[str, int], days: Sequence[date], rooms: Sequence[int]) -> tuple[PlanRow, ...]:
    """What stays, as early as there is room, in the order fees, interest, principal."""
    left, rows = dict(kept), list[PlanRow]()
    for day, room in zip(days, rooms, strict=True):
        piece: dict[str, int] = {}
        for name in ("fees", "interest", "principal"):
            piece[name] = min(left[name], room - sum(piece.values()))
            left[name] -= piece[name]
        if sum(piece.values()):
            rows.append(PlanRow(day, piece["principal"], piece["interest"], piece["fees"]))
    return tuple(rows)
