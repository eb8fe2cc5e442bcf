"""The report's words in Chinese and English: `texts/<language>.toml`, looked up by key.

Both languages have the same keys; a test holds them to it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from forbear.basics.errors import WrongUse

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, eq=False)
class Texts:
    """Words of one language."""

    language: str
    entries: dict[str, Any]

    def __call__(self, key: str, **values: object) -> str:
        """The text at `key` (dotted), with `{name}` places filled."""
        found: Any = self.entries
        for part in key.split("."):
            found = found[part]
        return str(found).format(**values) if values else str(found)

    def word(self, group: str, code: object) -> str:
        """The word for a code of the book, or the code itself when it is the lender's own."""
        return str(self.entries["words"][group].get(str(code), code))

    def meanings(self, section: str) -> dict[str, dict[str, str]]:
        """Terms of a section: key to {name, means}."""
        return dict(self.entries[section].get("terms", {}))


@cache
def texts(language: str) -> Texts:
    """The words of `language`.

    Raises:
        WrongUse: there is no such language.
    """
    if language not in LANGUAGES:
        raise WrongUse(f"there is no report in {language!r}", f"choose one of {', '.join(LANGUAGES)}")
    path = Path(__file__).parent / "texts" / f"{language}.toml"
    return Texts(language, tomllib.loads(path.read_text(encoding="utf-8")))
