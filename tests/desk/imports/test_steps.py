"""What a night with a strategy decided, beside the case: order, reason, and nothing that is out of date."""

from __future__ import annotations

import shutil
from datetime import date

import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from forbear.desk.imports.worklist import load_worklist
from forbear.desk.nights.models import Step
from forbear.desk.record.models import Case
from forbear.night import close

from .conftest import NOW

pytestmark = pytest.mark.django_db
EARLY, LATE = date(2025, 5, 1), date(2026, 6, 30)


def decided(book, as_of, out, strategy="sample"):
    shutil.rmtree(out, ignore_errors=True)
    folder = close(book, as_of=as_of, out=out, strategy=strategy).out
    load_worklist(folder, actor="tests", at=NOW)
    return {str(r["borrower_id"]): r for r in pq.read_table(folder / "decisions.parquet").to_pylist()}


def test_every_decision_stands_beside_its_case_in_order_of_what_it_should_bring(book, bring_in, tmp_path):
    bring_in(book)
    rows = decided(book, LATE, tmp_path / "close")
    steps = {s.borrower_id: s for s in Step.objects.all()}
    assert steps.keys() == rows.keys()
    assert {s.action for s in steps.values()} > {"wait"}
    for who, step in steps.items():
        assert step.action == rows[who]["action"]
        assert step.gain == round(rows[who]["expected_gain"] * 100)
        assert who in step.words["en"]
        assert who in step.words["zh"]
        assert (step.not_before is None) == (step.action == "wait")
    for case in Case.objects.filter(closed_at__isnull=True):
        mine = steps[case.borrower_id]
        assert case.strategy == "sample 1"
        assert case.priority == (0 if mine.action == "wait" else mine.gain)


def test_a_night_without_a_strategy_leaves_no_old_decision_and_an_older_night_changes_nothing(
    book, bring_in, closed, tmp_path
):
    bring_in(book)
    decided(book, LATE, tmp_path / "late")
    before = list(Step.objects.order_by("pk").values_list("pk", "as_of", "action"))
    decided(book, EARLY, tmp_path / "early")
    assert list(Step.objects.order_by("pk").values_list("pk", "as_of", "action")) == before
    load_worklist(closed(book, LATE, tmp_path / "plain"), actor="tests", at=NOW)
    assert not Step.objects.exists()
    assert set(Case.objects.filter(closed_at__isnull=True, priority=0)) == set()


@pytest.mark.parametrize(("language", "heading"), [("en", "What the night decided"), ("zh-hans", "当夜决定")])
def test_the_agent_sees_step_and_reason_in_the_language_spoken(
    book, bring_in, tmp_path, client, user_of, language, heading
):
    bring_in(book)
    decided(book, LATE, tmp_path / "close")
    client.force_login(user_of("agent"))
    case = Case.objects.filter(closed_at__isnull=True, agency=None).first()
    page = client.get(
        reverse("pages:borrower", args=[case.borrower_id]), headers={"accept-language": language}
    ).content.decode()
    assert heading in page
    assert Step.objects.get(pk=case.borrower_id).words["zh" if language != "en" else "en"] in page.replace(
        "&quot;", '"'
    )
