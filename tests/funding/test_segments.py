"""Segments: what divides a book is told, worst first; what all open loans share is not."""

from forbear.funding.figures import Money
from forbear.funding.segments import SUMS, Traits, segments

BANDS = Traits(loans=("product",), borrowers=(), first_loan=False, bands=(100_000,))


def counted(dimension, trait, loans, principal, late_30):
    row = dict.fromkeys(SUMS, 0) | {"loans": loans, "principal": principal, "principal_30": late_30}
    return row | {"dimension": dimension, "trait": trait}


def told(rows, *, least=1):
    return [(r["dimension"], r["value"]) for r in segments(rows, BANDS, 1_000, (10, least, 20), Money(2))]


def test_the_worst_come_first_and_what_all_share_is_left_out():
    rows = [
        counted("amount_band", "0", 6, 600, 60),
        counted("amount_band", "1", 4, 400, 200),
        counted("product", "phone", 9, 900, 100),
        counted("product", "car", 1, 100, 100),
        counted("repayment_method", "flat", 10, 1_000, 260),
    ]
    assert told(rows) == [
        ("product", "car"),
        ("amount_band", "> 1000"),
        ("product", "phone"),
        ("amount_band", "≤ 1000"),
    ]
    assert ("product", "car") not in told(rows, least=2)


def test_a_book_of_one_kind_has_no_segments():
    assert told([counted("amount_band", "0", 10, 1_000, 10), counted("product", "phone", 10, 1_000, 10)]) == []
