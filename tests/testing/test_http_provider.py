"""The far end that tests send to: what it says it knows of the desk, and news out of order."""

from __future__ import annotations

import json
import time

import pytest
import requests

from forbear.desk.money.webhook import sign
from forbear.testing.http_provider import SECRET, HttpProvider, Manners


@pytest.fixture
def far(tmp_path):
    with HttpProvider(log=tmp_path / "log", known=tmp_path / "known", manners=Manners()) as running:
        yield running


def post(far, path, body):
    raw = json.dumps(body).encode()
    at = int(time.time())
    headers = {"Forbear-Timestamp": str(at), "Forbear-Signature": sign(SECRET.encode(), at, raw)}
    return requests.post(far.url + path, data=raw, headers=headers, timeout=5).json()


def test_an_answer_is_known_only_when_it_is_asked_anew_from_behind_it(far, tmp_path):
    far.tell(key="a-1", **{"from": "+861"}, text="TD", at="2026-07-07T04:00:00+00:00")
    told = post(far, "/news", {"after": ""})
    assert [one["text"] for one in told["news"]] == ["TD"]
    assert post(far, "/news", {"after": told["cursor"]})["news"] == []
    assert (tmp_path / "known").read_text() == ""  # told, but perhaps the desk died before it was kept
    assert post(far, "/news", {"after": ""})["news"] == told["news"]  # it did
    assert post(far, "/news", {"after": told["cursor"]})["news"] == []
    assert (tmp_path / "known").read_text() == ""
    post(far, "/news", {"after": told["cursor"]})
    (row,) = map(json.loads, (tmp_path / "known").read_text().splitlines())
    assert (row["from"], row["text"]) == ("+861", "TD")


def test_news_that_is_held_back_comes_after_that_of_later_messages_and_is_not_lost(far):
    far.manners.reorders = 1
    post(far, "/messages", {"messages": [{"id": "k1", "to": "+861", "text": "x"}]})
    far.manners.reorders = 0
    post(far, "/messages", {"messages": [{"id": "k2", "to": "+862", "text": "x"}]})
    first = post(far, "/news", {"after": ""})
    assert [one["id"] for one in first["news"]] == ["k2"]
    second = post(far, "/news", {"after": first["cursor"]})
    assert [one["id"] for one in second["news"]] == ["k1"]
    assert post(far, "/news", {"after": second["cursor"]})["news"] == []
