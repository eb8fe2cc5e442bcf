"""A simulated book is a sound book; its truth stands beside it and agrees with it."""

from datetime import date

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from forbear.basics.errors import WrongUse
from forbear.book import check_book, open_book
from forbear.simulate.acts import menu
from forbear.simulate.book import write_book
from forbear.simulate.evidence import parameters
from forbear.simulate.limits import shipped_limits
from forbear.simulate.run import Setup
from forbear.simulate.strategies.lists import Explore
from forbear.simulate.told import SAYS, WORDS
from forbear.simulate.values import true_values
from forbear.simulate.worlds.people import Cause

DAYS = 150
SETUP = Setup(500, DAYS, seed=3)
TABLES = ("loans", "installments", "payments", "contacts", "borrowers")


@pytest.fixture(scope="module")
def made(worlds, tmp_path_factory):
    return write_book(tmp_path_factory.mktemp("book") / "it", worlds("structural"), "explore", SETUP, values=2)


def rows(made, name):
    return pq.read_table(made.path / f"{name}.parquet").to_pandas()


def test_the_book_is_sound(made):
    with duckdb.connect() as connection:
        book = open_book(made.path, connection)
        found = check_book(book, as_of=date(2026, 5, 30))
    assert not found.faults, found.faults[:3]  # warnings too
    assert set(TABLES) <= set(book.tables)
    assert not [t for t in book.tables if t.startswith("_")]


def test_the_close_reads_it(made, tmp_path):
    from forbear.night import close

    closed = close(made.path, as_of=date(2026, 5, 30), out=tmp_path / "out", language="en")
    accounts = pq.read_table(closed.out / "accounts.parquet").to_pandas().set_index("loan_id")
    hidden = pq.read_table(made.path / "_truth/people.parquet").to_pandas().set_index("borrower_id")
    late = hidden.index[hidden["cause"] != "none"]
    behind = accounts[accounts["arrears"] > 0] if "arrears" in accounts else accounts[accounts["dpd"] > 0]
    assert set(behind.index) <= set(late)
    assert len(behind) > 20


def test_the_same_command_gives_the_same_bytes(made, worlds, tmp_path):
    again = write_book(tmp_path / "again", worlds("structural"), "explore", SETUP, values=2)
    for name in made.rows:
        assert (made.path / f"{name}.parquet").read_bytes() == (again.path / f"{name}.parquet").read_bytes(), name


def test_another_book_is_not_overwritten(made, worlds, tmp_path):
    other = tmp_path / "real"
    other.mkdir()
    (other / "loans.csv").write_text("loan_id\n1\n")
    with pytest.raises(WrongUse, match="no simulation made"):
        write_book(other, worlds("structural"), "explore", SETUP)
    assert (other / "loans.csv").exists()
    with pytest.raises(WrongUse, match="days"):
        write_book(tmp_path / "short", worlds("structural"), "explore", Setup(10, 30))


def test_decisions_carry_exact_propensities(made):
    decisions = rows(made, "_log/decisions")
    acted = decisions[decisions["act"] != "wait"]
    assert len(acted) > 100
    explored = [menu().index(a) for a in Explore().acts]
    bits = decisions["allowed_bits"].to_numpy()
    allowed = np.stack([(bits >> a) & 1 for a in explored], axis=1).sum(axis=1)
    late = (decisions["dpd"] > 0).to_numpy()
    free = (allowed > 0) & late
    share = np.where(decisions["act"] == "wait", 1 - Explore().share, Explore().share / np.maximum(allowed, 1))
    np.testing.assert_allclose(decisions["propensity"][free], share[free], rtol=1e-5)
    # inverse propensities of what was done sum to the number of decisions, within sampling error
    calls = free & (decisions["act"] == "human_call").to_numpy()
    could = free & (((bits >> menu().index("human_call")) & 1) == 1)
    weight = (1 / decisions["propensity"][calls]).sum()
    assert abs(weight / could.sum() - 1) < 4 / np.sqrt(calls.sum())


def test_the_log_holds_nothing_hidden(made):
    hidden = set(pq.read_schema(made.path / "_truth/people.parquet").names)
    seen = set(pq.read_schema(made.path / "_log/decisions.parquet").names)
    assert hidden & seen == {"borrower_id", "vulnerable"}
    for table in TABLES:
        assert not {"cause", "will", "memory", "response", "grudge"} & set(
            pq.read_schema(made.path / f"{table}.parquet").names
        )


def test_causes_are_told_for_late_loans(made):
    causes = rows(made, "_truth/causes")
    assert set(causes["cause"]) <= {c.name for c in Cause} - {"none"}
    assert len(set(causes["cause"])) >= 4
    assert (causes["dpd"] > 0).all()


def test_what_people_say_is_a_hint_and_no_answer(made):
    """Promises and reasons are in the contacts; many say nothing, and what is said is said for several causes."""
    contacts = rows(made, "contacts")
    assert (contacts[contacts["direction"] == "out"]["result"] == "promise").any()
    assert contacts[contacts["direction"] == "in"]["result"].isin(WORDS).any()
    told = {n: v for n, v in parameters().values().items() if n.startswith("told.")}
    for group in SAYS.values():
        mine = [v for n, v in told.items() if n.startswith(f"told.{group}_")]
        assert 0 < sum(mine) <= 0.7, group
    for word in ("forgot", "short_for_now", "hardship", "refused"):
        assert sum(n.endswith(f"_{word}") for n in told) >= 2, word


def test_true_values_are_of_the_allowed_act_against_waiting(made):
    values = rows(made, "_truth/values")
    assert (values[values["act"] == "wait"]["gain"] == 0).all()
    assert values.groupby("borrower_id").size().eq(len(menu().acts)).all()
    call = values[values["act"] == "human_call"]["gain"]
    assert call.mean() > 0
    assert values[values["act"] == "human_call"]["gain_30_days"].mean() >= 0
    assert (values["standard_error"] >= 0).all()


def test_true_values_in_the_placebo_world_are_nothing(worlds):
    from forbear.simulate.run import simulate
    from forbear.simulate.strategies.lists import Nothing

    setup = Setup(200, 60, seed=3, whole_book=True)
    state = simulate(worlds("placebo"), Nothing(), setup)
    before = state.record.paid.copy()
    found = true_values(worlds("placebo"), state, setup, 1)
    assert (found.gain == 0).all()
    assert (found.soon == 0).all()
    np.testing.assert_array_equal(before, state.record.paid)


def test_another_strategys_book_keeps_the_limits(worlds, tmp_path):
    made = write_book(tmp_path / "ladder", worlds("selfexciting"), "ladder", Setup(200, 90, seed=3))
    contacts = rows(made, "contacts")
    outward = contacts[contacts["direction"] == "out"].sort_values(["borrower_id", "at"])
    week = outward.groupby("borrower_id")["at"].transform(
        lambda at: at.diff(shipped_limits().contacts_a_week).dt.days
    )
    assert not (week < 6).any()
    assert "unknown" in set(rows(made, "_truth/causes")["cause"])
