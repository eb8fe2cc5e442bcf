"""What a night explained, loaded with its worklist."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forbear.desk.applications.models import LoanScore
from forbear.desk.applications.scores import load_scores, scores_of
from forbear.night.explained import EXPLAINED
from forbear.testing.lending import lend
from tests.desk.applications.conftest import AT

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def row(loan_id: str, cause: str = "cash"):
    words = [["short of cash", "资金紧张"], ["wait", "等待"]] if cause else []
    return {
        "loan_id": loan_id,
        "warned": False,
        "p_late_7": None,
        "p_cure_7": 0.2,
        "p_roll": 0.4,
        "p_90_in_12m": 0.1,
        "cause": cause,
        "cause_chance": 0.6,
        "cause_words": json.dumps(words),
        "evidence": json.dumps([["parts", "零散"]]),
        "reasons": json.dumps([["late", "较晚"]]),
    }


def test_a_nights_reasons_take_the_place_of_those_before(tmp_path):
    lend("L1")
    lend("L2")
    pq.write_table(pa.Table.from_pylist([row("L1"), row("L2", ""), row("STRANGER")]), tmp_path / EXPLAINED)
    assert load_scores(tmp_path, AT.date(), "m" * 64) == 2
    first, second = scores_of(["L1", "L2", "L3"])
    assert (first.cause, first.helps, first.evidence, first.reasons) == (
        "short of cash",
        "wait",
        ("parts",),
        ("late",),
    )
    assert (second.cause, second.helps) == ("", "")
    (tmp_path / EXPLAINED).unlink()
    assert load_scores(tmp_path, AT.date(), "") == 0
    assert not LoanScore.objects.exists(), "a close without a model leaves nothing of an older one"
