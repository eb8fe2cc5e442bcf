"""`forbear schedule` over a grid of options against a plain computation of its own: dates, sums, interest, annual cost.

The oracle knows dates by hand-written steps, fractions of a year day by day, and money in Decimal; the level payment
it finds by bisection. It shares nothing with the package.
"""

import calendar
import json
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from itertools import product

import pytest
import pyxirr
from typer.testing import CliRunner

from forbear.cli import app

PRINCIPAL, RATE, TERM, START = Decimal("12345.67"), Decimal("0.1799"), 7, date(2023, 10, 31)
CENT = Decimal("0.01")
METHODS = ("equal_installment", "equal_principal", "interest_first", "bullet", "flat", "zero_interest")
DAY_COUNTS = ("30/360", "actual/360", "actual/365", "actual/actual", "actual/actual-isda")
STEPS = {"1m": 12, "2w": 26, "1w": 52, "30d": 365 / 30, "3m": 4}
"""Steps and how many make a year."""
GRACES = ((0, 0), (2, 0), (0, 2), (2, 1))
FIRST = (None, 64)
"""Days from disbursal to the first due date, where it is given."""
FEES = (Decimal(0), Decimal("0.0021"))
"""Share of the principal that falls due as a fee with each installment."""
GRID = [
    (*case, list(STEPS)[(place + place // 40 + 2 * turn) % len(STEPS)], fee_rate)
    for turn, fee_rate in enumerate(FEES)
    for place, case in enumerate(product(METHODS, DAY_COUNTS, GRACES, FIRST))
    if not (case[0] in ("bullet", "interest_first") and case[2][0]) and not (case[0] == "bullet" and case[2][1])
]


def stepped(first, every, count):
    number, unit = int(every[:-1]), every[-1]
    if unit != "m":
        return first + timedelta(days=count * number * {"w": 7, "d": 1}[unit])
    month = first.month - 1 + count * number
    year, month = first.year + month // 12, month % 12 + 1
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


def dues(every, gap):
    if gap is None:
        return [stepped(START, every, n) for n in range(1, TERM + 1)]
    return [stepped(START + timedelta(days=gap), every, n) for n in range(TERM)]


def fraction(day_count, start, end, every, whole):
    days = (end - start).days
    if day_count == "30/360":
        if whole and every[-1] == "m":
            return Decimal(int(every[:-1])) / 12
        if whole:
            return Decimal(days) / 360
        first = min(start.day, 30)
        last = 30 if end.day == 31 and first == 30 else end.day
        return Decimal(360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first) / 360
    if day_count in ("actual/360", "actual/365"):
        return Decimal(days) / int(day_count[-3:])
    back = 0 if day_count == "actual/actual" else 1
    each = (start + timedelta(days=n + 1 - back) for n in range(days))
    lengths = [366 if calendar.isleap(day.year) else 365 for day in each]
    return Decimal(lengths.count(365)) / 365 + Decimal(lengths.count(366)) / 366


def growths(day_count, every, gap):
    ends = dues(every, gap)
    starts = [START, *ends[:-1]]
    pairs = enumerate(zip(starts, ends, strict=True))
    return [RATE * fraction(day_count, a, b, every, whole=gap is None or n > 0) for n, (a, b) in pairs]


def cents(amount):
    return amount.quantize(CENT, ROUND_HALF_EVEN)


def left_after(level, growth):
    balance = PRINCIPAL
    for share in growth:
        balance += balance * share - level
    return balance


def exact_level(growth):
    low, high = Decimal(0), PRINCIPAL * 3
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if left_after(middle, growth) > 0 else (low, middle)
    return low


def asked(method, day_count, grace, gap, every, fee_rate):
    options = {
        "principal": PRINCIPAL, "annual-rate": RATE, "term": TERM, "method": method, "disbursed-on": START,
        "every": every, "day-count": day_count, "grace-principal": grace[0], "grace-interest": grace[1],
        "fee-rate": fee_rate, "format": "json",
    }  # fmt: skip
    if gap is not None:
        options["first-due-on"] = START + timedelta(days=gap)
    result = CliRunner().invoke(app, ["schedule", *(w for k, v in options.items() for w in (f"--{k}", str(v)))])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def waited(interest, grace):
    """Interest of the first `grace` installments falls due with the next one."""
    return [Decimal(0)] * grace + [sum(interest[: grace + 1]), *interest[grace + 1 :]] if grace else interest


def interest_of(method, growth, balances):
    if method == "zero_interest":
        return [Decimal(0)] * TERM
    if method == "bullet":
        return [cents(PRINCIPAL * sum(growth))]
    if method == "flat" and len(set(growth)) == 1:
        each, whole = cents(cents(PRINCIPAL * sum(growth)) / TERM), cents(PRINCIPAL * sum(growth))
        return [each] * (TERM - 1) + [whole - each * (TERM - 1)]
    owed = [PRINCIPAL] * TERM if method == "flat" else balances
    return [cents(b * g) for b, g in zip(owed, growth, strict=True)]


@pytest.mark.parametrize("case", GRID, ids=str)
def test_dates_sums_interest_and_cost(case):
    method, day_count, grace, gap, every, fee_rate = case
    told = asked(*case)
    rows = told["installments"]
    principal, interest, fees, total, balance = (
        [Decimal(row[part]) for row in rows] for part in ("principal", "interest", "fees", "total", "balance")
    )
    fees_are(fees, cents(PRINCIPAL * fee_rate))
    due = dues(every, gap)
    assert [row["due_on"] for row in rows] == [day.isoformat() for day in (due[-1:] if method == "bullet" else due)]
    assert sum(principal) == PRINCIPAL
    assert balance[-1] == 0
    assert [b + p for b, p in zip(balance, principal, strict=True)] == [PRINCIPAL, *balance[:-1]]
    assert [sum(parts) for parts in zip(principal, interest, fees, strict=True)] == total
    with localcontext(prec=50):
        growth = growths(day_count, every, gap)
        assert interest == waited(interest_of(method, growth, [PRINCIPAL, *balance[:-1]]), grace[1])
        principal_is_shared(method, grace, growth, principal, interest)
    cost_is_that_of_the_flows(told, total, every, method)


def principal_is_shared(method, grace, growth, principal, interest):
    free, count = grace[0], TERM - grace[0]
    assert not any(principal[:free])
    rest = principal[free:]
    if method == "interest_first":
        assert not any(principal[:-1])
    elif method in ("equal_principal", "zero_interest") or (method == "flat" and len(set(growth)) == 1):
        assert rest[:-1] == [cents(PRINCIPAL / count)] * (count - 1)
    elif method == "equal_installment" and not grace[1]:
        level = {p + i for p, i in zip(rest[:-1], interest[free:-1], strict=True)}
        assert len(level) == 1
        assert abs(level.pop() - exact_level(growth[free:])) <= CENT
        assert abs(principal[-1] + interest[-1] - exact_level(growth[free:])) <= CENT * count
    elif method == "flat" and not grace[1]:
        sums = [p + i for p, i in zip(rest, interest[free:], strict=True)]
        assert len(set(sums[:-1])) == 1
        assert abs(sums[-1] - sums[0]) <= CENT * count


def fees_are(fees, each):
    assert fees == [each] * len(fees)


def cost_is_that_of_the_flows(told, total, every, method):
    days = [START, *(date.fromisoformat(row["due_on"]) for row in told["installments"])]
    flows = [float(-PRINCIPAL), *map(float, total)]
    costs = sum(total) > PRINCIPAL
    assert told["xirr"] == pytest.approx(pyxirr.xirr(days, flows) if costs else 0, abs=1e-6)
    steps = [flows[0], *[0.0] * (TERM - 1), flows[-1]] if method == "bullet" else flows
    assert told["irr_annual"] == pytest.approx(pyxirr.irr(steps) * STEPS[every] if costs else 0, abs=1e-6)
