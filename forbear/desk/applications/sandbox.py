"""A provider for trying things out: its answers are chosen by test phone numbers (`sandbox.toml`, docs/assessment.md).

Any other number gets no answer, so that a desk which is left on the sandbox by mistake approves nobody.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.desk.applications.providers import Answer, Question

TEST_NUMBER = re.compile(r"(?:\+86)?1990000([0-9]{4})")


@cache
def answers() -> dict[str, Any]:
    """`sandbox.toml`."""
    return tomllib.loads(files(__package__).joinpath("sandbox.toml").read_text("utf-8"))


class Sandbox:
    """Answers by the test number in the question's `phone`."""

    name = "sandbox"

    def ask(self, question: Question) -> Answer:
        """The documented answer of the number."""
        found = TEST_NUMBER.fullmatch(question.facts.get("phone", ""))
        told = answers()
        if found is None or found[1] not in told["numbers"]:
            return Answer(self.name, "not_a_test_number")
        facts = {**told["all_well"][question.kind], **told["numbers"][found[1]].get(question.kind, {})}
        problem = facts.pop("problem", "")
        if facts.get("state") == "no_file":
            facts = {"state": "no_file"}
        return Answer(self.name, problem, {} if problem else facts, f"sandbox-{found[1]}")
