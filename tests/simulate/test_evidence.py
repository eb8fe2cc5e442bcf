"""Every number that moves a borrower names its study or says that it is assumed."""

import pytest
import yaml

from forbear.basics.errors import WrongUse
from forbear.simulate.acts import menu
from forbear.simulate.card.render import effect_parameters
from forbear.simulate.evidence import (
    OF_OUR_OWN,
    PARAMETERS_FILE,
    Study,
    parameters,
    read_parameters,
    studies,
)


def test_every_parameter_is_traced_to_a_study_or_marked_as_ours():
    for name, entry in parameters().entries.items():
        assert entry.source in OF_OUR_OWN or entry.source in studies(), name
        assert entry.unit, name
        assert entry.why, name


def test_every_act_but_waiting_has_effects_and_all_are_traced():
    used = effect_parameters()
    for act in menu().acts[1:]:
        assert {f"{act.name}.{kind}" for kind in ("cue", "push", "grudge")} <= set(used), act.name
    assert "wait.push" not in parameters()


def test_no_number_rests_on_a_refused_or_unseen_study():
    rests = {entry.source for entry in parameters().entries.values()} - set(OF_OUR_OWN)
    assert rests
    assert all(studies()[name].permitted and studies()[name].seen != "no" for name in rests)


def test_telling_a_borrowers_contacts_is_refused_and_no_act():
    assert not studies()["lu_2021"].permitted
    assert not studies()["brusa_2019"].permitted
    assert not [a for a in menu().acts if "contacts" in a.name or "relative" in a.name]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"value": 1, "unit": "x", "why": "because"}, "source"),
        ({"value": 1, "unit": "x", "why": "because", "source": "nobody_1999"}, "no study"),
        ({"value": 1, "unit": "x", "why": "because", "source": "lu_2021"}, "refused"),
        ({"value": 1, "unit": "x", "why": "", "source": "assumed"}, "why"),
        ({"value": "much", "unit": "x", "why": "because", "source": "assumed"}, "value"),
        ({"value": 1, "unit": "x", "why": "because", "source": "assumed", "sorce": "typo"}, "sorce"),
    ],
)
def test_an_untraced_number_is_refused(row, said):
    with pytest.raises(WrongUse, match=said):
        read_parameters({"sms": {"push": row}})


def test_a_refused_study_must_say_why():
    row = studies()["sanchez_2022"].model_dump() | {"permitted": False}
    with pytest.raises(ValueError, match="does not say why"):
        Study(**row)


def test_changed_values_keep_their_source_and_unknown_names_are_refused():
    changed = parameters().with_values({"sms.push": 0.5})
    assert changed["sms.push"] == 0.5
    assert parameters()["sms.push"] != 0.5
    assert changed.entries["sms.push"].source == parameters().entries["sms.push"].source
    with pytest.raises(WrongUse, match=r"sms\.pull"):
        parameters().with_values({"sms.pull": 1.0})


def test_no_number_stands_twice():
    class Strict(yaml.SafeLoader):
        pass

    def once(loader, node):
        keys = [loader.construct_object(k) for k, _ in node.value]
        assert len(keys) == len(set(keys)), keys
        return loader.construct_mapping(node, deep=True)

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, once)
    yaml.load(PARAMETERS_FILE.read_text(encoding="utf-8"), Loader=Strict)
