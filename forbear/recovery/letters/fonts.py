"""The fonts that letters are set in: Noto Serif CJK, whole Chinese and Latin in one family, under an open license.

Debian ships it (`fonts-noto-cjk`); nothing else on the machine is looked at, so a letter looks the same everywhere.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import typst

from forbear.basics.errors import WrongUse

FAMILIES = ("Noto Serif CJK SC", "Noto Sans CJK SC")
"""In order of liking; one that is there is enough."""
PLACES = ("/usr/share/fonts/opentype/noto", "/usr/share/fonts/noto-cjk", "/usr/share/fonts/google-noto-cjk")
SET = "FORBEAR_FONTS"
"""The environment variable that names another folder."""


def fonts() -> tuple[typst.Fonts, tuple[str, ...]]:
    """The fonts, read once, and the families among them to set text in.

    Raises:
        WrongUse: there is no Noto CJK.
    """
    return _read(os.environ.get(SET, ""))


@cache
def _read(named: str) -> tuple[typst.Fonts, tuple[str, ...]]:
    folders = [Path(place) for place in ((named,) if named else PLACES) if Path(place).is_dir()]
    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(one) for one in folders]
    )
    families = tuple(one for one in FAMILIES if one in found.families())
    if not families:
        where = named or ", ".join(PLACES)
        raise WrongUse(
            f"no Noto CJK font in {where}",
            f"install fonts-noto-cjk (Debian: apt-get install fonts-noto-cjk), or set {SET} to its folder",
        )
    return found, families[:1]
