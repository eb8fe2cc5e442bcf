"""Reasons, causes, warnings, drift and fairness: each on frames whose truth is known."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import risk_books as small
from test_fit import AS_OF, made_frame

from forbear.risk import causes as causes_module
from forbear.risk import warning
from forbear.risk.care import drift, fairness, groups, kept_word
from forbear.risk.causes import UNKNOWN, causes, rules
from forbear.risk.chains import chains, labels
from forbear.risk.fit import fit_frame
from forbear.risk.frame import Frame, catalog, frame_of, moments_table, protected_names, record_catalog
from forbear.risk.reasons import MOST_REASONS, contributions, reason_of, reasons, record, wording


@pytest.fixture(scope="module")
def model():
    return fit_frame(made_frame()[0], kind="events", as_of=AS_OF)


def overdue_frame(**features):
    """One overdue loan of which only these features are known."""
    names = tuple(catalog())
    numbers = np.full((1, len(names)), np.nan, dtype=np.float32)
    for name, value in features.items():
        numbers[0, names.index(name)] = value
    return Frame(names, numbers, {}, {"overdue": np.ones(1)})


# --- reasons ----------------------------------------------------------------------------------------------------------


def test_contributions_add_up_to_the_log_odds(model):
    fresh, trees = made_frame(seed=21)[0].take(np.arange(40)), model.chains["late"]
    added = contributions(trees, fresh).sum(axis=1)
    asked = np.column_stack([trees.numbers(fresh), np.zeros(40, dtype=np.float32)])
    assert added == pytest.approx(trees.booster.predict(asked, prediction_type="RawFormulaVal"), abs=1e-6)


def test_the_strongest_reason_is_the_one_that_drives_the_risk(model):
    fresh = made_frame(seed=22)[0]
    worst = np.argsort(-fresh.column("late_share"))[:20]
    told = reasons(model.chains["late"], fresh.take(worst))
    assert all(len(r) <= MOST_REASONS for r in told)
    assert sum(r[0].key == "late_before" and r[0].raises for r in told) >= 18


def test_every_feature_has_a_reason_in_both_languages_and_none_names_a_protected_trait():
    for name in (*catalog(), *record_catalog(), "x_anything", "product~"):
        words = wording()[reason_of(name)]
        for language in ("en", "zh"):
            for text in words[language].values():
                assert text
                assert not any(char.isdigit() for char in text), "a number can be aimed at"
                assert not any(f" {p} " in f" {text} " for p in protected_names())


def test_reasons_hold_still_under_noise(model):
    fresh = made_frame(seed=23)[0].take(np.arange(200))
    noise = np.random.default_rng(1).normal(1, 0.01, fresh.numbers.shape).astype(np.float32)
    a, b = (reasons(model.chains["late"], f) for f in (fresh, replace(fresh, numbers=fresh.numbers * noise)))
    same = np.mean([x[0].key == y[0].key for x, y in zip(a, b, strict=True)])
    assert same >= 0.95


def test_the_record_for_contesting_holds_all_that_was_seen(model):
    fresh = made_frame(seed=24)[0]
    kept = record(model.chains["late"], fresh, 3, model_sha256="ab", scores={"p_late_next": 0.4})
    assert kept["loan_id"] == "3"
    assert kept["features"]["late_share"] == pytest.approx(float(fresh.column("late_share")[3]))
    assert "人工复核" in kept["right"]["zh"]
    assert sum(kept["base_and_contributions"]) == pytest.approx(contributions(model.chains["late"], fresh)[3].sum())


# --- causes -----------------------------------------------------------------------------------------------------------

CASES = {
    "dispute": {"dpd": 20, "disputes": 1, "late_share": 0.1},
    "slip": {"dpd": 6, "late_share": 0.0, "dues_past_count": 8, "others_late_share": 0.0, "others_dues": 6, "asked": 1,
             "spell_reached": 0, "overdue_count": 1, "first_days": 0, "receipts_60d": 1},
    "cash": {"dpd": 20, "arrears_share": 0.1, "receipts_60d": 2, "broken_streak": 1, "promises_kept_share": 1.0,
             "days_trend": 5, "late_share": 0.3, "dues_past_count": 8},
    "lasting": {"dpd": 95, "broken_streak": 4, "receipts_60d": 0, "hardships": 1},
    "indebted": {"dpd": 20, "others_open": 3, "others_overdue": 2, "others_90d": 3},
    "unwilling": {"dpd": 50, "refusals": 3, "promises": 3, "promises_kept_share": 0.0, "answered_share": 0.9,
                  "others_open": 1, "others_overdue": 0, "others_late_share": 0.0,
                  "asked": 9, "spell_refused": 2, "spell_reached": 1, "spell_talks": 3},
    "misjudged": {"dpd": 40, "first_days": 40, "dues_past_count": 2, "others_dues": 0, "limit_used": 5},
}  # fmt: skip


@pytest.mark.parametrize("cause", CASES)
def test_clear_evidence_names_its_cause(cause):
    found = causes(overdue_frame(**CASES[cause]))
    assert found.named[0] == cause
    assert {e.cause for e in found.evidence[0]} >= {cause}
    assert found.chances.sum() == pytest.approx(1)


def test_without_evidence_the_cause_is_not_known():
    found = causes(overdue_frame(dpd=30))
    assert found.named[0] == UNKNOWN
    assert found.evidence[0] == []


def test_none_is_named_where_it_is_likely_that_it_is_none_of_them(monkeypatch):
    told = CASES["slip"]
    assert UNKNOWN in rules().learned, "that it is none of the causes was learned too"
    assert causes(overdue_frame(**told)).named[0] == "slip"
    chance = causes(overdue_frame(**told)).chances[0, -1]
    stricter = replace(rules(), most_unknown=chance - 0.01)
    monkeypatch.setattr(causes_module, "rules", lambda: stricter)
    assert causes(overdue_frame(**told)).named[0] == UNKNOWN


def test_unwillingness_needs_more_than_one_piece():
    assert causes(overdue_frame(dpd=20, refusals=3)).named[0] == UNKNOWN
    assert set(CASES) == set(rules().causes)
    assert all(c["helps"]["zh"] and c["helps"]["en"] for c in rules().causes.values())


def test_silence_is_no_evidence_where_no_contact_is_on_record():
    """A book without contacts cannot say that nobody was reached; one with contacts can."""
    told = {"dpd": 3, "spell_reached": 0}
    said = "nobody has reached the borrower since it fell due"
    assert said not in {e.en for e in causes(overdue_frame(**told)).evidence[0]}
    assert said in {e.en for e in causes(overdue_frame(asked=2, **told)).evidence[0]}


def test_every_learned_weight_is_of_a_piece_and_every_judged_one_of_its_cause():
    known = rules()
    learned = tomllib.loads(
        (Path(causes_module.__file__).parent / "causes_learned.toml").read_text(encoding="utf-8")
    )
    assert set(learned["weights"]) == {e.en for e in known.evidence}
    assert known.weights.shape == (len(known.evidence) + 1, len(known.learned))
    assert sum(known.usual) == pytest.approx(1, abs=1e-3)
    assert {e.cause for e in known.evidence} == set(known.causes)
    assert all(e.weight > 0 for e in known.evidence if e.cause not in known.learned)


def test_causes_are_stable_across_samples(book_folder):
    book = small.opened(book_folder)
    loans = [r[0] for r in book.connection.execute("SELECT loan_id FROM book.loans ORDER BY 1").fetchall()]
    shares = []
    for part in (loans[::2], loans[1::2]):
        frame = frame_of(book, moments_table([(loan, small.UNTIL) for loan in part]), small.UNTIL)
        late = frame.take(frame.marks["overdue"].astype(float) > 0)
        named = causes(late).named
        shares.append([np.mean(named == n) for n in (*rules().causes, UNKNOWN)])
    assert len(late) >= 15
    assert np.abs(np.subtract(*shares)).max() < 0.35


# --- warning ----------------------------------------------------------------------------------------------------------


def warned_frame(seed=0, rows=6000):
    """Not overdue loans; a late last installment makes the next three times as likely to be late."""
    random = np.random.default_rng(seed)
    names = tuple(catalog())
    numbers = np.full((rows, len(names)), np.nan, dtype=np.float32)
    trouble = random.random(rows) < 0.08
    numbers[:, names.index("last_days")] = np.where(
        trouble, random.integers(5, 20, rows), random.integers(-9, 1, rows)
    )
    numbers[:, names.index("late_share")] = random.random(rows)
    numbers[:, names.index("days_to_due")] = random.integers(1, 28, rows)
    numbers[:, names.index("dpd")] = 0
    late = random.random(rows) < np.where(trouble, 0.45, 0.1)
    marks = {"overdue": np.zeros(rows), "is_closed": np.zeros(rows, bool),
             "as_of": np.sort(np.datetime64("2025-01-01") + random.integers(0, 90, rows))}  # fmt: skip
    unknown = np.full(rows, np.nan)
    outcomes = {"next_late_days": np.where(late, 4.0, 0.0), "next_known": np.full(rows, 99.0),
                "is_paused": np.zeros(rows), "asked_in": unknown, "cure_days": unknown,
                "known_days": np.full(rows, 99.0)}  # fmt: skip
    texts = {"product": random.choice(["a", "b"], rows).astype(object), "region": np.full(rows, "n", dtype=object)}
    return Frame(names, numbers, texts, marks, outcomes)


def test_warnings_find_trouble_ahead_in_bounded_number():
    frame = warned_frame()
    warner = warning.learn(frame, labels(chains("events")[0], frame))
    assert "latest_late" in {i.name for i in warner.indicators}
    told = warner.measured
    assert told["warned"] <= warning.VOLUME + 0.02
    assert told["precision"] > 2 * told["late"]
    assert told["recall"] > told["recall_of_rule"] + 0.1
    assert told["median_days_ahead"] >= 7
    assert warning.of_book(warner, frame)["turning"] is False


def test_a_segment_and_a_book_that_turn_are_named():
    frame = warned_frame()
    warner = warning.learn(frame, labels(chains("events")[0], frame))
    worse = frame.numbers.copy()
    place = list(catalog()).index("last_days")
    worse[(frame.texts["product"] == "b") & (np.arange(len(frame)) % 3 == 0), place] = 15
    turned = replace(frame, numbers=worse)
    assert [s["value"] for s in warning.segments(warner, turned)] == ["b"]
    assert warning.segments(warner, frame) == []
    assert warning.of_book(warner, turned)["turning"] is True


def test_macro_series_warn_when_they_leave_their_past():
    months = [date(2025, m, 1) for m in range(1, 13)]
    calm = [(d, 5 + 0.1 * (i % 3)) for i, d in enumerate(months)]
    assert warning.of_macro({"unemployment": calm}) == []
    (found,) = warning.of_macro({"unemployment": [*calm[:-1], (months[-1], 7.5)]})
    assert (found["series"], found["on"]) == ("unemployment", "2025-12-01")
    assert found["deviations"] > 2


# --- drift and fairness ----------------------------------------------------------------------------------------------


def test_drift_is_green_at_home_and_red_after_a_move(model):
    home, away = made_frame(seed=31)[0], made_frame(seed=32)[0]
    assert {x.light for x in drift(home, model)} == {"green"}
    away = replace(away, numbers=away.numbers + np.array([1.5, 0, 0, 0, 0, 0], dtype=np.float32))
    worst = drift(away, model)[0]
    assert (worst.name, worst.light) == ("late_share", "red")


def test_a_model_that_no_longer_keeps_its_word_shows_it(model):
    fresh = made_frame(seed=33)[0]
    assert {k.light for k in kept_word(fresh, model)} == {"green"}
    late = fresh.outcomes["next_late_days"].copy()
    late[::2] = 20.0
    turned = replace(fresh, outcomes={**fresh.outcomes, "next_late_days": late})
    assert kept_word(turned, model)[0].light == "red"


def test_fairness_shows_the_group_that_is_flagged_more(model):
    fresh = made_frame(seed=34)[0]
    sex = np.where(fresh.column("late_share") + np.random.default_rng(0).normal(size=len(fresh)) > 0, "F", "M")
    years = np.where(np.arange(len(fresh)) % 2, "1960.0", "2001.0").astype(object)
    told = replace(fresh, protected={"x_sex": sex.astype(object), "birth_year": years})
    rows = {(r["trait"], r["group"]): r for r in fairness(told, model, AS_OF)}
    assert rows["sex", "F"]["false_alarms"] > rows["sex", "M"]["false_alarms"]
    assert rows["sex", "F"]["equal_found"] < rows["sex", "F"]["found"]
    assert {g for t, g in rows if t == "age"} == {"under 25", "60 and over"}
    assert set(groups(told, AS_OF)) == {"sex", "age"}
