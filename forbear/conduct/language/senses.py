"""Groups of English words of like meaning, so that the second layer knows "knees" when it has only met "legs".

Each word belongs to a group (parts of the body, kin, officials) and to a wide one. The groups are data
(`data/senses.en.txt`), made once by `group_words.py` from public word vectors; nothing of those vectors is needed
here. A word without a group stands for itself.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

LEVELS = 2
"""Groups and wide groups."""


@cache
def senses() -> dict[str, tuple[str, ...]]:
    """The group and the wide group of each word, as short names."""
    source = files(__package__).joinpath("data/senses.en.txt").read_text("utf-8")
    known: dict[str, tuple[str, ...]] = {}
    for group, line in enumerate(line for line in source.splitlines() if not line.startswith("#")):
        wide, *words = line.split()
        known.update(dict.fromkeys(words, (str(group), wide)))
    return known
