"""The night's results as cases: opened, refreshed, cured; in any order, any number of times."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.desk.imports.worklist import load_worklist
from forbear.desk.record.models import Case

from .conftest import NOW

pytestmark = pytest.mark.django_db
EARLY, LATE = date(2025, 5, 1), date(2026, 6, 30)


def loaded(folder):
    return load_worklist(folder, actor="tests", at=NOW)


def in_arrears(folder):
    """Borrowers in arrears and what they owe, from the accounts themselves."""
    found = duckdb.sql(
        f"""SELECT borrower_id, max(dpd), CAST(sum(arrears_total) * 100 AS BIGINT),
            CAST(sum(principal_outstanding) * 100 AS BIGINT)
        FROM '{folder}/accounts.parquet' GROUP BY 1 HAVING sum(arrears_total) > 0 ORDER BY 1"""
    ).fetchall()
    return [tuple(row) for row in found]


def cases(**narrow):
    return list(
        Case.objects.filter(closed_at__isnull=True, **narrow)
        .order_by("borrower_id")
        .values_list("borrower_id", "dpd", "arrears", "outstanding")
    )


def test_each_borrower_in_arrears_has_one_case_with_the_nights_figures(book, bring_in, closed, tmp_path):
    bring_in(book)
    out = closed(book, LATE, tmp_path / "late")
    done = loaded(out)
    assert cases() == in_arrears(out)
    assert done.opened == len(cases()) > 5
    again = loaded(out)
    assert (again.opened, again.refreshed, again.cured) == (0, done.opened, 0)
    assert cases() == in_arrears(out)


def test_nights_in_any_order_end_with_the_latest(book, bring_in, closed, tmp_path):
    bring_in(book)
    early, late = closed(book, EARLY, tmp_path / "early"), closed(book, LATE, tmp_path / "late")
    done = loaded(early)
    assert cases() == in_arrears(early)
    then = loaded(late)
    assert cases() == in_arrears(late)
    assert then.refreshed + then.cured == done.opened
    stale = loaded(early)
    assert (stale.opened, stale.refreshed, stale.cured) == (0, 0, 0)
    assert cases() == in_arrears(late)


def test_a_cured_case_is_closed_with_its_reason_and_its_claim_ends(book, bring_in, closed, tmp_path, user_of):
    bring_in(book)
    early, late = closed(book, EARLY, tmp_path / "early"), closed(book, LATE, tmp_path / "late")
    loaded(early)
    Case.objects.update(claimed_by=user_of("agent"), claimed_until=NOW)
    gone = {row[0] for row in in_arrears(early)} - {row[0] for row in in_arrears(late)}
    assert gone
    loaded(late)
    ended = Case.objects.filter(borrower_id__in=gone)
    assert {(c.closed_because, c.arrears, c.claimed_by) for c in ended} == {("cured", 0, None)}


def test_results_of_another_book_are_refused(book, closed, tmp_path):
    out = closed(book, LATE, tmp_path / "late")
    with pytest.raises(WrongUse, match="does not know"):
        loaded(out)
    assert not Case.objects.exists()


@pytest.mark.parametrize("missing", ["manifest.json", "accounts.parquet"])
def test_a_folder_without_a_whole_close_is_refused(book, closed, tmp_path, missing):
    out = closed(book, LATE, tmp_path / "late")
    (out / missing).unlink()
    with pytest.raises(UnreadableFile, match=missing):
        loaded(out)
