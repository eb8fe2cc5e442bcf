"""A night while an experiment runs: each by her own arm's strategy, within its part of what there is."""

from __future__ import annotations

import json
from datetime import date

import pyarrow.parquet as pq
import pytest

from forbear.book.sample import make_sample
from forbear.night import close
from forbear.night.arms import Arm, least
from forbear.treatment.strategy import read_strategy, read_strategy_text

AS_OF = date(2026, 6, 30)
CALM = 'extends = "sample"\nname = "calm"\nversion = "1"\n[capacities]\nagent_minutes = 0\n'


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arms") / "book"
    make_sample(folder, loans=1_500, as_of=AS_OF, seed=5)
    return folder


def decided(book, out, **more):
    closed = close(book, as_of=AS_OF, out=out, strategy="sample", **more)
    return closed.portfolio["decisions"], pq.read_table(out / "decisions.parquet").to_pylist()


@pytest.fixture(scope="module")
def plain(book, tmp_path_factory):
    return decided(book, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def arms(plain):
    everyone = [str(row["borrower_id"]) for row in plain[1]]
    calm = Arm("calm", read_strategy_text(CALM, "calm"), frozenset(everyone[::3]))
    return (calm, Arm("least", None, frozenset(everyone[1::3])))


@pytest.fixture(scope="module")
def night(book, arms, tmp_path_factory):
    out = tmp_path_factory.mktemp("night")
    return (*decided(book, out, arms=arms), out)


def test_everybody_is_decided_for_once_by_her_own_arm(plain, arms, night):
    told, rows, _ = night
    assert [row["borrower_id"] for row in rows] == [row["borrower_id"] for row in plain[1]]
    arm_of = {who: arm.name for arm in arms for who in arm.borrowers}
    assert all(row["arm"] == arm_of.get(str(row["borrower_id"]), "") for row in rows)
    by_arm = {name: {row["action"] for row in rows if row["arm"] == name} for name in ("", "calm", "least")}
    assert "human_call" in by_arm[""]
    assert "human_call" not in by_arm["calm"] > {"wait"}
    assert by_arm["least"] == {"wait"}
    assert {row["propensity"] for row in rows if row["arm"] == "least"} == {1.0}
    assert any(row["reasons"][0] == "peace_slice" for row in rows if row["arm"] == "least")
    assert told["looked_at"] == len(rows) == sum(arm["looked_at"] for arm in told["arms"])
    assert told["treated"] == sum(arm["treated"] for arm in told["arms"])


def test_fingerprints_and_certificates_are_each_arms_own_and_capacities_add_up(arms, night):
    told, _, out = night
    sample = read_strategy("sample")
    prints = {arm["arm"]: arm["sha256"] for arm in told["arms"]}
    assert prints == {"": sample.sha256, "calm": arms[0].read.sha256, "least": least(sample).sha256}
    assert told["strategy"]["sha256"] == sample.sha256
    manifest = json.loads((out / "manifest.json").read_text())
    for arm in told["arms"]:
        assert json.loads((out / arm["certificate"]).read_text())["gap"] < 1e-2
        assert arm["certificate"] in json.dumps(manifest)
    minutes = next(one for one in told["capacities"] if one["capacity"] == "agent_minutes")
    part = told["arms"][0]["looked_at"] + told["arms"][2]["looked_at"]
    assert minutes["limit"] == pytest.approx(2400 * part / told["looked_at"], abs=1)
    assert minutes["used"] <= minutes["limit"]


def test_the_same_arms_give_the_same_bytes_and_a_night_without_leaves_no_old_certificates(
    book, arms, night, tmp_path
):
    decided(book, tmp_path, arms=tuple(reversed(arms))[::-1])
    for name in ("decisions.parquet", "verdicts.parquet", "allocation-1.json", "portfolio.json"):
        assert (tmp_path / name).read_bytes() == (night[2] / name).read_bytes()
    decided(book, tmp_path)
    assert not (tmp_path / "allocation-1.json").exists()
    assert "arm" not in pq.read_schema(tmp_path / "decisions.parquet").names
