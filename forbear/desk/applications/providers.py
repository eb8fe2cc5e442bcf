"""Asking others about an applicant: one interface, whoever answers. A provider that does not answer is an answer too.

| asked | facts sent | facts in the answer |
| --- | --- | --- |
| `identity` | name, identity_number, phone, liveness | each of the four: passed, failed, unsure |
| `bureau` | the first three | state (answered, no_file) and the fields of `applied.Bureau` |
| `multi_lender` | the same | lenders, applications_30d |

Which provider is asked stands in the environment (`FORBEAR_PROVIDER_IDENTITY` and so on): `sandbox`, or an address.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from forbear.basics.errors import WrongUse

KINDS = ("identity", "bureau", "multi_lender")
VARIABLE = "FORBEAR_PROVIDER_{}"
SECRET = "FORBEAR_PROVIDER_SECRET"  # noqa: S105 - the name of a variable
SECONDS = "FORBEAR_PROVIDER_SECONDS"
DEFAULT_SECONDS = 5.0
SHORTEST_SECRET = 32


@dataclass(frozen=True)
class Question:
    """What is asked: its kind, a name of its own (asking again with it is the same question), and facts."""

    kind: str
    reference: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        provider: who was asked.
        problem: why there is no answer: none_set, no_consent, timeout, unreachable, refused, garbled,
            not_a_test_number; empty where there is one.
        facts: of the answer.
        reference: the provider's own name for it.
    """

    provider: str
    problem: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""


class Provider(Protocol):
    """Somebody who answers questions. Never raises: what goes wrong is the answer's `problem`."""

    name: str

    def ask(self, question: Question) -> Answer:
        """The answer, within the time that is set."""


class NoProvider:
    """Stands where none is set: nothing is asked, so nothing is passed."""

    name = ""

    def ask(self, question: Question) -> Answer:
        """No answer."""
        return Answer("", "none_set")


def provider_of(kind: str) -> Provider:
    """The provider that is set for a kind of question.

    Raises:
        WrongUse: no such kind, or the setting is neither `sandbox` nor an address with its secret.
    """
    if kind not in KINDS:
        raise WrongUse(f"no kind of question {kind!r}", f"one of: {', '.join(KINDS)}")
    variable = VARIABLE.format(kind.upper())
    told = os.environ.get(variable, "").strip()
    if not told:
        return NoProvider()
    if told == "sandbox":
        from forbear.desk.applications.sandbox import Sandbox

        return Sandbox()
    from forbear.desk.applications.over_http import OverHttp

    secret = os.environ.get(SECRET, "")
    if len(secret) < SHORTEST_SECRET:
        raise WrongUse(
            f"{SECRET} is shorter than {SHORTEST_SECRET} characters", f"set it: {variable} is an address"
        )
    return OverHttp(told, secret.encode(), float(os.environ.get(SECONDS) or DEFAULT_SECONDS))
