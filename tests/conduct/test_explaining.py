"""A rule told in words: nothing that decides an answer is left out, in either language."""

import pytest

from forbear.conduct import load_packs
from forbear.conduct.explaining import FRAMES, explained, read_strictly

RULES = [rule for _, rule in load_packs(["cn-lender"]).rules]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_rule_is_told_with_all_that_decides(language):
    for rule in RULES:
        text = explained(rule, language)
        assert text.startswith(f"{rule.id}  {getattr(rule.title, language)}\n")
        assert str(rule.in_force.from_) in text
        conditions = [*rule.acts, *rule.parties, *rule.unless, *(str(p.from_) for p in rule.parameters)]
        conditions += [rule.when.fact, rule.when.is_] if rule.when else []
        conditions += [rule.except_.fact] if rule.except_ else []
        for name in conditions:
            assert name in text, (rule.id, name)


def test_a_cap_and_its_window_are_told():
    (rule,) = (r for r in RULES if r.id == "LENDER-FREQ-03")
    assert "from 2026-01-01: cap 1, window days 1, channels sms, count attempt" in explained(rule, "en")
    assert "自 2026-01-01 起：cap 1, window days 1" in explained(rule, "zh")


def test_what_was_not_seen_is_read_strictly_and_policy_is_not_called_so():
    said = {rule.id: explained(rule, "en") for rule in RULES}
    assert "read at its strictest" in said["CN-BUR-07"]
    assert "read at its strictest" not in said["CN-BUR-01"] + said["LENDER-FREQ-03"]
    assert not any(read_strictly(rule) for rule in RULES if rule.confidence in ("verified", "policy"))


def test_an_end_is_told():
    (rule,) = (r for r in RULES if r.id == "CN-BUR-01")
    span = rule.in_force.model_copy(update={"until": rule.in_force.from_.replace(year=2030)})
    assert "until 2030-03-15" in explained(rule.model_copy(update={"in_force": span}), "en")


def test_an_unknown_language_is_english():
    assert explained(RULES[0], "fr") == explained(RULES[0], "en")
    assert FRAMES["en"].keys() == FRAMES["zh"].keys()
