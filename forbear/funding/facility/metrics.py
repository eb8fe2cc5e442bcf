"""What covenants are written about: each metric by name, with its meaning, from a few sums over the pool's accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from forbear.book import Book
from forbear.funding.periods import Every, period_end

Sums = Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        title, meaning: by language.
        value: from the sums of `standing.sql`; None where there is nothing to divide by.
        is_money: in minor units; else a share.
    """

    title: dict[str, str]
    meaning: dict[str, str]
    value: Callable[[Sums], Decimal | None]
    is_money: bool = False


def _of(part: str, whole: str) -> Callable[[Sums], Decimal | None]:
    return lambda s: Decimal(s[part]) / Decimal(s[whole]) if s[whole] else None


def _par(days: int) -> Metric:
    return Metric(
        {"en": f"PAR {days}", "zh": f"逾期 {days} 天及以上占比"},
        {
            "en": f"Principal outstanding of open loans {days} or more days past due, over that of all open loans.",
            "zh": f"逾期 {days} 天及以上的未结清贷款剩余本金，除以全部未结清贷款剩余本金。",
        },
        _of(f"principal_{days}", "principal"),
    )


METRICS: dict[str, Metric] = {
    **{f"par_{days}": _par(days) for days in (1, 30, 60, 90)},
    "npl_ratio": Metric(
        {"en": "NPL ratio", "zh": "不良率"},
        {
            "en": "Principal outstanding classified substandard, doubtful or loss, over that of all open loans.",
            "zh": "次级、可疑、损失类贷款剩余本金，除以全部未结清贷款剩余本金。",
        },
        _of("npl", "principal"),
    ),
    "cumulative_default": Metric(
        {"en": "cumulative default rate", "zh": "累计违约率"},
        {
            "en": "Principal disbursed of loans that were ever 90 or more days past due, over all principal disbursed.",
            "zh": "曾经逾期达到 90 天的贷款的放款本金，除以全部放款本金。",
        },
        _of("ever_90", "disbursed"),
    ),
    "first_payment_default": Metric(
        {"en": "first-payment default", "zh": "首期违约率"},
        {
            "en": "Loans whose first installment was unpaid for 30 days, over all loans disbursed, by number.",
            "zh": "首期逾期达到 30 天的贷款笔数，除以全部放款笔数。",
        },
        _of("first_defaults", "loans"),
    ),
    "collection_rate": Metric(
        {"en": "collection rate, three months", "zh": "近三个月回收率"},
        {
            "en": "Of what fell due in the three months up to the date, the share paid by the date.",
            "zh": "截至日前三个月内到期的应还金额中，截至日已还的比例。",
        },
        _of("paid_of_due", "fell_due"),
    ),
    "largest_borrower": Metric(
        {"en": "largest borrower", "zh": "最大单一借款人占比"},
        {
            "en": "Principal outstanding of the borrower who owes most, over that of all open loans.",
            "zh": "剩余本金最多的借款人的剩余本金，除以全部未结清贷款剩余本金。",
        },
        _of("largest_borrower", "principal"),
    ),
    "weighted_rate": Metric(
        {"en": "average rate", "zh": "加权平均利率"},
        {
            "en": "Annual rate of open loans, weighted by principal outstanding.",
            "zh": "未结清贷款的年利率，按剩余本金加权。",
        },
        _of("principal_by_rate", "principal"),
    ),
    "pool_principal": Metric(
        {"en": "pool's principal", "zh": "资产池剩余本金"},
        {"en": "Principal outstanding of all open loans.", "zh": "全部未结清贷款的剩余本金。"},
        lambda s: Decimal(s["principal"]),
        is_money=True,
    ),
}


@dataclass(frozen=True)
class Measures:
    """The metrics of a pool at a date; money in minor units."""

    on: date
    sums: dict[str, Any]

    def value(self, metric: str) -> Decimal | None:
        """A metric's value."""
        return METRICS[metric].value(self.sums)


def measures(book: Book, accounts: pa.Table, on: date) -> Measures:
    """The metrics of a pool at a date.

    Args:
        book: its connection holds `funding.chunks` as of the date or later.
        accounts: the night's accounts as of the date, money as decimals of the major unit.
        on: the date.
    """
    load_accounts(book, accounts, "accounts_then")
    text = Path(__file__).with_name("standing.sql").read_text(encoding="utf-8")
    values = {"as_of": on, "since": period_end(on, -3, Every.month)}
    found = book.connection.execute(text, values)
    names = [column[0] for column in found.description or ()]
    return Measures(on, dict(zip(names, found.fetchall()[0], strict=True)))


MONEY = ("arrears_principal", "arrears_interest", "arrears_fees", "arrears_total", "principal_outstanding")
MORE_MONEY = ("paid_total", "overpaid_amount", "principal")


def load_accounts(book: Book, accounts: pa.Table, name: str) -> None:
    """Make `funding.<name>` of the night's accounts, money in minor units."""
    connection = book.connection
    scale = 10**book.minor_digits
    connection.execute("CREATE SCHEMA IF NOT EXISTS funding")
    connection.register("given_accounts", accounts)
    money = ", ".join(f"CAST({c} * {scale} AS BIGINT) AS {c}" for c in (*MONEY, *MORE_MONEY))
    connection.execute(f"CREATE OR REPLACE TABLE funding.{name} AS SELECT * REPLACE ({money}) FROM given_accounts")
    connection.unregister("given_accounts")
