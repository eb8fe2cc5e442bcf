"""Where answers are to be written: asked before the work, so that none is lost, and put there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forbear.basics.errors import WrongUse


def require_room(target: Path, option: str = "--out") -> None:
    """See that a file or folder can be made at a place, with the folders above it; `option` is what named it.

    Raises:
        WrongUse: the nearest folder above is none, or cannot be written.
    """
    there = next(p for p in target.resolve().parents if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise WrongUse(
            f"{target}: cannot be made: {there} is no folder that can be written", f"name another with {option}"
        )


@contextmanager
def aside_of(target: Path) -> Iterator[Path]:
    """A place beside a file to write it at; what is there when all went well takes the file's place at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".forbear-", dir=target.parent) as aside:
        made = Path(aside) / target.name
        yield made
        made.replace(target)
