"""People behave as the worlds say: causes work, contacts help, saturate and harm, in the right world and direction."""

from dataclasses import replace

import numpy as np
import pytest

from forbear.basics.errors import WrongUse
from forbear.simulate.acts import menu
from forbear.simulate.days import days
from forbear.simulate.evidence import parameters
from forbear.simulate.limits import no_limits
from forbear.simulate.run import Setup, advance, begin, simulate
from forbear.simulate.strategies.interface import Choice, Plan
from forbear.simulate.strategies.lists import Chance, Ladder, Least, Nothing
from forbear.simulate.streams import Purpose, Streams
from forbear.simulate.trajectories import invented_library, read_library
from forbear.simulate.worlds.catalog import world
from forbear.simulate.worlds.contact import act_on, effects
from forbear.simulate.worlds.people import Cause, cause


class Every:
    """One act for every late borrower, every `gap` days."""

    def __init__(self, act, gap=1):
        self.name, self.act, self.gap = act, menu().index(act), gap

    def choose(self, seen, today):
        plan = Plan(seen, today)
        if today.day % self.gap == 0:
            plan.give(self.act, np.flatnonzero(np.asarray(seen["dpd"]) > 0))
        return plan.choice()


FREE = {"capacity": float("inf"), "limits": no_limits()}


def received(place, strategy, **changes):
    setup = Setup(**{"borrowers": 1500, "days": 45, "seed": 8, **FREE, **changes})
    return int(simulate(place, strategy, setup).tally.received.sum())


@pytest.mark.parametrize("strategy", [Ladder(), Chance(1), Least()], ids=lambda s: s.name)
def test_in_the_placebo_world_nothing_is_gained_or_lost(strategy, worlds):
    assert received(worlds("placebo"), strategy) == received(worlds("placebo"), Nothing())


def test_in_the_harm_world_every_contact_costs(worlds):
    peace, some, many = (
        received(worlds("harm"), s, days=90) for s in (Nothing(), Every("sms", 10), Every("sms", 2))
    )
    assert peace > some > many


@pytest.mark.parametrize("name", ["structural", "selfexciting", "bootstrap"])
def test_a_call_a_fortnight_brings_money(name, worlds):
    assert received(worlds(name), Every("human_call", 14)) > received(worlds(name), Nothing())


def test_many_contacts_bring_less_each_and_in_the_end_do_harm(worlds):
    base = received(worlds("structural"), Nothing(), days=60)
    rare, often, always = (
        received(worlds("structural"), Every("human_call", gap), days=60) - base for gap in (15, 4, 1)
    )
    assert rare > 0
    assert often < 4 * rare
    assert always < often


def one_block(place, n=4000):
    setup = Setup(n, 30, seed=5)
    calendar = days(setup.start, 30)
    return begin(place, setup, calendar), calendar


def test_a_message_wakes_those_who_forgot_and_newcomers_less(worlds):
    state, _ = one_block(worlds("structural"))
    state.mind.aware[:] = False
    state.record.first_time[:] = np.arange(4000) % 2 == 0
    state.record.payments[:] = 0
    act = np.full(4000, menu().index("sms"), dtype=np.int8)
    hour = np.zeros(4000, dtype=np.int8)
    heard = act_on(effects(parameters()), state.mind, state.record, act, hour, 0, Streams(5, 0, 4000))
    new, known = (state.mind.aware[heard.reached & (np.arange(4000) % 2 == k)].mean() for k in (0, 1))
    assert known > 0.9
    assert abs(new - 0.95 * parameters()["contact.first_time_text"]) < 0.05
    assert not state.mind.aware[~heard.reached].any()


def test_gains_shrink_with_fatigue_and_turn_beyond_it(worlds):
    state, _ = one_block(worlds("structural"))
    p = parameters()
    moved = []
    for tired in (0.0, 8.0, 3 * p["contact.sour_beyond"]):
        state.mind.fatigue[:] = tired
        state.mind.push[:] = 0
        state.mind.response[:] = 1
        act = np.full(4000, menu().index("letter"), dtype=np.int8)
        act_on(effects(p), state.mind, state.record, act, np.zeros(4000, np.int8), 1, Streams(5, 0, 4000))
        moved.append(float(state.mind.push[state.mind.push != 0].mean()))
    assert moved[0] > moved[1] > 0 > moved[2]


def test_a_wrong_number_is_never_reached_and_in_time_found_out(worlds):
    state, _ = one_block(worlds("structural"))
    state.mind.number_ok[:] = False
    act = np.full(4000, menu().index("human_call"), dtype=np.int8)
    heard = act_on(
        effects(parameters()), state.mind, state.record, act, np.zeros(4000, np.int8), 0, Streams(5, 0, 4000)
    )
    assert not heard.reached.any()
    share = state.record.bad_number.mean()
    assert abs(share - parameters()["contact.tells_wrong_number"]) < 0.03


def test_who_disputes_never_pays_and_complains_more(worlds):
    place = world("structural", values={"population.disputes": 0.5})
    state = simulate(place, Every("human_call", 3), Setup(1200, 40, seed=2, **FREE))
    disputes = state.mind.disputes
    late = state.record.attempts.sum(axis=1) > 0
    assert state.tally.received[disputes].sum() == 0
    assert state.tally.received[~disputes].sum() > 0
    assert state.tally.complaints[disputes & late].mean() > state.tally.complaints[~disputes & late].mean()
    assert state.record.disputed[disputes & late].mean() > 0.5
    assert not state.record.disputed[~disputes].any()


