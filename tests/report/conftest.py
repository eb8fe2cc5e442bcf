"""A portfolio in the shape of docs/close.md, made by formula: every section, the same figures each time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

MONTHS = [f"{2024 + (i + 6) // 12}-{(i + 6) % 12 + 1:02}" for i in range(24)]
ENDS = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]
BUCKETS = ["M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+"]
OPEN = 10456


def share(part: float) -> str:
    """A share as the portfolio writes it."""
    return f"{part:.6f}"


@pytest.fixture
def portfolio() -> dict[str, Any]:
    """Everything a night can say."""
    return {
        "format": "forbear-portfolio-1",
        "as_of": "2026-06-30",
        "currency": "CNY",
        "minor_digits": 2,
        "book": {
            "mapping": "superlender_ng",
            "loans": 20000,
            "installments": 239418,
            "payments": 141490,
            "events": 0,
            "first_disbursed_on": "2024-07-01",
            "last_disbursed_on": "2026-06-30",
            "last_paid_on": "2026-06-30",
            "missing_tables": ["events", "borrowers"],
            "notes": ["Fees are not told apart from interest."],
        },
        "settings": {
            "aging": {"tolerance": "0", "buckets": "cn", "retail_exempt": False, "contagion_share": None},
            "report": {"months": 12, "amount_bands": []},
        },
        "totals": {
            "loans": 19950,
            "not_disbursed": 50,
            "open": OPEN,
            "closed": 6000,
            "prepaid": 3044,
            "overpaid": 450,
            "overdue": 732,
            "current": 8624,
            "not_due": 1100,
            "borrowers": 8141,
            "disbursed": "251234500.00",
            "paid": "180234567.12",
            "principal_outstanding": "91234567.89",
            "overpaid_amount": "2345.60",
            "arrears": "1234567.80",
            "arrears_principal": "1100000.00",
            "arrears_interest": "130000.00",
            "arrears_fees": "4567.80",
        },
        "buckets": _buckets(),
        "rates": _rates(),
        "classification": _classification(),
        "rolls": _rolls(),
        "history": [_stand(i, day, j, b) for i, day in enumerate(ENDS) for j, b in enumerate(BUCKETS)],
        "vintages": [_vintage(i, m) for i, m in enumerate(MONTHS)],
        "collections": [_collected(i, m) for i, m in enumerate(MONTHS)],
        "cures": [_cured(i, a, b, bucket) for i, (a, b) in enumerate(pairwise(ENDS)) for bucket in BUCKETS[1:4]],
        "first_payment_default": [_first_default(i, m) for i, m in enumerate(MONTHS[:-2])],
        "segments": [_segment(i, d, v) for i, (d, v) in enumerate(SEGMENTS)],
        "quarantine": {
            "loans": 3,
            "principal": "45000.00",
            "scheduled_principal": "44000.00",
            "paid": "1200.00",
            "broken_lines": 1,
            "rows": {"payments": 7},
            "orphan_rows": {"installments": 2},
            "faults": {"duplicate_key": 1, "principal_mismatch": 2},
            "waived": [{"rule": "paid_before_disbursal", "why": "dates carry no hour"}],
        },
        "definitions": {
            "dpd": {"zh": "逾期天数：截至日减去应还日。", "en": "Days past due: the as-of date less the due date."},
            "rolls": {"zh": "迁徙率：比例。", "en": "Roll rate: of the loans open in a bucket."},
        },
    }


def _mass(loans: int, part: float) -> dict[str, Any]:
    """Loans and principal with their shares."""
    principal = {"principal": f"{loans * 8725}.10", "share_principal": share(part)}
    return {"loans": loans, "share_loans": share(part), **principal}


def _buckets() -> list[dict[str, Any]]:
    loans = [9724, 512, 128, 24, 18, 14, 11, 25]
    return [
        {
            "bucket": b,
            "dpd_from": max(0, i * 30 - 29),
            "dpd_to": None if i == 7 else i * 30,
            **_mass(n, n / OPEN),
            "arrears": f"{n * 300 * i}.50",
        }
        for i, (b, n) in enumerate(zip(BUCKETS, loans, strict=True))
    ]


def _rates() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "dpd_from": days,
            "loans": n,
            "rate_loans": share(n / OPEN),
            "principal": f"{n * 9000}.00",
            "rate_principal": share(n / 9800),
        }
        for name, days, n in (("any", 1, 732), ("30+", 30, 220), ("60+", 60, 92), ("90+", 90, 68))
    ]


CLASSES = (
    ("normal", "正常", None, 0.93),
    ("special_mention", "关注", 0, 0.052),
    ("substandard", "次级", 90, 0.011),
    ("doubtful", "可疑", 270, 0.005),
    ("loss", "损失", 360, 0.002),
)


def _classification() -> dict[str, Any]:
    return {
        "scheme": "cn_five",
        "title": {"zh": "五级分类", "en": "five categories (mainland China)"},
        "default_days": 90,
        "default_loans": 68,
        "default_principal": "612000.00",
        "categories": [
            {
                "category": name,
                "title": {"zh": zh, "en": name.replace("_", " ")},
                "dpd_over": over,
                **_mass(int(OPEN * part), part),
                "by_contagion": 22 if name == "substandard" else 0,
            }
            for name, zh, over, part in CLASSES
        ],
        "citations": [
            {
                "id": f"CN-CLS-0{i}",
                "instrument": "商业银行金融资产风险分类办法",
                "article": "第十条",
                "in_force_from": "2023-07-01",
                "verified": verified,
                "text": {"zh": "逾期即至少关注。", "en": "Any day past due: at least special mention."},
            }
            for i, verified in ((1, False), (2, True))
        ],
    }


def _rolls() -> dict[str, Any]:
    pairs = []
    for i, bucket in enumerate(BUCKETS):
        better, closed = (0.0, 0.03) if i == 0 else (0.5 / (i + 1), 0.08 / (i + 1))
        parts = {"M0": better, BUCKETS[min(i + 1, 7)]: 0.04 + 0.05 * i, "closed": closed}
        parts[bucket] = parts.get(bucket, 0) + 1 - sum(parts.values())
        pairs += [{"from": bucket, "to": to, **_mass(int(1000 * p), p)} for to, p in parts.items() if p > 0]
    return {
        "buckets": [*BUCKETS, "closed"],
        "latest": {"from": "2026-05-31", "to": "2026-06-30", "rows": pairs},
        "average": {"from": "2025-06-30", "to": "2026-06-30", "months": 12, "rows": pairs},
        "trend": [
            {"from_date": a, "to_date": b, "from": x, "to": y, **_mass(100, 0.05 + 0.1 * i + 0.002 * k)}
            for k, (a, b) in enumerate(pairwise(ENDS))
            for i, (x, y) in enumerate(pairwise(BUCKETS))
        ],
    }


def _stand(month: int, day: str, order: int, bucket: str) -> dict[str, Any]:
    part = 0.01 / order + 0.001 * month if order else 0.95
    return {"date": day, "bucket": bucket, **_mass(int(9000 * part), part)}


def _vintage(index: int, month: str) -> dict[str, Any]:
    risk = 0.012 * (1.4 if 12 <= index < 18 else 1)
    curves = []
    for mob in range(len(MONTHS) - index):
        grown = risk * (1 - 0.86**mob)
        point: dict[str, Any] = {"mob": mob}
        for days, less in ((1, 0.2), (30, 1), (60, 3), (90, 5)):
            point |= {f"ever_{days}_loans": int(600 * grown), f"ever_{days}_principal": f"{int(7e6 * grown)}.00"}
            point |= {
                f"rate_{days}_loans": share(grown / less),
                f"rate_{days}_principal": share(grown / less * 0.9),
            }
        curves.append(point)
    return {
        "month": month,
        "loans": 600 + 20 * index,
        "principal": f"{7500000 + 90000 * index}.00",
        "curves": curves,
    }


def _collected(index: int, month: str) -> dict[str, Any]:
    due = 1_200_000 + 700_000 * min(index, 12)
    paid = int(due * (0.995 - 0.002 * max(0, index - 18)))
    return {
        "month": month,
        "due": f"{due}.55",
        "due_installments": due // 1000,
        "paid_of_due": f"{paid}.00",
        "unpaid_of_due": f"{due - paid}.55",
        "rate_paid": share(paid / due),
        "received": f"{int(due * 1.01)}.20",
        "payments": due // 900,
        "reversed": "0.00",
    }


def _cured(index: int, start: str, end: str, bucket: str) -> dict[str, Any]:
    overdue = 120 + 25 * index
    cured = 60 + 10 * index
    return {
        "from_date": start,
        "to_date": end,
        "from": bucket,
        "loans": overdue,
        "cured": cured,
        "rate_loans": share(cured / overdue),
        "principal": f"{overdue * 8000}.00",
        "cured_principal": f"{cured * 6000}.00",
        "rate_principal": share(cured * 6 / (overdue * 8)),
    }


def _first_default(index: int, month: str) -> dict[str, Any]:
    loans, failed = 700 + 10 * index, 4 + index % 5
    return {
        "month": month,
        "days": 30,
        "loans": loans,
        "defaulted": failed,
        "rate_loans": share(failed / loans),
        "principal": f"{loans * 9000}.00",
        "defaulted_principal": f"{failed * 8000}.00",
        "rate_principal": share(failed * 8 / (loans * 9)),
    }


SEGMENTS = (
    ("x_channel", "中介"),
    ("region", "辽宁"),
    ("product", "现金贷"),
    ("repayment_method", "equal_installment"),
    ("x_own_feature", "7"),
)


def _segment(index: int, dimension: str, value: str) -> dict[str, Any]:
    return {
        "dimension": dimension,
        "value": value,
        "loans": 900 - 100 * index,
        "principal": f"{8000000 - index}.00",
        "share_principal": share(0.08 - 0.01 * index),
        "rate_any_loans": share(0.13 - 0.02 * index),
        "rate_any_principal": share(0.12 - 0.02 * index),
        "rate_30_loans": share(0.05 - 0.01 * index),
        "rate_30_principal": share(0.06 - 0.012 * index),
        "rate_90_principal": share(0.02 - 0.004 * index),
    }
