"""Reading a strategy's text as the engine does: faults name line and key."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath

from forbear.basics.errors import WrongUse
from forbear.treatment.strategy import ReadStrategy, read_strategy_text

FOLDER = "FORBEAR_STRATEGY_FILES"
"""Environment variable: the folder of `own_actions` and `values` that texts on the desk may name."""
PLACE = "the strategy"
LONGEST = 100_000
"""Characters of a text."""


def read_text(text: str) -> ReadStrategy:
    """A text as the engine reads it.

    Raises:
        UnreadableFile: it is no strategy; says line and key.
        WrongUse: it is too long, or names a file outside of the folder.
    """
    if len(text) > LONGEST:
        raise WrongUse(f"the text has {len(text):,} characters, at most {LONGEST:,}", "leave comments out")
    folder = os.environ.get(FOLDER, "")
    if not folder:
        return _alone(text)
    _refuse_elsewhere(text)
    return read_strategy_text(text, PLACE, Path(folder))


@lru_cache(maxsize=64)
def _alone(text: str) -> ReadStrategy:
    """A text that names no files: always read the same."""
    return read_strategy_text(text, PLACE)


def _refuse_elsewhere(text: str) -> None:
    """Refuse files outside of the folder, before anything of them is read."""
    with suppress(tomllib.TOMLDecodeError):
        told = tomllib.loads(text)
        for key in ("own_actions", "values"):
            named = PurePosixPath(str(told.get(key, "")))
            if named.is_absolute() or ".." in named.parts:
                raise WrongUse(f"{PLACE}, {key}: {str(named)!r} lies elsewhere", f"put it into {FOLDER}")