def test_money_decides_whether_people_can_pay():
    poor = world("structural", values={"population.essentials": 0.99, "population.buffer": 0.01})
    rich = world("structural", values={"population.essentials": 0.30})
    assert received(poor, Nothing(), days=150) < 0.8 * received(rich, Nothing(), days=150)


def test_causes_are_told_in_order(worlds):
    state, _ = one_block(worlds("structural"), 3000)
    mind, record = state.mind, state.record
    mind.aware[:2000] = True
    found = cause(mind, record.part, record.arrears, 0.1, has_money=True)
    assert (found[record.arrears == 0] == Cause.none).all()
    assert (found[(record.arrears > 0) & mind.disputes] == Cause.disputes).all()
    unaware = (record.arrears > 0) & ~mind.aware & ~mind.disputes & mind.number_ok & ~mind.debit_fails
    assert (found[unaware] == Cause.forgot).all()
    assert len(set(found)) >= 5
    unknown = cause(mind, record.part, record.arrears, 0.1, has_money=False)
    assert not set(unknown) & {Cause.cannot_for_now, Cause.cannot_for_long, Cause.slow}


def test_a_payment_excites_the_next_in_the_self_exciting_world(worlds):
    place = worlds("selfexciting")
    state, calendar = one_block(place)
    before = state.mind.intensity.copy()
    paid, _ = advance(place, effects(place.parameters), calendar, 5, state, np.zeros(4000, np.int8), 0)
    assert (state.mind.intensity[paid > 0] > before[paid > 0]).all()
    np.testing.assert_allclose(state.mind.intensity[paid == 0], before[paid == 0], rtol=1e-5)


def test_the_bootstrap_world_follows_its_months(worlds):
    """Under no contacts the moves from month to month are those of the library."""
    place = worlds("bootstrap")
    watch = []
    setup = Setup(3000, 100, seed=3, **FREE)
    simulate(place, Nothing(), setup, watchers=[lambda log: watch.append(log.hidden.mind.steps.copy())])
    state = simulate(place, Nothing(), setup)
    unpaid = np.minimum(-(-state.record.arrears // state.record.part), 5)
    shares = np.bincount(unpaid, minlength=6) / 3000
    assert shares[0] > 0.2
    assert shares[5] > 0.05


def test_an_invented_library_says_so_and_a_book_without_late_months_is_refused(tmp_path):
    from forbear.book.sample import make_sample

    assert "INVENTED" in invented_library().told
    make_sample(tmp_path / "book", loans=30, as_of=__import__("datetime").date(2026, 6, 30), threads=1)
    with pytest.raises(WrongUse, match="unpaid installments"):
        read_library(tmp_path / "book")


def test_a_plan_asks_for_parts_and_a_settlement_forgives_the_rest(worlds):
    place = world("structural", values={"plan_offer.accepted": 1.0, "settlement_offer.accepted": 1.0})
    plan = simulate(place, Every("plan_offer", 30), Setup(800, 30, seed=3, **FREE))
    assert (plan.record.plan_part[plan.record.plan_until > 0] > 0).all()
    settled = simulate(place, Every("settlement_offer", 30), Setup(1500, 40, seed=3, **FREE))
    forgiven = settled.record.forgiven > 0
    assert forgiven.any()
    assert (settled.tally.forgiven == settled.record.forgiven).all()


def test_an_extension_asks_for_nothing_while_it_lasts(worlds):
    place = world("structural", values={"extension_offer.accepted": 1.0, "population.reach_phone": 0.999})
    paid = []
    state = simulate(
        place,
        Every("extension_offer", 100),
        Setup(800, 20, seed=3, **FREE),
        watchers=[lambda log: paid.append(log.paid * (log.hidden.record.extension_until > log.day))],
    )
    assert (state.record.extension_until > 0).any()
    assert np.sum(paid) == 0


def test_unknown_worlds_and_numbers_are_refused():
    with pytest.raises(WrongUse, match="utopia"):
        world("utopia")
    with pytest.raises(WrongUse, match="no parameter"):
        world("structural", values={"sms.magic": 1.0})


def test_a_wrong_press_is_counted_once_a_borrower(worlds):
    state = simulate(worlds("structural"), Every("human_call", 2), Setup(800, 20, seed=3, **FREE))
    gentle = simulate(worlds("structural"), Every("sms", 2), Setup(800, 20, seed=3, **FREE))
    assert state.tally.pressed_wrongly.sum() > 0
    assert gentle.tally.pressed_wrongly.sum() == 0
    wrong = state.mind.disputes | state.mind.vulnerable
    called = state.record.attempts.sum(axis=1) > 0
    assert state.tally.pressed_wrongly[wrong & called].all()


def test_streams_of_one_purpose_serve_every_act():
    """Whoever would have read a message today would have read another: reach is drawn once a day."""
    draws = Streams(1, 0, 10)
    np.testing.assert_array_equal(draws.uniform(2, Purpose.reach), Streams(1, 0, 10).uniform(2, Purpose.reach))


def test_waiting_is_a_choice():
    assert replace(Choice(np.zeros(3, dtype=np.int8)), propensity=None).act.sum() == 0
