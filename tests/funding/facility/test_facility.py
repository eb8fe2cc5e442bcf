"""Facility files and their faults; covenants' states; the base against a plain loop."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.funding.facility import Measures, covenants
from forbear.funding.facility.agreement import Promise, facility_of, read_facility
from tests.funding.conftest import FACILITY

ENDS = [
    date(2025, 7, 31),
    date(2025, 8, 31),
    date(2025, 9, 30),
    date(2025, 10, 31),
    date(2025, 11, 30),
    date(2025, 12, 31),
    date(2026, 1, 31),
]


def stands(values, **terms):
    asked = {"id": "P", "title": "t", "metric": "par_30", "direction": "at_most", "threshold": "0.10", **terms}
    series = [Measures(on, {"principal_30": v, "principal": 1000}) for on, v in zip(ENDS, values, strict=True)]
    return covenants([Promise(**asked)], series, 2)[0]


def test_states_of_a_covenant():
    assert stands([50] * 7).state == "met"
    assert stands([95] * 7, margin="0.01").state == "near"
    rising = stands([20, 30, 40, 50, 60, 70, 80])
    assert (rising.state, rising.breaks_on) == ("heading", date(2026, 4, 30))
    assert [v for _, v in rising.ahead] == [Decimal("0.09"), Decimal("0.10"), Decimal("0.11")]
    broken = stands([50, 50, 50, 50, 50, 120, 110], cure_days=60)
    assert (broken.state, broken.broken_since) == ("broken", date(2025, 12, 31))
    assert broken.headroom == Decimal("-0.01")
    assert broken.cure_until == date(2026, 3, 1)
    assert stands([50, 50, 50, 50, 50, 120, 110], cure_days=30).state == "event"
    assert stands([50, 50, 50, 50, 50, 50, 110]).state == "broken"


def test_the_threshold_itself_is_kept_and_the_other_way_round_too():
    assert stands([100] * 7).headroom == 0
    assert stands([100] * 7).state == "met"
    low = stands([80] * 7, direction="at_least")
    assert (low.headroom, low.state) == (Decimal("-0.02"), "event")


def test_a_share_is_not_drawn_on_beyond_the_whole():
    rising = stands([940, 950, 960, 970, 980, 990, 1000], direction="at_least", threshold="0.9")
    assert [v for _, v in rising.ahead] == [1, 1, 1]
    falling = stands([60, 50, 40, 30, 20, 10, 5])
    assert [v for _, v in falling.ahead] == [0, 0, 0]


def test_one_odd_month_does_not_turn_the_trend():
    assert stands([50, 50, 400, 50, 50, 50, 50]).state == "met"


def test_a_mean_over_months_waits_until_it_has_them():
    mean = stands([10, 20, 30, 40, 50, 60, 70], average_months=3)
    assert [v for _, v in mean.trend] == [None, None, *(Decimal(x) / 1000 for x in (20, 30, 40, 50, 60))]


def test_what_cannot_be_told_is_unknown():
    series = [Measures(on, {"principal_30": 0, "principal": 0}) for on in ENDS]
    promise = Promise(id="P", title="t", metric="par_30", direction="at_most", threshold="0.1")
    assert covenants([promise], series, 2)[0].state == "unknown"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('threshold = "0.08"', "threshold = 0.08", "stays exact"),
        ('metric = "par_30"', 'metric = "par_31"', "par_31"),
        ('direction = "at_most"', 'direction = "below"', "direction"),
        ('id = "POOL"', 'id = "PAR30"', "stands there twice"),
        ('advance_rate = "0.80"', 'advance_rate = "1.80"', "advance_rate"),
        ("cure_days = 30", "cure_days = 30\ncolour = 1", "colour"),
        ('drawn = "1000000.50"', "", "drawn"),
    ],
)
def test_faults_of_a_file_are_named(old, new, fault):
    with pytest.raises(WrongUse, match=fault):
        facility_of(FACILITY.replace(old, new, 1), "mine.toml")


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(UnreadableFile):
        read_facility(tmp_path / "none.toml")
    with pytest.raises(UnreadableFile):
        facility_of("[[", "mine.toml")


def test_the_base_is_what_a_plain_loop_gives(told):
    answer, book = told
    query = """SELECT a.dpd, l.annual_rate, a.principal_outstanding, l.product, l.borrower_id FROM funding.accounts AS a
        JOIN book.loans AS l USING (loan_id) WHERE a.status IN ('not_due', 'current', 'overdue')"""
    rows = book.connection.execute(query).fetchall()
    failed = {"E1": 0, "E2": 0, "E3": 0}
    eligible, products, people = 0, {}, {}
    for dpd, rate, owed, product, borrower in rows:
        first = "E1" if dpd > 30 else "E2" if rate > Decimal("0.20") else "E3" if owed < 10_000 else None
        if first:
            failed[first] += owed
            continue
        eligible += owed
        products[product] = products.get(product, 0) + owed
        people[borrower] = people.get(borrower, 0) + owed
    excess = [
        sum(max(0, v - int(eligible * share)) for v in groups.values())
        for groups, share in ((products, Fraction(3, 10)), (people, Fraction(1, 100)))
    ]
    base = answer["base"]
    assert {s["id"]: s["principal"] for s in base["ineligible"]} == {
        k: f"{Decimal(v) / 100:.2f}" for k, v in failed.items()
    }
    assert [s["principal"] for s in base["excess"]] == [f"{Decimal(v) / 100:.2f}" for v in excess]
    assert all(v > 0 for v in (*failed.values(), excess[0]))
    net = eligible - sum(excess)
    assert base["net"] == f"{Decimal(net) / 100:.2f}"
    assert base["base"] == f"{Decimal(net * 8 // 10) / 100:.2f}"
    assert Decimal(base["available"]) == min(Decimal(base["base"]), Decimal(9_000_000)) - Decimal("1000000.50")


def test_what_the_sample_says_of_its_covenants(told):
    par, pool = told[0]["covenants"]
    assert par["state"] == "met"
    assert par["value"] == next(r["rate_principal"] for r in told[0]["portfolio"]["rates"] if r["dpd_from"] == 30)
    assert (pool["state"], pool["kind"], pool["consequence"]) == ("event", "trigger", "early amortization")
    assert len(par["trend"]) == 7
