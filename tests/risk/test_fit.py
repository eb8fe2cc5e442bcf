"""Models: what they learn, nothing from nothing, that their folder is safe, that scores keep their contract."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

import risk_books as small

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.cli import app
from forbear.risk.asking import Together
from forbear.risk.chains import chains, labels
from forbear.risk.fit import _long_without_money, fit_frame
from forbear.risk.folder import load, save
from forbear.risk.frame import Frame
from forbear.risk.hazard import fit_chain
from forbear.risk.measures import auc, expit
from forbear.risk.panel import last_payment, training_frame
from forbear.risk.score import NUMBERS, _nested, score, scored


def made_frame(rows=6000, seed=0, days=60):
    """A panel whose next installment is late by known odds, of 1,500 borrowers over sixty days."""
    random = np.random.default_rng(seed)
    habit = random.normal(size=rows).astype(np.float32)
    noise = random.normal(size=(rows, 3)).astype(np.float32)
    city = random.choice(["a", "b", "c"], rows).astype(object)
    odds = -1.2 + 1.3 * habit + np.where(city == "a", 0.8, 0.0)
    late = random.random(rows) < 1 / (1 + np.exp(-odds))
    how_late = np.where(late, np.ceil(random.exponential(6, rows) * np.exp(0.4 * habit)), -1.0)
    when = np.sort(random.integers(0, days, rows))
    names = ("late_share", "x_noise", "x_more", "days_to_due", "dpd", "x_other")
    numbers = np.column_stack([habit, noise[:, 0], noise[:, 1], np.full(rows, 5), np.zeros(rows), noise[:, 2]])
    marks = {
        "loan_id": np.arange(rows),
        "borrower_id": random.integers(0, 1500, rows),
        "as_of": (np.datetime64("2025-01-01") + when).astype("datetime64[D]"),
        "overdue": np.zeros(rows), "is_closed": np.zeros(rows, bool), "arrears": np.zeros(rows),
        "due_30d": np.full(rows, 100.0),
        "first_time": random.random(rows) < 0.2, "history": random.integers(0, 9, rows),
        "outstanding": np.full(rows, 300.0),
    }  # fmt: skip
    unknown = np.full(rows, np.nan)
    outcomes = {
        "next_late_days": how_late, "next_known": np.full(rows, 400.0), "cure_days": unknown,
        "known_days": np.full(rows, 400.0), "dpd_in_30d": unknown, "days_to_60": unknown, "days_to_90": unknown,
        "asked_in": unknown, "paid_30d_after": np.where(late, 50.0, 100.0), "is_paused": np.zeros(rows),
    }  # fmt: skip
    return Frame(names, numbers.astype(np.float32), {"x_city": city}, marks, outcomes), odds


AS_OF = date(2025, 12, 31)


@pytest.fixture
def once(monkeypatch):
    """A single round of rehearsal."""
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 1.0)


@pytest.fixture(scope="module")
def frame():
    return made_frame()


@pytest.fixture(scope="module")
def model(frame):
    return fit_frame(frame[0], kind="events", as_of=AS_OF)


def test_it_finds_what_is_there_and_says_what_it_is_worth(frame, model):
    rows, odds = frame
    chain = chains("events")[0]
    late = labels(chain, rows).stays(0, chain.steps)
    best = auc(late, odds)
    claim = model.claims["p_late_next"].all
    assert claim.auc == pytest.approx(best, abs=0.025)
    fresh, fresh_odds = made_frame(seed=9)
    table = scored(fresh, model).table
    got = auc(labels(chain, fresh).stays(0, chain.steps), np.array(table["p_late_next"]))
    assert got == pytest.approx(claim.auc, abs=0.02)
    assert got > auc(labels(chain, fresh).stays(0, chain.steps), fresh_odds) - 0.025
    assert 0.8 < claim.slope < 1.2
    assert claim.error < 0.04


def test_a_claim_has_an_interval_and_rounds_go_on_until_enough_was_seen(frame, model, monkeypatch):
    claim = model.claims["p_late_next"].all
    assert claim.auc_low < claim.auc < claim.auc_high < claim.auc_low + 0.1
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 1.0)
    first = fit_frame(frame[0], kind="events", as_of=AS_OF).claims["p_late_next"].all
    assert 3.5 * first.rows < claim.rows, "four parts of the borrowers"
    assert first.auc_high - first.auc_low > 2 * (claim.auc_high - claim.auc_low)


def test_horizons_never_cross(frame, model):
    stays = model.chains["late"].stays(made_frame(seed=4)[0])
    assert (np.diff(stays, axis=1) <= 0).all()
    assert ((stays >= 0) & (stays <= 1)).all()


def test_all_steps_are_asked_at_once_as_one_by_one(model):
    fresh = made_frame(seed=6)[0].take(np.arange(200))
    late = model.chains["late"]
    numbers = late.numbers(fresh)
    hazards = [
        expit(intercept + slope * late.raw(step, numbers, fresh))
        for step, (intercept, slope) in enumerate(late.lines)
    ]
    assert len({float(h[0]) for h in hazards}) > 1, "the step tells nothing here: the test shows nothing"
    at_once = late.stays(fresh)
    assert np.allclose(at_once, np.cumprod(np.column_stack(hazards), axis=1), rtol=1e-12, atol=0)


def test_chains_over_one_matrix_say_what_each_says_by_itself(model, monkeypatch):
    """Two chains whose columns lie in another order, asked of all rows, of most and of few."""
    monkeypatch.setattr("forbear.risk.hazard.MOST_TREES", 20)
    late, rows = model.chains["late"], made_frame(seed=8)[0]
    turned = replace(rows, columns=rows.columns[::-1], numbers=np.asfortranarray(rows.numbers[:, ::-1]))
    even, steps = np.arange(len(rows)) % 2 == 0, len(late.chain.steps)
    other = fit_chain(
        replace(late.chain, name="other"),
        turned,
        labels(late.chain, turned),
        [even] * steps,
        [~even] * steps,
        np.arange(len(rows)),
    )
    assert set(other.columns) & set(late.columns)
    assert other.columns != late.columns
    fresh, run = made_frame(seed=6)[0].take(np.arange(200)), slice(10, 200)
    together = Together((late, other))
    sheet, history = together.sheet(fresh, run), fresh.marks["history"][run]
    for chain in (late, other):
        alone = chain.stays(fresh)[run]
        assert np.array_equal(together.stays(chain.chain.name, sheet, history), alone)
        for some in ([7, 3, 150], [*range(20, 190)]):
            assert np.array_equal(together.stays(chain.chain.name, sheet, history, np.array(some)), alone[some])


def test_a_worse_habit_never_lowers_the_risk(model):
    fresh = made_frame(seed=5)[0].take(np.arange(50))
    for step in (0.5, 2.0):
        worse = replace(fresh, numbers=fresh.numbers + np.array([step, 0, 0, 0, 0, 0], dtype=np.float32))
        trees = model.chains["late"]
        a, b = (trees.raw(1, trees.numbers(f), f) for f in (fresh, worse))
        assert (b >= a - 1e-9).all()


def test_shuffled_labels_teach_nothing(frame, monkeypatch):
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 0.03)
    shuffled = fit_frame(frame[0], kind="events", as_of=AS_OF, shuffled=1)
    assert shuffled.claims["p_late_next"].all.auc == pytest.approx(0.5, abs=0.045)


def test_a_column_that_knows_the_outcome_is_refused(frame):
    rows = frame[0]
    late = (rows.outcomes["next_late_days"] > 0).astype(np.float32)
    leaking = replace(rows, numbers=np.column_stack([rows.numbers[:, :5], late]))
    with pytest.raises(WrongUse, match="x_other alone ranks"):
        fit_frame(leaking, kind="events", as_of=AS_OF)
    written = replace(rows, texts={"x_city": np.where(late > 0, "collections", "app").astype(object)})
    with pytest.raises(WrongUse, match="x_city alone ranks"):
        fit_frame(written, kind="events", as_of=AS_OF)


def test_what_cannot_be_learned_is_told(model):
    assert set(model.missing) == {"cure", "ninety", "roll", "sixty"}
    assert all("are needed" in why for why in model.missing.values())
    table = scored(made_frame(seed=2)[0], model)
    assert table.table["p_cure_7"].null_count == table.table.num_rows
    assert "could not learn" in table.reasons["p_cure_7"]


def test_a_book_that_ends_before_its_day_is_told_of(book_folder):
    last = last_payment(small.opened(book_folder), small.UNTIL)
    assert last is not None
    assert last <= small.UNTIL
    assert _long_without_money(last, last + timedelta(days=14)) == []
    (note,) = _long_without_money(last, last + timedelta(days=92))
    assert f"last payment is of {last}, 92 days before" in note
    assert last_payment(small.opened(book_folder), date(2000, 1, 1)) is None


def test_a_part_of_a_book_in_which_nothing_is_asked(model):
    fresh = made_frame(seed=2)[0].take(np.arange(5))
    closed = replace(fresh, marks={**fresh.marks, "is_closed": np.ones(5, bool)})
    table = scored(closed, model).table
    assert [table[name].null_count for name in NUMBERS] == [5] * len(NUMBERS)
    assert table["model"].to_pylist() == ["none"] * 5
    assert scored(fresh.take(np.zeros(0, int)), model).table.num_rows == 0


def test_a_folder_gives_the_same_model_back(model, once, tmp_path):
    save(model, tmp_path / "m", {"mapping": None})
    fresh = made_frame(seed=3)[0]
    assert scored(fresh, load(tmp_path / "m")).table.equals(scored(fresh, model).table)
    first = {p.name: p.read_bytes() for p in (tmp_path / "m").iterdir()}
    few = made_frame(rows=2000)[0]
    for again in ("one", "two"):
        save(fit_frame(few, kind="events", as_of=AS_OF), tmp_path / again, {"mapping": None})
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / again).iterdir()} for again in ("one", "two"))
    assert one == two, "a fit must be repeatable"
    assert {n.rpartition(".")[2] for n in first} == {"json", "md", "html"}


def test_loans_granted_on_one_day_are_learned_by_borrower(once):
    """Six weekly looks at one cohort: no answer is known before the last, so windows by day would leave nothing."""
    rows, _ = made_frame(rows=3000)
    days = np.datetime64("2025-01-01") + 7 * (np.arange(3000) % 6)
    marks = {**rows.marks, "as_of": days.astype("datetime64[D]")}
    numbers = rows.numbers.copy()
    numbers[:, rows.columns.index("days_to_due")] = 40
    made = fit_frame(replace(rows, numbers=numbers, marks=marks), kind="events", as_of=AS_OF)
    assert made.windows["late"].startswith("by borrower")
    assert made.claims["p_late_next"].all.auc > 0.65


def test_a_small_book_without_anybody_to_hold_out_is_told_so_and_no_accident():
    rows, _ = made_frame(rows=400)
    marks = {**rows.marks, "borrower_id": np.zeros(400, dtype=int)}
    with pytest.raises(WrongUse, match="no question can be answered"):
        fit_frame(replace(rows, marks=marks), kind="events", as_of=AS_OF)


def _changed_trees(folder):
    path = folder / "late.trees.json"
    path.write_text(path.read_text().replace("0.", "1.", 1))


def _gone(folder):
    (folder / "late.trees.json").unlink()


def _cut(folder):
    (folder / "model.json").write_text((folder / "model.json").read_text()[:-200])


def _other_path(folder):
    told = json.loads((folder / "model.json").read_text())
    told["files"]["../model.json"] = told["files"].pop("late.trees.json")
    (folder / "model.json").write_text(json.dumps(told))


def _unsigned(folder):
    told = json.loads((folder / "model.json").read_text())
    told["files"] = {}
    (folder / "model.json").write_text(json.dumps(told))


def _other_format(folder):
    (folder / "model.json").write_text('{"format": "pickle"}')


def _list(folder):
    (folder / "model.json").write_text("[" * 100_000)


def _endless(folder):
    (folder / "model.json").unlink()
    (folder / "model.json").symlink_to("/dev/zero")


def _no_files(folder):
    told = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**told, "files": 5}))


HARMS = [_changed_trees, _gone, _cut, _other_path, _unsigned, _other_format, _list, _endless, _no_files]


@pytest.mark.parametrize("harm", HARMS)
def test_a_folder_that_is_not_whole_is_refused(model, tmp_path, harm):
    folder = save(model, tmp_path / "m")
    harm(folder)
    with pytest.raises(UnreadableFile):
        load(folder)


TREES = {
    "a leaf too few": lambda t: t["oblivious_trees"][0]["leaf_values"].pop(),
    "a leaf that is no number": lambda t: t["oblivious_trees"][0]["leaf_values"].__setitem__(0, float("nan")),
    "a column that is not there": lambda t: t["oblivious_trees"][0]["splits"][0].update(float_feature_index=9999),
    "a border that is not there": lambda t: t["oblivious_trees"][0]["splits"][0].update(border=0.123),
    "too many splits": lambda t: t["oblivious_trees"][0].update(splits=t["oblivious_trees"][0]["splits"] * 20),
    "no columns": lambda t: t["features_info"].update(float_features=[]),
    "other columns": lambda t: t["features_info"].update(categorical_features=[]),
    "words for numbers": lambda t: t.update(scale_and_bias="x"),
    "many answers": lambda t: t.update(scale_and_bias=[1, [0, 0]]),
    "no trees": lambda t: t.update(oblivious_trees=5),
    "more than trees": lambda t: t.update(model_info={"params": "{}"}),
}
TOLD = {
    "another kind": lambda m: m.update(kind="telepathy"),
    "no question": lambda m: m.update(chains={}),
    "fewer lines": lambda m: m["chains"]["late"].update(lines=[[0, 1]]),
    "other columns": lambda m: m["chains"]["late"].update(columns=["dpd"]),
    "other steps": lambda m: m["chains"]["late"].update(steps=[0, 1]),
    "a card of other bins": lambda m: m["chains"]["late"]["scorecard"]["parts"][0].update(odds=[1.0]),
    "a card of other columns": lambda m: m["chains"]["late"]["scorecard"]["parts"][0].update(name="elsewhere"),
    "nothing watched": lambda m: m.update(watch=None),
}


@pytest.mark.parametrize("where", [*(("late.trees.json", n) for n in TREES), *(("model.json", n) for n in TOLD)])
def test_a_folder_whose_hashes_fit_is_still_not_trusted(model, tmp_path, where):
    """Whoever changes a file can change its hash too; CatBoost itself would read past its memory for some of these."""
    folder = save(model, tmp_path / "m")
    name, harm = where
    told = json.loads((folder / name).read_text())
    (TREES if name != "model.json" else TOLD)[harm](told)
    (folder / name).write_text(json.dumps(told))
    if name != "model.json":
        whole = json.loads((folder / "model.json").read_text())
        whole["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        (folder / "model.json").write_text(json.dumps(whole))
    with pytest.raises(UnreadableFile):
        load(folder)


def test_a_claim_of_an_earlier_version_says_nothing_of_the_day_of_disbursal(model, tmp_path):
    folder = save(model, tmp_path / "m")
    whole = json.loads((folder / "model.json").read_text())
    for claim in whole["claims"].values():
        del claim["at_disbursal"]
    (folder / "model.json").write_text(json.dumps(whole))
    claims = load(folder).claims
    assert np.isnan(claims["p_late_next"].at_disbursal.auc)
    assert claims["p_late_next"].all.auc == pytest.approx(model.claims["p_late_next"].all.auc, abs=1e-6)


def test_a_folder_of_something_else_is_not_overwritten(model, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "letter.txt").write_text("keep")
    with pytest.raises(WrongUse, match=r"no model: letter\.txt"):
        save(model, tmp_path / "precious")
    folder = save(model, tmp_path / "m")
    (folder / "notes.txt").write_text("keep")
    with pytest.raises(WrongUse, match=r"no model: notes\.txt"):
        save(model, folder)
    assert (folder / "notes.txt").read_text() == "keep"
    (folder / "notes.txt").unlink()
    assert load(save(model, folder)).claims.keys() == model.claims.keys()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m", "precious"], "nothing is left beside"


def test_a_place_that_cannot_be_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    nowhere = ["--as-of", "2025-12-31", "no book", "--out"]
    for command, out, why in (
        (["fit"], "file", "is a file"),
        (["fit"], "file/m", "no folder that can be written"),
        (["score", "--model", "no model"], "folder.csv", "is a folder"),
        (["score", "--model", "no model"], "scores.xlsx", "ends neither in"),
        (["score", "--model", "no model"], "file/s.csv", "no folder that can be written"),
    ):
        done = CliRunner().invoke(app, [*command, *nowhere, str(tmp_path / out)])
        assert isinstance(done.exception, WrongUse)
        assert why in done.exception.message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.csv"]


def test_a_book_without_the_columns_of_the_model_is_scored_and_told_of(model):
    fresh = made_frame(seed=2)[0]
    bare = replace(fresh, columns=("late_share", "x_noise", "x_more", "days_to_due", "dpd", "x_city"), texts={})
    made = scored(bare, model)
    assert made.absent == ("x_city", "x_other"), "a text in the model's book, a number in this one"
    assert made.table["p_late_next"].null_count == 0
    assert scored(fresh, model).absent == ()


def test_ninety_days_late_is_never_likelier_than_sixty():
    columns = {"p_60_in_12m": np.array([0.2, 0.5, np.nan, 0.1]), "p_90_in_12m": np.array([0.3, 0.4, 0.3, np.nan])}
    _nested(columns)
    assert np.array_equal(columns["p_90_in_12m"], [0.2, 0.4, 0.3, np.nan], equal_nan=True)


def test_a_book_whose_parts_hold_no_closed_loan_or_none_at_all(book_folder, model, monkeypatch):
    """On its first days a book has one loan, or none: the columns are of the same kinds as later."""
    book = small.opened(book_folder)
    first = book.connection.execute("SELECT min(disbursed_on) FROM book.loans").fetchall()[0][0]
    made = [score(book, model, as_of=first + timedelta(days=d), keep_frame=False).table for d in (-1, 0, 400)]
    assert [t.num_rows > 0 for t in made] == [False, True, True]
    assert made[0].schema == made[1].schema == made[2].schema


@pytest.fixture
def quick(monkeypatch, once):
    """One rehearsal and few bins: what is tested is not how good a model of a small book is."""
    monkeypatch.setattr("forbear.risk.scorecard.MOST_BINNED", 4)
    monkeypatch.setattr("forbear.risk.hazard.MOST_TREES", 60)
    monkeypatch.setattr("forbear.risk.panel.WEEKLY_ROWS", 0)


def test_commands_on_a_book(book_folder, tmp_path, quick, monkeypatch):
    """`forbear fit`, then `forbear score`: the contract of the columns, and a model of another kind refused."""
    run = CliRunner().invoke
    day = (small.UNTIL - timedelta(days=1)).isoformat()
    done = run(app, ["fit", str(book_folder), "--as-of", day, "--out", str(tmp_path / "m"), "--format", "json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["claims"]["p_late_next"]["all"]["auc"] > 0.6
    assert (tmp_path / "m" / "card.html").read_text().startswith("<!doctype html>")
    out = tmp_path / "scores.csv"
    done = run(
        app, ["score", str(book_folder), "--as-of", "2026-03-31", "--model", str(tmp_path / "m"), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    header = out.read_text().splitlines()[0].replace('"', "").split(",")
    assert header == ["loan_id", "as_of", *NUMBERS, "first_time", "history", "model"]
    book = small.opened(book_folder)
    made = score(book, load(tmp_path / "m"), as_of=small.AS_OF).table
    assert made["loan_id"].to_pylist() == sorted(made["loan_id"].to_pylist())
    monkeypatch.setattr("forbear.risk.score.PART_LOANS", 90)
    assert score(book, load(tmp_path / "m"), as_of=small.AS_OF, keep_frame=False).table.equals(made)
    both = made.filter(pc.is_valid(made["p_late_7"]))
    assert pc.all(pc.less_equal(both["p_late_7"], both["p_late_next"])).as_py()
    assert both.num_rows > 100
    closed = ["close", str(book_folder), "--as-of", "2026-06-30", "--model", str(tmp_path / "m"), "--out"]
    macro = tmp_path / "macro.csv"
    calm = "".join(f"jobless,2025-{m:02}-28,{5 + m % 2 / 10},2025-{m:02}-28\n" for m in range(1, 13))
    late = "jobless,2026-05-31,7.5,2026-06-20\njobless,2026-06-30,1.0,2026-07-20\n"
    macro.write_text(f"series,date,value,known_on\n{calm}{late}")
    for language in ("zh", "en"):
        done = run(app, [*closed, str(tmp_path / language), "--language", language, "--macro", str(macro)])
        assert done.exit_code == 0, done.output
        told = json.loads((tmp_path / language / "portfolio.json").read_text())["risk"]
        page = (tmp_path / language / "report.html").read_text()
        assert {"zh": "谁可能逾期", "en": "who may be late"}[language] in page
        assert sum(c["loans"] for c in told["causes"]) > 0
        listed = json.loads((tmp_path / language / "manifest.json").read_text())
        assert listed["model"] == told["model"]["sha256"]
        assert {"scores.parquet", "explained.parquet"} <= {o["file"] for o in listed["outputs"]}
        (series,) = told["macro"]
        assert (series["value"], series["warned"]) == (7.5, True), "what is published in July is not known yet"
        assert len(listed["macro"]) == 64
        assert {"zh": "宏观序列", "en": "Macro series"}[language] in page
    _explained(tmp_path / "en" / "explained.parquet", told)
    refused = run(app, [*closed[:4], "--macro", str(macro), "--out", str(tmp_path / "no")])
    assert isinstance(refused.exception, WrongUse)
    assert run(app, [*closed[:4], "--out", str(tmp_path / "zh")]).exit_code == 0
    assert not (tmp_path / "zh" / "scores.parquet").exists(), "scores of an earlier close must not stay"
    with pytest.raises(WrongUse, match="not one of"):
        score(book, load(tmp_path / "m"), as_of=small.AS_OF, at="tomorrow")


def _explained(file, told):
    """Every overdue loan is explained in both languages, without a number to aim at."""
    rows = pq.read_table(file).to_pylist()
    overdue = [row for row in rows if not row["warned"]]
    assert len(overdue) == sum(c["loans"] for c in told["causes"])
    named = [row["cause"] for row in overdue if row["cause"]]
    assert len(named) == sum(c["loans"] for c in told["causes"] if c["cause"] != "unknown")
    assert [row["loan_id"] for row in rows] == sorted(row["loan_id"] for row in rows)
    words = [both for row in rows for both in json.loads(row["reasons"])]
    assert words
    assert all(en and zh and not re.search(r"\d", en) for en, zh in words)


def test_scores_look_at_nothing_after_the_day(book_folder, tmp_path, quick):
    other = small.with_another_future(book_folder, tmp_path / "other", small.AS_OF, 5)
    frame = training_frame(small.opened(book_folder), small.AS_OF)
    model = fit_frame(frame, kind="events", as_of=small.AS_OF)
    tables = [score(small.opened(b), model, as_of=small.AS_OF).table for b in (book_folder, other)]
    assert tables[0].equals(tables[1])
    again = fit_frame(training_frame(small.opened(other), small.AS_OF), kind="events", as_of=small.AS_OF)
    assert score(small.opened(book_folder), again, as_of=small.AS_OF).table.equals(tables[0])


def test_a_book_of_statuses(tmp_path, quick):
    folder = tmp_path / "statuses"
    folder.mkdir()
    random = np.random.default_rng(2)
    lines = ["loan_id,on_date,state"]
    for loan in range(900):
        state, weak = 0, loan % 5 == 0
        for month in range(1, 13):
            lines.append(f"L{loan},2025-{month:02d}-28,{state}")
            up = random.random() < (0.35 if weak else 0.04) * (1.5 if state else 1)
            state = min(state + 1, 5) if up else (0 if random.random() < 0.6 else state)
    (folder / "statuses.csv").write_text("\n".join(lines) + "\n")
    book = small.opened(folder)
    model = fit_frame(training_frame(book, date(2025, 12, 28)), kind="statuses", as_of=date(2025, 12, 28))
    assert model.claims["p_roll"].all.auc > 0.6
    table = score(book, model, as_of=date(2025, 12, 28))
    cures = table.table.filter(pc.is_valid(table.table["p_cure_30"]))
    assert 0 < cures.num_rows < table.table.num_rows
    worst = table.table.filter(pc.is_valid(table.table["p_90_in_12m"]))
    assert pc.all(pc.less_equal(worst["p_90_in_12m"], worst["p_60_in_12m"])).as_py()
    assert "no due dates" in table.reasons["p_late_next"]
    shutil.rmtree(folder)
