"""Every figure of the portfolio against plain sums over accounts, one aging of the book at each month end.

The aging of single loans is held to an oracle of its own (tests/aging); here it is run at every month end, and what
the close tells of moves, vintages, cures and money is counted again from those tables, loan by loan, in Python.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import unrest

from forbear.aging import AgingSettings
from forbear.book import open_book
from forbear.funding.months import last_day, month_ends, month_name, month_number
from forbear.night import age, close
from forbear.night.settings import NightSettings

OPEN = {"not_due", "current", "overdue"}
DAYS = (1, 30, 60, 90)
WAYS = {
    "plain": (date(2026, 6, 30), AgingSettings()),
    "mid-month, US buckets, grace": (
        date(2026, 5, 17),
        AgingSettings(buckets="us", grace_days=4, classification="default", tolerance=Decimal("2.00")),
    ),
}


class Seen:
    """A book closed, and aged at every month end that its report looks at."""

    def __init__(self, folder, as_of, aging, out):
        self.as_of = as_of
        self.aging = aging
        self.told = close(folder, as_of=as_of, out=out, settings=NightSettings(aging=aging)).portfolio
        self.book = open_book(folder, duckdb.connect())
        self.ends = [end.ends_on for end in month_ends(as_of, 24)]
        self.at = {
            day: {a["loan_id"]: a for a in age(self.book, as_of=day, settings=aging).to_pylist()}
            for day in self.ends
        }
        self.now = self.at[as_of].values()

    def rows(self, query):
        return self.book.connection.execute(query).fetchall()


@pytest.fixture(scope="module", params=WAYS)
def seen(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("portfolio")
    as_of, aging = WAYS[request.param]
    book = unrest.restless(folder / "book", loans=2_500, seed=23)
    return Seen(book, as_of, aging, folder / "out")


def share(part, whole):
    return None if not whole else str((Decimal(part) / Decimal(whole)).quantize(Decimal("0.000001")))


def money(amount):
    return str(Decimal(amount).quantize(Decimal("0.01")))


def mass(accounts, column="principal_outstanding"):
    listed = list(accounts)
    return len(listed), sum((a[column] for a in listed), Decimal(0))


def told_mass(row):
    return row["loans"], Decimal(row["principal"])


def is_open(account):
    return account["status"] in OPEN


def test_totals(seen):
    totals = seen.told["totals"]
    count = lambda *statuses: sum(a["status"] in statuses for a in seen.now)  # noqa: E731
    assert totals["loans"] == len(seen.now) - count("not_disbursed")
    for status in ("not_disbursed", "closed", "prepaid", "overpaid", "overdue", "current", "not_due"):
        assert totals[status] == count(status), status
    assert totals["open"] == count(*OPEN)
    assert totals["borrowers"] == len({a["borrower_id"] for a in seen.now if is_open(a)})
    sums = {c: money(sum(a[c] for a in seen.now)) for c in ("overpaid_amount", "arrears_interest", "arrears_fees")}
    assert {c: totals[c] for c in sums} == sums
    assert totals["paid"] == money(sum(a["paid_total"] for a in seen.now))
    assert totals["arrears"] == money(sum(a["arrears_total"] for a in seen.now))
    assert totals["principal_outstanding"] == money(mass(filter(is_open, seen.now))[1])
    assert totals["disbursed"] == money(
        mass((a for a in seen.now if a["status"] != "not_disbursed"), "principal")[1]
    )


def test_buckets_rates_and_classes(seen):
    owing = [a for a in seen.now if is_open(a)]
    loans, whole = mass(owing)
    for row in seen.told["buckets"]:
        own = [a for a in owing if a["bucket"] == row["bucket"]]
        assert told_mass(row) == mass(own)
        assert row["share_loans"] == share(len(own), loans)
        assert row["share_principal"] == share(mass(own)[1], whole)
        assert row["arrears"] == money(sum(a["arrears_total"] for a in own))
        assert all(row["dpd_from"] <= a["dpd"] <= (row["dpd_to"] or 10**6) for a in own)
    assert sum(row["loans"] for row in seen.told["buckets"]) == loans
    for row, days in zip(seen.told["rates"], DAYS, strict=True):
        late = mass(a for a in owing if a["dpd"] >= days)
        assert told_mass(row) == late
        assert (row["rate_loans"], row["rate_principal"]) == (share(late[0], loans), share(late[1], whole))
    for row in seen.told["classification"]["categories"]:
        assert told_mass(row) == mass(a for a in owing if a["classification"] == row["category"])


def periods(seen):
    """Roll matrices counted loan by loan: (from, to) day -> (from bucket, to bucket) -> loans, principal."""
    months = seen.told["settings"]["report"]["months"]
    ends = [end.ends_on for end in month_ends(seen.as_of, months)]
    made = {}
    for before, after in pairwise(ends):
        grid = defaultdict(lambda: [0, Decimal(0)])
        for loan, then in seen.at[before].items():
            if is_open(then):
                later = seen.at[after][loan]
                to = later["bucket"] if is_open(later) else "closed"
                grid[then["bucket"], to][0] += 1
                grid[then["bucket"], to][1] += then["principal_outstanding"]
        if grid:
            made[before.isoformat(), after.isoformat()] = {k: tuple(v) for k, v in grid.items()}
    return made


def test_rolls(seen):
    made = periods(seen)
    rolls = seen.told["rolls"]
    assert len(made) == 12
    last = list(made)[-1]
    assert (rolls["latest"]["from"], rolls["latest"]["to"]) == last
    assert {(r["from"], r["to"]): told_mass(r) for r in rolls["latest"]["rows"]} == made[last]
    pooled = defaultdict(lambda: [0, Decimal(0)])
    for grid in made.values():
        for pair, (loans, principal) in grid.items():
            pooled[pair][0] += loans
            pooled[pair][1] += principal
    assert {(r["from"], r["to"]): told_mass(r) for r in rolls["average"]["rows"]} == {
        k: tuple(v) for k, v in pooled.items()
    }
    for row in rolls["average"]["rows"]:
        start = [v for (a, _), v in pooled.items() if a == row["from"]]
        assert row["share_loans"] == share(pooled[row["from"], row["to"]][0], sum(v[0] for v in start))
        assert row["share_principal"] == share(pooled[row["from"], row["to"]][1], sum(v[1] for v in start))
    names = [b for b in rolls["buckets"] if b != "closed"]
    for row in rolls["trend"]:
        assert names.index(row["to"]) == names.index(row["from"]) + 1
        grid = made[row["from_date"], row["to_date"]]
        assert told_mass(row) == grid.get((row["from"], row["to"]), (0, 0))


def test_history(seen):
    told = defaultdict(dict)
    for row in seen.told["history"]:
        told[row["date"]][row["bucket"]] = told_mass(row)
    for day, buckets in told.items():
        owing = [a for a in seen.at[date.fromisoformat(day)].values() if is_open(a)]
        expected = {b: mass(a for a in owing if a["bucket"] == b) for b in {a["bucket"] for a in owing}}
        assert buckets == expected, day
    assert seen.as_of.isoformat() in told
    assert len(told) == 13


def test_cures(seen):
    good = [seen.told["buckets"][0]["bucket"], "closed"]
    counted = {}
    for days, grid in periods(seen).items():
        for start in {a for a, _ in grid} - set(good):
            own = {to: v for (a, to), v in grid.items() if a == start}
            counted[(*days, start)] = (
                sum(v[0] for v in own.values()),
                sum(own[to][0] for to in good if to in own),
                sum((own[to][1] for to in good if to in own), Decimal(0)),
            )
    told = {
        (r["from_date"], r["to_date"], r["from"]): (r["loans"], r["cured"], Decimal(r["cured_principal"]))
        for r in seen.told["cures"]
    }
    assert told == counted
    assert sum(r["cured"] for r in seen.told["cures"]) > 0


def test_vintages(seen):
    lent = defaultdict(list)
    for account in seen.now:
        if account["status"] != "not_disbursed":
            lent[month_number(account["disbursed_on"])].append(account["loan_id"])
    assert [v["month"] for v in seen.told["vintages"]] == [month_name(n) for n in sorted(lent)][-24:]
    compared = 0
    for vintage in seen.told["vintages"]:
        number = int(vintage["month"][:4]) * 12 + int(vintage["month"][5:]) - 1
        own = lent[number]
        whole = sum(seen.at[seen.as_of][loan]["principal"] for loan in own)
        assert (vintage["loans"], vintage["principal"]) == (len(own), money(whole))
        for point in vintage["curves"]:
            day = last_day(number + point["mob"])
            assert day <= seen.as_of
            if day not in seen.at:
                continue
            for days in DAYS:
                ever = [seen.at[day][loan] for loan in own if seen.at[day][loan]["worst_dpd"] >= days]
                lent_to = sum((a["principal"] for a in ever), Decimal(0))
                assert point[f"ever_{days}_loans"] == len(ever), (vintage["month"], point["mob"], days)
                assert point[f"ever_{days}_principal"] == money(lent_to)
                assert point[f"rate_{days}_loans"] == share(len(ever), len(own))
                assert point[f"rate_{days}_principal"] == share(lent_to, whole)
                compared += len(ever) > 0
    assert compared > 200


def test_due_against_received(seen):
    day = f"DATE '{seen.as_of}'"
    # An event recorded whenever counts from its effective day; a reversal undoes its payment on that day.
    undone = dict(
        seen.rows(
            f"""SELECT payment_id, min(effective_on) FROM book.events
            WHERE kind = 'reversal' AND effective_on <= {day} GROUP BY 1"""
        )
    )
    received, reversed_, payments = defaultdict(int), defaultdict(int), defaultdict(int)
    for payment, paid_on, amount in seen.rows(
        f"SELECT payment_id, paid_on, amount FROM book.payments WHERE paid_on <= {day}"
    ):
        received[month_number(paid_on)] += amount
        payments[month_number(paid_on)] += 1
        if payment in undone:
            reversed_[month_number(max(undone[payment], paid_on))] += amount
    due, count = defaultdict(int), defaultdict(int)
    for due_on, amount in seen.rows(
        f"""SELECT due_on, principal_due + interest_due + fees_due FROM book.installments WHERE due_on < {day}"""
    ):
        due[month_number(due_on)] += amount
        count[month_number(due_on)] += 1
    unpaid = Decimal(0)
    for row in seen.told["collections"]:
        n = int(row["month"][:4]) * 12 + int(row["month"][5:]) - 1
        assert row["due"] == money(Decimal(due[n]) / 100)
        assert row["due_installments"] == count[n]
        assert row["received"] == money(Decimal(received[n]) / 100)
        assert row["payments"] == payments[n]
        assert row["reversed"] == money(Decimal(reversed_[n]) / 100)
        assert Decimal(row["paid_of_due"]) + Decimal(row["unpaid_of_due"]) == Decimal(row["due"])
        unpaid += Decimal(row["unpaid_of_due"])
    lent = [a for a in seen.now if a["status"] != "not_disbursed"]
    if seen.aging.tolerance == 0:
        assert unpaid == sum(a["arrears_total"] for a in lent)
    assert seen.told["collections"][-1]["month"] == f"{seen.as_of:%Y-%m}"
    assert sum(count.values()) == sum(r["due_installments"] for r in seen.told["collections"])


def test_first_payment_default(seen):
    groups = defaultdict(list)
    for a in seen.now:
        if (
            a["status"] != "not_disbursed"
            and (seen.as_of - a["first_due_on"]).days >= seen.aging.first_payment_days
        ):
            groups[f"{a['disbursed_on']:%Y-%m}"].append(a)
    told = {r["month"]: r for r in seen.told["first_payment_default"]}
    assert set(told) == set(groups)
    for month, own in groups.items():
        failed = [a for a in own if a["first_payment_default"]]
        assert (told[month]["loans"], told[month]["defaulted"]) == (len(own), len(failed))
        assert told[month]["rate_principal"] == share(mass(failed, "principal")[1], mass(own, "principal")[1])


def test_segments(seen):
    owing = {a["loan_id"]: a for a in seen.now if is_open(a)}
    whole = mass(owing.values())[1]
    dimensions = {
        **{
            name: dict(seen.rows(f"SELECT loan_id, CAST({name} AS VARCHAR) FROM book.loans"))
            for name in ("product", "repayment_method", "term")
        },
        "region": dict(
            seen.rows(
                "SELECT l.loan_id, b.region FROM book.loans AS l JOIN book.borrowers AS b USING (borrower_id)"
            )
        ),
    }
    compared = 0
    for row in seen.told["segments"]:
        if row["dimension"] not in dimensions:
            continue
        of = dimensions[row["dimension"]]
        own = [a for loan, a in owing.items() if of.get(loan) == row["value"]]
        loans, principal = mass(own)
        assert told_mass(row) == (loans, principal), (row["dimension"], row["value"])
        late, very = ([a for a in own if a["dpd"] >= d] for d in (1, 30))
        assert row["rate_any_loans"] == share(len(late), loans)
        assert row["rate_30_loans"] == share(len(very), loans)
        assert row["rate_30_principal"] == share(mass(very)[1], principal)
        assert row["share_principal"] == share(principal, whole)
        compared += 1
    assert compared >= 5
    worst = [Decimal(r["rate_30_principal"]) for r in seen.told["segments"]]
    assert worst == sorted(worst, reverse=True)


def test_every_figure_has_its_definition(seen):
    told = seen.told["definitions"]
    assert all(d["en"].strip() and d["zh"].strip() for d in told.values())
    needed = {
        "dpd",
        "worst_dpd",
        "bucket",
        "arrears",
        "rolls",
        "cures",
        "vintages",
        "mob",
        "collections",
        "segments",
    }
    assert needed <= set(told)
