"""Where answers are to be written: asked before the work, so that none is lost."""

from __future__ import annotations

import os
from pathlib import Path

from forbear.basics.errors import WrongUse


def require_room(target: Path) -> None:
    """See that a file or folder can be made at a place, with the folders above it.

    Raises:
        WrongUse: the nearest folder above is none, or cannot be written.
    """
    there = next(p for p in target.resolve().parents if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise WrongUse(
            f"{target}: cannot be made: {there} is no folder that can be written", "name another with --out"
        )
