"""The studies that the simulator's effects rest on, and the rule that every effect names its study or its assumption.

`evidence.yaml` holds one row a study; `parameters.yaml` every number of the behavior, each with a source: a study's
id, `assumed`, or `calibrated` (docs/simulate.md). Reading refuses a number without one, a study that nobody knows, a
study that was not seen, and a refused one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forbear.basics.errors import WrongUse

HERE = Path(__file__).parent
STUDIES_FILE = HERE / "evidence.yaml"
PARAMETERS_FILE = HERE / "parameters.yaml"
OF_OUR_OWN = ("assumed", "calibrated", "definition")
"""Sources that are no study: a guess said to be one, a fit to a real book, or a matter of definition."""


class Study(BaseModel):
    """One row of evidence.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    study: str
    population: str
    treatment: str
    outcome: str
    effect: str
    interval: str
    source: str
    seen: Literal["yes", "partly", "no"]
    permitted: bool
    why_refused: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _refusals_are_explained(self) -> Study:
        if not self.permitted and not self.why_refused:
            raise ValueError(f"study {self.id} is refused and does not say why")
        return self


class Parameter(BaseModel):
    """One number of the behavior.

    Attributes:
        value: the number.
        unit: what it counts.
        source: `assumed`, `calibrated`, `definition`, or a study's id.
        why: how the number comes from its source, or why it was assumed so.
        uses_refused: the study is refused as an act, yet its other finding is used; says which.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    unit: str
    source: str
    why: Annotated[str, Field(min_length=3)]
    uses_refused: str = ""


class Parameters:
    """All numbers by dotted name, such as `human_call.push`; worlds and trials make copies with other values."""

    def __init__(self, entries: dict[str, Parameter]) -> None:
        self.entries = entries
        self._values = {name: entry.value for name, entry in entries.items()}

    def __getitem__(self, name: str) -> float:
        """The value of that name."""
        try:
            return self._values[name]
        except KeyError as error:
            raise WrongUse(f"no parameter {name!r}", f"see {PARAMETERS_FILE}") from error

    def __contains__(self, name: str) -> bool:
        """Whether there is a number of that name."""
        return name in self._values

    def get(self, name: str, default: float) -> float:
        """The value of that name, or the default where there is no such number."""
        return self._values.get(name, default)

    def with_values(self, values: dict[str, float]) -> Parameters:
        """A copy in which the named numbers differ.

        Raises:
            WrongUse: a name is unknown.
        """
        for name in values:
            self[name]
        changed = {n: self.entries[n].model_copy(update={"value": float(v)}) for n, v in values.items()}
        return Parameters({**self.entries, **changed})

    def values(self) -> dict[str, float]:
        """Every number by name."""
        return dict(self._values)


@cache
def studies() -> dict[str, Study]:
    """The rows of evidence.yaml by id."""
    rows = [Study(**row) for row in yaml.safe_load(STUDIES_FILE.read_text(encoding="utf-8"))["studies"]]
    found = {row.id: row for row in rows}
    if len(found) != len(rows):
        raise WrongUse(f"{STUDIES_FILE}: two studies have the same id")
    return found


@cache
def parameters() -> Parameters:
    """The shipped numbers, each traced to its source.

    Raises:
        WrongUse: a number has no source, or one that is unknown, unseen or refused.
    """
    raw = yaml.safe_load(PARAMETERS_FILE.read_text(encoding="utf-8"))
    return read_parameters(raw)


def read_parameters(raw: dict[str, Any]) -> Parameters:
    """The numbers of a parsed parameters.yaml; raises as `parameters`."""
    entries = {}
    for group, rows in raw.items():
        for name, row in rows.items():
            key = f"{group}.{name}"
            try:
                entry = Parameter(**row)
            except (ValidationError, TypeError) as error:
                raise WrongUse(f"{PARAMETERS_FILE}: {key}: {error}") from error
            _check_source(key, entry)
            entries[key] = entry
    return Parameters(entries)


def _check_source(key: str, entry: Parameter) -> None:
    if entry.source in OF_OUR_OWN:
        return
    study = studies().get(entry.source)
    if study is None:
        raise WrongUse(f"{key}: no study {entry.source!r} in evidence.yaml", "name a study, or say `assumed`")
    if study.seen == "no":
        raise WrongUse(f"{key}: study {study.id} was not seen", "say `assumed`")
    if not study.permitted and not entry.uses_refused:
        raise WrongUse(f"{key}: study {study.id} is refused: {study.why_refused}")
