"""The portfolio: the latest night, or the one asked for; kept as the night wrote it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from forbear.desk.nights.models import Night, keep

pytestmark = pytest.mark.django_db
AT = datetime(2026, 7, 1, tzinfo=UTC)


def told(as_of: str, arrears: str = "123456.78") -> str:
    totals = {"loans": 3, "open": 2, "overdue": 1, "arrears": arrears, "principal_outstanding": "900000.00"}
    buckets = [
        {"bucket": "M0", "dpd_from": 0, "dpd_to": 0, "loans": 1, "principal": "1.00"},
        {"bucket": "</script><b>", "dpd_from": 1, "dpd_to": 30, "loans": 1, "principal": "5.00"},
    ]
    return json.dumps({"as_of": as_of, "currency": "CNY", "totals": totals, "buckets": buckets})


def test_the_latest_night_is_shown_and_others_may_be_chosen(as_role):
    for day in ("2026-06-29", "2026-06-30"):
        keep(date.fromisoformat(day), told(day), AT)
    risk = as_role("risk", language="en")
    page = risk.get("/portfolio").content.decode()
    assert "as of 2026-06-30" in page
    assert 'href="/portfolio/2026-06-29"' in page
    assert "as of 2026-06-29" in risk.get("/portfolio/2026-06-29").content.decode()
    for other in ("2026-06-28", "yesterday"):
        assert risk.get(f"/portfolio/{other}").status_code == 404


def test_no_figure_can_end_the_script_that_carries_it(as_role):
    keep(date(2026, 6, 30), told("2026-06-30"), AT)
    page = as_role("manager").get("/portfolio").content.decode()
    assert "</script><b>" not in page
    assert 'id="chart-data"' in page


def test_a_night_is_kept_as_it_was_written_and_the_later_load_counts():
    keep(date(2026, 6, 30), told("2026-06-30", "0.1"), AT)
    keep(date(2026, 6, 30), told("2026-06-30", "100000000000000000.01"), AT)
    night = Night.objects.get()
    assert night.told == told("2026-06-30", "100000000000000000.01")


def test_without_a_night_the_page_says_how_to_load_one(as_role):
    assert "forbear desk worklist" in as_role("risk").get("/portfolio").content.decode()


def test_the_reports_own_scripts_draw_it_and_nothing_else_is_served(as_role):
    risk = as_role("risk")
    assert risk.get("/portfolio/scripts/charts.js")["Content-Type"].startswith("text/javascript")
    assert risk.get("/portfolio/scripts/render.py").status_code == 404


def test_a_funder_is_not_shown_the_whole_book_nor_who_else_funds_it(as_role):
    funder = as_role("funder", language="en")
    assert funder.get("/portfolio").status_code == 403
    home = funder.get("/").content.decode()
    assert "/portfolio" not in home
    assert "over the loans that you fund" in home
