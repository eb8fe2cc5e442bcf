"""The loss of a book, loan by loan, against a plain loop that reads the book's rows itself."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.funding.loss import formula, loss_parameters
from forbear.funding.loss.ecl import chances
from tests.funding.conftest import AS_OF


def months_ahead(day: date) -> int:
    return max(0, (day.year - AS_OF.year) * 12 + day.month - AS_OF.month)


def test_each_loan_is_the_sum_over_months_and_scenarios(told):
    answer, book = told
    parameters = loss_parameters()
    monthly = _monthly(answer["losses"], book)
    lgd = Decimal(answer["losses"]["lgd"])
    query = """SELECT s.loan_id, s.stage, s.allowance, s.twelve_months, l.annual_rate, s.dpd, c.due_on,
    c.amount, c.principal FROM funding.losses AS s JOIN book.loans AS l USING (loan_id)
        JOIN funding.chunks AS c ON c.loan_id = s.loan_id AND c.paid_on IS NULL ORDER BY s.loan_id"""
    rows = book.connection.execute(query).fetchall()
    loans = {}
    for loan, *rest in rows:
        loans.setdefault(loan, []).append(rest)
    picked = [*list(loans)[::60], *(k for k, v in loans.items() if v[0][0] > 1)]
    assert len({loans[k][0][0] for k in picked}) == 3
    for loan in picked:
        assert loans[loan][0][1] == pytest.approx(_by_hand(loans[loan], monthly, lgd, parameters), abs=1)


def _monthly(losses, book):
    firsts = [p["days_from"] for p in losses["pds"]]
    counts = np.zeros((5, 6))
    query = """SELECT a.dpd, b.dpd FROM funding.standing AS a
        LEFT JOIN funding.standing AS b ON b.loan_id = a.loan_id AND b.n = a.n + 1 WHERE a.n BETWEEN -24 AND -1"""
    for now, then in book.connection.execute(query).fetchall():
        bucket = [sum(x >= f for f in (*firsts, 90)) - 1 if x is not None else 5 for x in (now, then)]
        counts[bucket[0], bucket[1]] += 1
    told = np.zeros((4, 5))
    for r, pd in enumerate(losses["pds"]):
        if pd["is_fallback"]:
            year = float(loss_parameters().pd_fallback[r])
            told[r, r] = (1 - year) ** (1 / 12)
            told[r, 4] = 1 - told[r, r]
        else:
            told[r] = counts[r, :5] / counts[r].sum()
    told[:, 4] = np.maximum(told[:, 4], 1 - (1 - 0.0005) ** (1 / 12))
    return told


def _by_hand(parts, monthly, lgd, parameters):
    stage, _, _, rate, dpd, *_ = parts[0]
    bucket = sum(dpd >= f for f in (0, 1, 31, 61, 90)) - 1
    life = max(1, *(months_ahead(p[5]) for p in parts)) + 3
    last = min(life, 12) if stage == 1 else life
    whole = 0.0
    for s in parameters.scenarios:
        lost = min(1.0, float(lgd * s.lgd))
        if stage == 3:
            exposure = sum(a if due <= AS_OF else p for *_, due, a, p in parts)
            whole += float(s.weight) * lost * float(exposure)
            continue
        hazards = [
            formula.worse_odds(h, float(s.pd_odds))
            for h in formula.hazards(chances(monthly, last)[bucket].tolist())
        ]
        for month, chance in enumerate(formula.marginal(hazards), start=1):
            exposure = sum(
                a if due <= AS_OF else (p if months_ahead(due) + 3 >= month else 0) for *_, due, a, p in parts
            )
            whole += float(s.weight) * lost * chance * float(exposure) * (1 + float(rate) / 12) ** -month
    return whole


def test_stages_add_up_and_worse_futures_cost_more(told):
    losses = told[0]["losses"]
    assert sum(Decimal(s["allowance"]) for s in losses["stages"]) == Decimal(losses["allowance"])
    one, two, three = losses["stages"]
    assert one["allowance"] == one["twelve_months"]
    assert two["allowance"] == two["lifetime"]
    assert Decimal(three["allowance"]) < Decimal(three["gross"])
    better, base, worse = (
        Decimal(next(s["allowance"] for s in losses["scenarios"] if s["name"] == n))
        for n in ("better", "base", "worse")
    )
    assert better < base < worse
    weighted = sum(Decimal(s["allowance"]) * Decimal(s["weight"]) for s in losses["scenarios"])
    assert abs(weighted - Decimal(losses["allowance"])) < Decimal("0.02") * sum(
        s["loans"] for s in losses["stages"]
    )


def test_chances_of_a_matrix_are_its_powers():
    monthly = np.array([[0.9, 0.05, 0.01], [0.3, 0.4, 0.2]])
    told = chances(monthly, 3)
    assert told[0].tolist() == pytest.approx(
        [0.01, 0.9 * 0.01 + 0.05 * 0.2, 0.9 * 0.019 + 0.05 * (0.3 * 0.01 + 0.4 * 0.2)]
    )


def test_own_parameters_are_read_and_faults_named(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[lgd]\nfallback = "0.60"\n', encoding="utf-8")
    assert loss_parameters(own).lgd_fallback == Decimal("0.60")
    for text, fault in (
        ("[lgd]\nfallbak = 1\n", "lgd.fallbak"),
        ("[stages]\nsicr_over = 95\n", "sicr_over 95"),
        ("[lgd]\nfallback = 'much'\n", "cannot be read"),
        ('[[scenarios]]\nname = "a"\nweight = "0.9"\npd_odds = "1"\nlgd = "1"\n', "0.9"),
    ):
        own.write_text(text, encoding="utf-8")
        with pytest.raises(WrongUse, match=fault):
            loss_parameters(own)
    own.write_bytes(b"\xff\xfe[")
    with pytest.raises(UnreadableFile):
        loss_parameters(own)
