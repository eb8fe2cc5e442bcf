"""The loans of a sample: who, when, how much, at what price, and how risky.

Loans are numbered in the order of disbursal, so a block of numbers is a slice of time. Borrowers are numbered in
the order of their first loan; what is said of a borrower depends on the number and the seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np

from forbear.book.sample_random import generator, uniform
from forbear.book.sample_recipe import Floats, Ints, Recipe

EPOCH = date(1970, 1, 1)
FACTOR_SCALE = 10**10
"""Level payments are principal x factor / this scale, in whole numbers."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """Days of disbursal: days since 1970 and how many loans were disbursed up to each of them."""

    as_of: int
    days: Ints
    loans_until: Ints
    vintage_risk: Floats


@dataclass(frozen=True, eq=False)
class Loans:
    """A block of loans, one array a column; money in minor units, days since 1970, indices into the recipe."""

    loan_id: Ints
    borrower_id: Ints
    disbursed: Ints
    principal: Ints
    rate_bp: Ints
    term: Ints
    product: Ints
    method: Ints
    channel: Ints
    funder: Ints
    score: Ints
    region: Ints
    risk: Floats
    never_pays: np.ndarray

    def __len__(self) -> int:
        """How many loans."""
        return len(self.loan_id)


@dataclass(frozen=True, eq=False)
class Borrowers:
    """What is known of people, by borrower number: indices into the recipe, monthly income in yuan."""

    borrower_id: Ints
    klass: Ints
    region: Ints
    employment: Ints
    birth_year: Ints
    income: Ints
    first_loan: Ints


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def calendar(recipe: Recipe, loans: int, as_of: date) -> Calendar:
    """Spread `loans` over the days before `as_of`: more towards the end, fewer on weekends, in whole numbers."""
    told = recipe.raw["calendar"]
    length = round(told["months"] * 365.25 / 12)
    last = day_number(as_of)
    days = np.arange(last - length + 1, last + 1, dtype=np.int64)
    rising = 1000 + np.arange(length) * round(1000 * (told["growth"] - 1)) // length
    is_weekend = (days + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    weights = np.where(is_weekend, rising * round(100 * told["weekend"]), rising * 100)
    total = int(weights.sum())
    until = np.array([int(w) * loans // total for w in np.cumsum(weights)], dtype=np.int64)
    by_month = recipe.vintage_risk[np.minimum(np.arange(length) * told["months"] // length, told["months"] - 1)]
    return Calendar(last, days, until, by_month / (by_month * weights / total).sum())


def borrower_count(recipe: Recipe, loans: int) -> int:
    """How many people `loans` loans go to; at least one."""
    return int(_new_until(np.asarray([loans]), recipe.raw["loan"]["new_borrowers"])[0])


def _new_until(loans: Ints, percent: int) -> Ints:
    """How many of the first `loans` loans went to new people (the first one always does)."""
    return -((-loans * percent) // 100)


def borrowers(recipe: Recipe, seed: int, numbers: Ints, as_of: date) -> Borrowers:
    """The people with these numbers (from 1)."""
    of_class, of_region, of_work, of_age, of_income = (uniform(seed, purpose, numbers) for purpose in range(1, 6))
    klass = recipe.classes.draw(of_class)
    age = 20 + (of_age * of_age * 42).astype(np.int64)
    income = 2000 + (of_income * of_income * 300).astype(np.int64) * 100 + np.array([3000, 1500, 500, 0])[klass]
    first_loan = (numbers - 1) * 100 // recipe.raw["loan"]["new_borrowers"] + 1
    return Borrowers(
        numbers,
        klass,
        recipe.regions.draw(of_region),
        recipe.employment.draw(of_work),
        as_of.year - age,
        income,
        first_loan,
    )


def loans_of_block(recipe: Recipe, when: Calendar, seed: int, first: int, last: int, as_of: date) -> Loans:
    """Loans `first` to `last` (numbers from 1, both included)."""
    numbers = np.arange(first, last + 1, dtype=np.int64)
    draw = generator(seed, first).random((10, len(numbers)))
    day = np.searchsorted(when.loans_until, numbers - 1, side="right")
    borrower_id = _borrower_of(recipe, numbers, draw[0])
    people = borrowers(recipe, seed, borrower_id, as_of)
    product, channel = recipe.products.draw(draw[1]), recipe.channels.draw(draw[2])
    method = _methods(recipe, product, draw[3])
    free = method == 4
    risk = recipe.classes.risk[people.klass] * recipe.regions.risk[people.region] * recipe.products.risk[product]
    risk = risk * recipe.channels.risk[channel] * when.vintage_risk[day]
    rates = np.asarray(recipe.rates.rows, dtype=np.int64)[recipe.rates.draw(draw[4])]
    return Loans(
        numbers,
        borrower_id,
        when.days[day],
        _principal(recipe, product, draw[5]),
        np.where(free, 0, rates),
        np.asarray(recipe.terms.rows, dtype=np.int64)[recipe.terms.draw(draw[6])],
        product,
        method,
        channel,
        recipe.funders.draw(draw[7]) + 1,
        _score(people.klass, draw[8]),
        people.region,
        risk,
        draw[9] < recipe.raw["lateness"]["never_paid"] * risk,
    )


def _borrower_of(recipe: Recipe, numbers: Ints, draw: Floats) -> Ints:
    """A new person, or one who had a loan before, rather a recent one."""
    percent = recipe.raw["loan"]["new_borrowers"]
    until, before = _new_until(numbers, percent), _new_until(numbers - 1, percent)
    earlier = np.minimum((np.sqrt(draw) * before).astype(np.int64), np.maximum(before - 1, 0)) + 1
    return np.where(until > before, until, earlier)


def _methods(recipe: Recipe, product: Ints, draw: Floats) -> Ints:
    found = np.zeros(len(product), dtype=np.int64)
    for index, methods in enumerate(recipe.methods):
        own = product == index
        found[own] = np.asarray(methods.rows, dtype=np.int64)[methods.draw(draw[own])]
    return found


def _principal(recipe: Recipe, product: Ints, draw: Floats) -> Ints:
    """In fen; a multiple of 100 yuan, small loans more often than large ones."""
    low, high = np.asarray([p["principal"] for p in recipe.products.rows], dtype=np.int64)[product].T
    yuan: Ints = (low + (draw * draw * (high - low)).astype(np.int64)) // 100 * 100
    return yuan * 100


def _score(klass: Ints, draw: Floats) -> Ints:
    """An application score that knows something of the borrower's class, not all."""
    return np.array([640, 590, 540, 500])[klass] + (draw * 180).astype(np.int64)


def level_factor(rate_bp: int, term: int) -> int:
    """Level payment of 1 at `rate_bp` a year over `term` months, times FACTOR_SCALE, rounded half up."""
    monthly = Fraction(rate_bp, 120_000)
    factor = Fraction(1, term) if not monthly else monthly / (1 - (1 + monthly) ** -term)
    return int(factor * FACTOR_SCALE + Fraction(1, 2))
