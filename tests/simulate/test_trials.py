"""Field studies repeated on simulated borrowers fall within ranges that were fixed in advance."""

from dataclasses import replace

import pytest

from forbear.simulate.evidence import studies
from forbear.simulate.trials import repeat, trials


@pytest.mark.parametrize("trial", trials(), ids=lambda t: t.name)
def test_a_study_is_reproduced_within_its_range(trial):
    result = repeat(trial, borrowers=4000)
    assert result.within, (result.arms, result.effect, trial.range)


def test_three_studies_are_held_to_and_all_are_in_the_evidence():
    assert {t.study for t in trials()} == {"cadena_schoar_2011", "bursztyn_2019", "choi_2025"}
    assert {t.study for t in trials()} <= set(studies())


@pytest.mark.parametrize("name", ["reminder_before_due", "machine_or_person"])
def test_a_trial_fails_when_the_act_does_nothing(name):
    trial = next(t for t in trials() if t.name == name)
    dead = {
        "sms.cue": 0.0,
        "sms.push": 0.0,
        "human_call.push": 0.3,
        "human_call.binding": 0.1,
        "human_call.promise": 0.2,
    }
    assert not repeat(replace(trial, people={**trial.people, **dead}), borrowers=1500).within


def test_a_base_rate_outside_the_studys_fails_the_trial():
    trial = next(t for t in trials() if t.base)
    assert not repeat(replace(trial, base=(0.1, 0.2)), borrowers=800).within
