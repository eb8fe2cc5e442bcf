"""Draws depend on seed, block, day and purpose, and on nothing else."""

import numpy as np

from forbear.simulate.streams import Purpose, Streams


def test_the_same_draw_whatever_was_drawn_before():
    one, other = Streams(7, 2, 100), Streams(7, 2, 100)
    for purpose in Purpose:
        other.uniform(3, purpose)
    np.testing.assert_array_equal(one.uniform(9, Purpose.pay), other.uniform(9, Purpose.pay))


def test_more_borrowers_leave_the_first_as_they_were():
    few, many = Streams(7, 0, 11), Streams(7, 0, 5000)
    np.testing.assert_array_equal(few.uniform(4, Purpose.pay), many.uniform(4, Purpose.pay)[:11])


def test_seed_block_day_and_purpose_each_make_another_stream():
    base = Streams(1, 1, 50).uniform(1, Purpose.pay)
    others = (
        Streams(2, 1, 50).uniform(1, Purpose.pay),
        Streams(1, 2, 50).uniform(1, Purpose.pay),
        Streams(1, 1, 50).uniform(2, Purpose.pay),
        Streams(1, 1, 50).uniform(1, Purpose.part),
    )
    assert all(not np.array_equal(base, other) for other in others)


def test_draws_are_even_and_unrelated():
    draws = Streams(5, 0, 16_000)
    one, other = draws.uniform(0, Purpose.pay), draws.uniform(1, Purpose.pay)
    assert abs(one.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert one.min() >= 0
    assert one.max() < 1
