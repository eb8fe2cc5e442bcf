"""Scripts of calls: steps with words to say and answers that lead on, as data in YAML, versioned like templates.

    start: greet
    steps:
      greet: {say: "Good day, {lender} here…", go: {"It is she": verify, "Someone else": third_party}}
      amount: {say: "…", after: verified, go: {"She promises": promise}}

A step whose words name a sum or a debt stands `after: verified`: the screen shows it only when the agent has ticked
that the right person is on the line. A step without `go` ends the talk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from forbear.basics.errors import WrongUse
from forbear.desk.wording.filling import named
from forbear.desk.wording.tables import variables

AFTER = ("", "identified", "verified")
TELLS = frozenset(
    ["arrears", "outstanding", "amount_due", "due_on", "days_late", "promised", "promised_on", "loan_end"]
)
"""Variables that tell of a debt: they stand in steps after `verified` alone."""


@dataclass(frozen=True)
class ScriptStep:
    """One step: what to say, which point of the checklist comes before it, answers and the steps they lead to."""

    name: str
    say: str
    after: str = ""
    go: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Script:
    """A script: its steps by name, the first of them, in the order in which they are written."""

    start: str
    steps: Mapping[str, ScriptStep]


def read_script(text: str) -> Script:
    """The script that a text holds.

    Raises:
        WrongUse: it is no YAML of this form, a step leads nowhere or cannot be reached, or a debt is named too early.
    """
    try:
        data = yaml.safe_load(text)
        steps = {
            str(name): ScriptStep(str(name), str(row["say"]), str(row.get("after", "")), dict(row.get("go", {})))
            for name, row in data["steps"].items()
        }
        script = Script(str(data["start"]), steps)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as bad:
        raise WrongUse(
            f"this is no script: {str(bad)[:100]}", "start: NAME, steps: {NAME: {say: …, go: {…}}}"
        ) from None
    _whole(script)
    for step in steps.values():
        _in_order(step)
    return script


def spoken(script: Script) -> str:
    """All that is said in a script, for the checks."""
    return "\n".join(step.say for step in script.steps.values())


def _whole(script: Script) -> None:
    reached, left = set(), [script.start]
    while left:
        name = left.pop()
        if name not in script.steps:
            raise WrongUse(f"no step {name!r}", f"the steps are {', '.join(script.steps)}")
        if name not in reached:
            reached.add(name)
            left += script.steps[name].go.values()
    if lost := set(script.steps) - reached:
        raise WrongUse(f"nothing leads to {min(lost)!r}", "lead to it, or leave it out")


def _in_order(step: ScriptStep) -> None:
    if step.after not in AFTER:
        raise WrongUse(
            f"step {step.name}: no point {step.after!r}", "after: identified, after: verified, or nothing"
        )
    names = named(step.say)
    if unknown := [name for name in names if name not in variables()]:
        raise WrongUse(f"no variable {unknown[0]!r}", f"one of: {', '.join(variables())}")
    if step.after != "verified" and (early := TELLS & set(names)):
        raise WrongUse(
            f"step {step.name} tells of the debt ({min(early)}) before the person is verified",
            "write after: verified",
        )
