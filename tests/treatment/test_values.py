"""Learned values: true effects come back within their errors, nothing is found in nothing, and the folder is safe."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.cli import app
from forbear.treatment.learning import learn
from forbear.treatment.values import Log, Prior
from forbear.treatment.values_files import learn_file, read_log
from forbear.treatment.values_folder import load, save

ACTIONS = ("wait", "call", "sms")


def drawn(rows=20_000, *, call=0.10, sms=0.0, own=0.0, seed=3):
    """A log whose truth is known: `call` for all, `own` more for those whose first feature is above 0."""
    luck = np.random.default_rng(seed)
    x = luck.normal(size=(rows, 3))
    chances = np.tile([0.5, 0.25, 0.25], (rows, 1))
    taken = luck.choice(3, size=rows, p=chances[0])
    base = 0.3 + 0.1 * x[:, 1]
    gain = np.select([taken == 1, taken == 2], [call + own * (x[:, 0] > 0), sms + own * (x[:, 0] > 0)], 0.0)
    soon = base + gain + luck.normal(scale=0.3, size=rows)
    after = x + 0.1 * luck.normal(size=x.shape)
    later = 0.2 * after[:, 1] + luck.normal(scale=0.1, size=rows)
    later[rows // 2 :] = np.nan
    return Log(
        ("a", "b", "c"), x, ACTIONS, taken, chances, np.arange(rows) // 4, soon, later, after, np.ones(rows, bool)
    )


@pytest.fixture(scope="module")
def known():
    return learn(drawn(own=0.10), {"call": Prior(0.0, 0.5, "wide")})


def test_means_come_back_within_their_errors(known):
    call, sms = known.means[1:]
    assert abs(call.mean - 0.15) < 4 * call.deviation
    assert abs(sms.mean - 0.05) < 4 * sms.deviation
    assert 0.002 < call.deviation < 0.02
    assert (call.source, call.weight > 0.99) == ("learned", True)


def test_who_gains_more_is_found(known):
    high, low = known.gains(np.array([[1.5, 0.0, 0.0], [-1.5, 0.0, 0.0]])).mean[:, 1]
    assert high - low > 0.05
    assert (known.gains(np.zeros((1, 3))).mean[:, 0] == 0).all()


def test_nothing_is_found_in_nothing():
    found = 0
    for seed in range(8):
        values = learn(drawn(4_000, call=0.0, seed=seed), {}, personal=False)
        found += sum(abs(m.learned) > 2 * m.error for m in values.means[1:])
    assert found <= 3  # of 16, 0.8 expected


def test_thin_data_are_drawn_toward_the_prior_and_no_data_are_the_prior():
    log = drawn(2_000)
    prior = Prior(-0.5, 0.001, "a firm belief")
    thin = learn(log, {"call": prior}, personal=False).means[1]
    assert (thin.source, thin.weight < 0.1, thin.mean < -0.4) == ("shrunk", True, True)
    few = learn(drawn(900), {"call": prior, "sms": Prior(0.02, 0.01, "study")}, personal=False)
    assert [m.source for m in few.means[1:]] == ["shrunk", "shrunk"]
    rare = drawn(900)
    rare.taken[rare.taken == 2] = 0
    untried = learn(rare, {"sms": Prior(0.02, 0.01, "study")}, personal=False).means[2]
    assert (untried.source, untried.mean, untried.deviation) == ("prior", 0.02, 0.01)
    assert untried.low < untried.mean


def test_acting_gives_up_what_a_later_step_would_bring(known):
    given_up = known.given_up(np.zeros((5, 3)))
    assert given_up.shape == (5,)
    assert (given_up >= 0).all()


def test_the_same_log_gives_the_same_values(known):
    again = learn(drawn(own=0.10), {"call": Prior(0.0, 0.5, "wide")})
    x = drawn(50).features
    assert (again.gains(x).mean == known.gains(x).mean).all()


def test_chances_are_checked():
    log = drawn(1_000)
    with pytest.raises(WrongUse, match="add up"):
        Log(*(*vars(log).values(),)[:4], log.chances * 0.9, *(*vars(log).values(),)[5:])
    with pytest.raises(WrongUse, match="waited"):
        learn(drawn(200), {})


def test_the_folder_holds_all_and_refuses_a_changed_byte(known, tmp_path):
    save(known, tmp_path / "values", {"log": "test"})
    back = load(tmp_path / "values")
    x = drawn(200).features
    assert np.allclose(back.gains(x).mean, known.gains(x).mean, atol=1e-9)
    assert np.allclose(back.given_up(x), known.given_up(x), atol=1e-9)
    trees = sorted((tmp_path / "values").glob("*.trees.json"))
    assert trees
    trees[0].write_text(trees[0].read_text().replace("0", "1", 1))
    with pytest.raises(UnreadableFile, match=trees[0].name):
        load(tmp_path / "values")
    (tmp_path / "values" / "values.json").write_text("[]")
    with pytest.raises(UnreadableFile, match="not a JSON object"):
        load(tmp_path / "values")
    with pytest.raises(UnreadableFile):
        load(tmp_path)


def written(tmp_path, log, **changed):
    stake = np.full(len(log.taken), 200.0)
    columns = {
        "borrower_id": log.borrower,
        "action": [ACTIONS[a] for a in log.taken],
        **{f"p_{name}": log.chances[:, a] for a, name in enumerate(ACTIONS)},
        **{f"x_{name}": log.features[:, i] for i, name in enumerate(log.columns)},
        **{f"after_{name}": log.after[:, i] for i, name in enumerate(log.columns)},
        "at_stake": stake,
        "soon": log.soon * stake,
        "later": pa.array(log.later * stake, from_pandas=True),
    }
    columns.update(changed)
    file = tmp_path / "log.parquet"
    pq.write_table(pa.table({k: v for k, v in columns.items() if v is not None}), file)
    return file


def test_a_log_file_is_the_log(tmp_path):
    log = drawn(3_000)
    read = read_log(written(tmp_path, log))
    assert np.allclose(read.soon, log.soon)
    assert read.actions == ACTIONS
    assert learn_file(written(tmp_path, log)).means[1].taken == (log.taken == 1).sum()


def test_next_to_nothing_at_stake_does_not_outweigh_all_others(tmp_path):
    log = drawn(1_000)
    stake = np.full(1_000, 200.0)
    stake[0] = 0.01
    read = read_log(written(tmp_path, log, at_stake=stake))
    assert read.soon.max() <= 6
    assert np.nanmax(read.later) <= 6


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"p_wait": None}, "p_wait"),
        ({"at_stake": np.zeros(1_000)}, "row 1, column at_stake"),
        ({"action": ["shout"] * 1_000}, "row 1, column action"),
        ({"after_b": None}, "after_b"),
        ({"soon": None}, "soon"),
    ],
)
def test_a_wrong_log_is_named(tmp_path, changed, told):
    with pytest.raises(UnreadableFile, match=told):
        read_log(written(tmp_path, drawn(1_000), **changed))


def test_the_command_tells_each_source(tmp_path):
    file = written(tmp_path, drawn(3_000))
    done = CliRunner().invoke(app, ["fit-values", str(file), "--out", str(tmp_path / "v"), "--format", "json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {m["source"] for m in told["means"][1:]} <= {"learned", "shrunk", "prior"}
    assert load(tmp_path / "v").rows == 3_000
    assert CliRunner().invoke(app, ["fit-values", str(file), "--out", str(tmp_path / "v")]).exit_code == 0
