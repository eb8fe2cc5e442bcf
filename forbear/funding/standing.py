"""Where a book stands as of a date: totals, buckets, delinquency rates, classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forbear.aging import AgingSettings
from forbear.funding.figures import Mass, Money, Row, share, total

OPEN = ("not_due", "current", "overdue")
RATES = (("any", 1), ("30+", 30), ("60+", 60), ("90+", 90))
Rows = Sequence[Row]


def totals(standing: Rows, borrowers: int, money: Money) -> Row:
    """Loans by status, and money."""
    counts = {s: _loans(standing, s) for s in (*OPEN, "closed", "prepaid", "overpaid", "not_disbursed")}
    arrears = {c: _sum(standing, f"arrears_{c}") for c in ("principal", "interest", "fees")}
    lent = [r for r in standing if r["status"] != "not_disbursed"]
    return {
        "loans": sum(counts.values()) - counts["not_disbursed"],
        "not_disbursed": counts["not_disbursed"],
        "open": sum(counts[s] for s in OPEN),
        **{s: counts[s] for s in ("closed", "prepaid", "overpaid", "overdue", "current", "not_due")},
        "borrowers": borrowers,
        "disbursed": money(_sum(lent, "disbursed")),
        "paid": money(_sum(standing, "paid_total")),
        "principal_outstanding": money(_sum(_open(standing), "principal_outstanding")),
        "overpaid_amount": money(_sum(standing, "overpaid_amount")),
        "arrears": money(sum(arrears.values())),
        **{f"arrears_{c}": money(amount) for c, amount in arrears.items()},
    }


def by_bucket(standing: Rows, settings: AgingSettings) -> dict[str, Mass]:
    """Open loans in each bucket, in the order of the set."""
    rows = _open(standing)
    return {b.bucket: _mass(r for r in rows if r["bucket"] == b.bucket) for b in settings.bucket_set()}


def buckets(standing: Rows, settings: AgingSettings, money: Money) -> list[Row]:
    """Open loans by bucket: loans, principal outstanding and arrears."""
    masses = by_bucket(standing, settings)
    whole = total(masses.values())
    rows = _open(standing)
    arrears = {
        b: sum(
            _sum([r for r in rows if r["bucket"] == b], f"arrears_{c}") for c in ("principal", "interest", "fees")
        )
        for b in masses
    }
    return [
        {
            "bucket": b.bucket,
            "dpd_from": b.dpd_from,
            "dpd_to": b.dpd_to,
            **masses[b.bucket].of(whole, money),
            "arrears": money(arrears[b.bucket]),
        }
        for b in settings.bucket_set()
    ]


def rates(standing: Rows, money: Money) -> list[Row]:
    """Delinquency rates by count and by money: any, 30+, 60+ and 90+ days past due, of open loans."""
    rows = _open(standing)
    whole = _mass(rows)
    late = {days: Mass(_sum(rows, f"loans_{days}"), _sum(rows, f"principal_{days}")) for _, days in RATES}
    return [
        {
            "name": name,
            "dpd_from": days,
            "loans": late[days].loans,
            "rate_loans": share(late[days].loans, whole.loans),
            "principal": money(late[days].principal),
            "rate_principal": share(late[days].principal, whole.principal),
        }
        for name, days in RATES
    ]


def classification(standing: Rows, settings: AgingSettings, money: Money) -> Row:
    """Open loans by category of the scheme in force, and loans in default by days past due."""
    scheme = settings.scheme()
    rows = _open(standing)
    whole = _mass(rows)
    return {
        "scheme": scheme.name,
        "title": dict(scheme.title),
        "default_days": settings.default_days,
        "default_loans": _sum(rows, "loans_default"),
        "default_principal": money(_sum(rows, "principal_default")),
        "categories": [
            {
                "category": c.category,
                "title": dict(c.title),
                "dpd_over": c.over,
                **_mass(r for r in rows if r["category"] == c.category).of(whole, money),
                "by_contagion": _loans_of(r for r in rows if r["category"] == c.category and r["by_contagion"]),
            }
            for c in scheme.categories
        ],
        "citations": [_citation(c) for c in scheme.citations],
    }


def _citation(read: Mapping[str, object]) -> Row:
    return {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in read.items()}


def _open(standing: Rows) -> list[Row]:
    return [r for r in standing if r["status"] in OPEN]


def _mass(rows: object) -> Mass:
    return total(Mass(r["loans"], int(r["principal_outstanding"])) for r in rows)  # type: ignore[attr-defined]


def _loans(standing: Rows, status: str) -> int:
    return _loans_of(r for r in standing if r["status"] == status)


def _loans_of(rows: object) -> int:
    return sum(r["loans"] for r in rows)  # type: ignore[attr-defined]


def _sum(rows: Rows, column: str) -> int:
    return sum(int(r[column]) for r in rows)
