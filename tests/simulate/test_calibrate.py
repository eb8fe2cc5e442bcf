"""Moments are measured alike on real and simulated books, and the fit finds habits it was not told."""

from datetime import date

import numpy as np
import pytest

from forbear.book.sample import make_sample
from forbear.simulate.calibrate.fit import FREE, HABITS, MEANS, distance, fit
from forbear.simulate.calibrate.moments import (
    lateness_moments,
    of_event_book,
    of_simulation,
    of_status_book,
    repeat_moments,
    roll_moments,
)
from forbear.simulate.evidence import parameters
from forbear.simulate.trajectories import LENGTH, read_library


def test_lateness_falls_into_its_ranges():
    found = lateness_moments(np.array([-20, -5, -1, 0, 0, 3, 12, 20, 40, 400]))
    assert list(found.values()) == pytest.approx([0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert sum(found.values()) == pytest.approx(1)


def test_rolls_are_shares_of_the_row():
    found = roll_moments(np.array([1, 1, 1, 2]), np.array([0, 1, 2, 3]))
    assert found["roll.1_to_0"] == pytest.approx(1 / 3)
    assert found["roll.2_to_3"] == 1
    assert found["roll.3_to_4"] == 0


def test_repetition_is_conditional():
    found = repeat_moments(np.array([5, 5, -1, -1]), np.array([5, -1, -1, -1]))
    assert found == {
        "repeat.late_after_late": 0.5,
        "repeat.late_after_not": 0.0,
        "repeat.early_after_early": 1.0,
    }


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample")
    make_sample(path / "book", loans=4000, as_of=date(2026, 6, 30), threads=1)
    return path / "book"


def test_an_event_book_is_measured_as_its_maker_meant(sample):
    found = of_event_book(sample, None).moments()
    late = sum(v for k, v in found.items() if k.startswith("lateness.late"))
    assert late == pytest.approx(0.17, abs=0.03)  # docs/sample.md: 17.06 %
    one, other = (of_event_book(sample, None, half).late for half in (0, 1))
    assert len(one) + len(other) == len(of_event_book(sample, None).late)
    assert abs(len(one) - len(other)) < 0.1 * len(one)


def test_a_library_of_an_event_book_moves_as_books_move(sample):
    library = read_library(sample)
    assert library.states.shape[1] == LENGTH
    assert (np.diff(library.states, axis=1) <= 1).all()
    assert library.late.max() <= 29
    drawn = library.draw(np.array([0, 1, 2, 3]), np.array([0.0, 0.5, 0.99, 0.2], dtype=np.float32))
    assert list(library.states[drawn, 0]) == [0, 1, 2, 3]


def test_a_status_book_gives_rolls_and_vintages(tmp_path):
    lines = ["loan_id,on_date,state,dpd"]
    for loan in range(40):
        for month in range(12):
            dpd = 30 * min(max(0, month - 5), 4) if loan % 4 == 0 else 0
            lines.append(f"{loan},2025-{month + 1:02}-01,{dpd // 30},{dpd}")
    (tmp_path / "statuses.csv").write_text("\n".join(lines) + "\n")
    found = of_status_book(tmp_path, None).moments()
    assert found["roll.1_to_2"] == 1
    assert found["vintage.sixty_by_6"] == 0
    assert found["vintage.sixty_by_9"] == 0.25
    half = of_status_book(tmp_path, None, 0)
    assert 0 < len(half.rolls[0]) < len(of_status_book(tmp_path, None).rolls[0])


def test_the_fit_finds_a_habit_again():
    """From a habit moved away, the fit comes back to the moments of the true one."""
    truth = parameters()
    real = of_simulation(truth, 700, days=190, seed=3).moments()
    real = {k: real[k] for k in ("lateness.early_3-7", "lateness.early_1-2", "lateness.on_day")}
    moved = truth.with_values({"behavior.early": truth["behavior.early"] - 0.9})
    found = fit(moved, real, free=("behavior.early",), borrowers=700, days=190, rounds=2, seed=3)
    assert found.distances[-1] < 0.2 * found.distances[0]
    assert found.values["behavior.early"] == pytest.approx(truth["behavior.early"], abs=0.3)


def test_the_distance_is_nothing_between_equals():
    same = {"lateness.on_day": 0.2, "roll.1_to_2": 0.0}
    assert not distance(same, same).any()


def test_every_free_parameter_is_marked_calibrated_and_belongs_to_one_stage():
    assert set(HABITS) | set(MEANS) == set(FREE)
    assert not set(HABITS) & set(MEANS)
    for name, (least, most, _) in FREE.items():
        entry = parameters().entries[name]
        assert entry.source == "calibrated", name
        assert least <= entry.value <= most, name
