"""A sample's arrays as Arrow tables with the columns of a book.

Identities are integers. In Parquet money is an integer of the minor unit, in CSV a decimal of the major unit, as
`docs/book.md` says of both. Texts come in Chinese or English; names of methods, channels of contact and results
are words for programs and stay English.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from forbear.book.sample_contacts import CHANNELS, Contacts
from forbear.book.sample_habits import Paid
from forbear.book.sample_loans import Borrowers, Loans
from forbear.book.sample_recipe import METHODS, Ints, Mix, Recipe
from forbear.book.sample_schedule import Schedule

PAYMENTS_A_LOAN = 1000
"""payment_id and contact_id are loan_id times this, plus a running number within the loan."""
UTC_OFFSET_HOURS = {"Asia/Shanghai": 8, "Asia/Urumqi": 6, "Asia/Singapore": 8}
"""Zones of the recipe; none of them has had summer time since 1991."""
_RATE_DIGITS, _TEXT_RATE_DIGITS = 8, 4
"""Digits of a rate behind the point, stored and as text: with eight, a rate of zero would be written 0E-8."""


def loans_table(recipe: Recipe, loans: Loans, language: str, *, major: bool) -> pa.Table:
    """The `loans` table of a block."""
    return pa.table(
        {
            "loan_id": loans.loan_id,
            "borrower_id": loans.borrower_id,
            "disbursed_on": days(loans.disbursed),
            "principal": money(loans.principal, major=major),
            "annual_rate": _rate(loans.rate_bp, major=major),
            "term": loans.term.astype(np.int32),
            "currency": names(np.zeros(len(loans), dtype=np.int64), [recipe.raw["loan"]["currency"]]),
            "product": named(recipe.products, loans.product, language),
            "repayment_method": names(loans.method, list(METHODS)),
            "funder_id": loans.funder,
            "x_channel": named(recipe.channels, loans.channel, language),
            "x_score": loans.score.astype(np.int32),
        }
    )


def _rate(basis_points: Ints, *, major: bool) -> pa.Array:
    digits = _TEXT_RATE_DIGITS if major else _RATE_DIGITS
    return decimal(basis_points * 10 ** (digits - 4), 12, digits)


def installments_table(loans: Loans, plan: Schedule, *, major: bool) -> pa.Table:
    """The `installments` table of a block."""
    return pa.table(
        {
            "loan_id": loans.loan_id[plan.loan],
            "number": plan.number.astype(np.int32),
            "due_on": days(plan.due),
            "principal_due": money(plan.principal, major=major),
            "interest_due": money(plan.interest, major=major),
            "fees_due": money(plan.fees, major=major),
        }
    )


def payments_table(recipe: Recipe, loans: Loans, paid: Paid, *, major: bool) -> pa.Table:
    """The `payments` table of a block; bank transfers do not say which installment they are for."""
    loan_id = loans.loan_id[paid.loan]
    sources = [s["name"] for s in recipe.sources.rows]
    unknown = paid.source == sources.index("bank_transfer")
    return pa.table(
        {
            "payment_id": loan_id * PAYMENTS_A_LOAN + running(paid.loan),
            "loan_id": loan_id,
            "paid_on": days(paid.day),
            "amount": money(paid.amount, major=major),
            "installment_number": pa.array(paid.number.astype(np.int32), mask=unknown),
            "source": names(paid.source, sources),
        }
    )


def borrowers_table(recipe: Recipe, people: Borrowers, language: str) -> pa.Table:
    """The `borrowers` table; `first_loan` is the loan_id of their first loan."""
    zones = [r["time_zone"] for r in recipe.regions.rows]
    return pa.table(
        {
            "borrower_id": people.borrower_id,
            "time_zone": names(people.region, zones),
            "language": names(np.zeros(len(people.region), dtype=np.int64), ["zh" if language == "zh" else "en"]),
            "region": named(recipe.regions, people.region, language),
            "birth_year": people.birth_year.astype(np.int32),
            "first_loan": pa.array(people.first_loan).cast(pa.string()),
            "x_employment": names(people.employment, recipe.raw["employment"][language]),
            "x_income": people.income,
        }
    )


def contacts_table(recipe: Recipe, loans: Loans, made: Contacts) -> pa.Table:
    """The `contacts` table of a block, instants in UTC."""
    loan_id = loans.loan_id[made.loan]
    hours = np.array([UTC_OFFSET_HOURS[r["time_zone"]] for r in recipe.regions.rows], dtype=np.int64)
    second = made.local_second - hours[loans.region[made.loan]] * 3600
    told = recipe.raw["contacts"]["results"]
    rows = [told[channel] for channel in CHANNELS]
    flat = [row for channel in rows for row in channel]
    index = made.result + made.channel * len(rows[0])
    by_machine = made.channel == CHANNELS.index("sms")
    return pa.table(
        {
            "contact_id": loan_id * PAYMENTS_A_LOAN + running(made.loan),
            "borrower_id": loans.borrower_id[made.loan],
            "at": pa.array(second * 1_000_000).cast(pa.timestamp("us", tz="UTC")),
            "channel": names(made.channel, list(CHANNELS)),
            "direction": names(index, [r[2] for r in flat]),
            "result": names(index, [r[0] for r in flat]),
            "party": names(index, [r[1] or None for r in flat]),
            "sender": names(
                np.where(by_machine, 0, made.agent), ["system", *(f"agent-{n:02}" for n in range(1, 41))]
            ),
            "loan_id": loan_id,
        }
    )


def running(loan: Ints) -> Ints:
    """1, 2, 3, … within each run of equal loans."""
    if not len(loan):
        return loan
    starts = np.flatnonzero(np.concatenate([[True], loan[1:] != loan[:-1]]))
    lengths = np.diff(np.append(starts, len(loan)))
    counted: Ints = np.arange(len(loan)) - np.repeat(starts, lengths) + 1
    return counted


def days(numbers: Ints) -> pa.Array:
    """Days since 1970 as dates."""
    return pa.array(numbers.astype(np.int32)).cast(pa.date32())


def money(minor: Ints, *, major: bool) -> pa.Array:
    """Minor units as they are, or as decimals of the major unit with two digits."""
    return decimal(minor, 18, 2) if major else pa.array(minor)


def decimal(unscaled: Ints, precision: int, scale: int) -> pa.Array:
    """Whole numbers read as decimals with `scale` digits after the point, without any rounding."""
    words = np.empty((len(unscaled), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = unscaled, unscaled >> 63
    buffer = pa.py_buffer(words.tobytes())
    return pa.Array.from_buffers(pa.decimal128(precision, scale), len(unscaled), [None, buffer])


def named(mix: Mix, index: Ints, language: str) -> pa.Array:
    """The recipe's own words for drawn alternatives."""
    return names(index, [row[language] for row in mix.rows])


def names(index: Ints, words: list[Any]) -> pa.Array:
    """Words by index, as plain text."""
    return pa.DictionaryArray.from_arrays(index.astype(np.int32), pa.array(words, pa.string())).cast(pa.string())
