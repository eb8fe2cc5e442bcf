"""The desk's words in other languages: taken from the code and the pages, kept in one catalog, compiled.

`python -m forbear.desk.translating` brings `locale/zh_Hans/LC_MESSAGES/django.po` up to date and writes the `.mo`
beside it; it names what still waits for a translation and ends with 1 while anything does. Django's own command for
this needs GNU gettext on the machine; this one needs Babel alone. It does not guess: a text that changed waits anew.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

DESK = Path(__file__).parent
LOCALE = "zh_Hans"
PO = DESK / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
FLAGS = {"python-format", "python-brace-format"}
WIDTH = 110
MADE = datetime(2026, 11, 27, tzinfo=UTC)
"""Stands in the header, always the same: the catalog changes only where a text does."""


def extracted() -> Catalog:
    """Every text of the desk that is shown in the reader's language, with the files it stands in."""
    found = Catalog(LOCALE, project="Forbear", creation_date=MADE, revision_date=MADE, fuzzy=False)
    for file in sorted([*DESK.rglob("*.py"), *DESK.rglob("templates/**/*.html")]):
        place = file.relative_to(DESK).as_posix()
        for line, message, comments, context in _texts(file):
            found.add(message, locations=[(place, line)], auto_comments=comments, context=context)
    return found


def kept() -> Catalog:
    """The catalog as it is kept."""
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE)


def renewed(old: Catalog) -> Catalog:
    """The texts as they are now with the translations that `old` has; what is no longer said is dropped."""
    now = extracted()
    for message in now:
        known = old.get(message.id, message.context) if message.id else None
        if known is not None and not known.fuzzy:
            message.string = known.string
    return now


def waiting(catalog: Catalog) -> list[str]:
    """Texts without a translation, or with an uncertain one, or whose translation breaks a placeholder."""
    bad = {message.id for message, _ in catalog.check()}
    return [str(m.id) for m in catalog if m.id and (m.fuzzy or m.id in bad or not _whole(m.string))]


def as_po(catalog: Catalog) -> bytes:
    """The catalog as text for translators."""
    made = io.BytesIO()
    write_po(made, catalog, width=WIDTH, include_lineno=False, sort_output=True)
    return made.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """The catalog as Django reads it."""
    made = io.BytesIO()
    write_mo(made, catalog)
    return made.getvalue()


def _texts(file: Path) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    text = file.read_text("utf-8")
    if file.suffix == ".html":
        from django.utils.translation.template import templatize

        # What stands between the texts comes out as rows of X; indented they would not be Python to the reader.
        text = "\n".join(line.strip() for line in str(templatize(text)).splitlines())
    yield from extract("python", io.BytesIO(text.encode()), KEYWORDS, ("Translators:",))


def _whole(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) and (isinstance(string, str) or all(string or ()))


def main() -> int:
    """Bring the kept files up to date; 1 while something waits for its translation."""
    from django.conf import settings

    if not settings.configured:
        settings.configure()
    catalog = renewed(kept() if PO.is_file() else Catalog(LOCALE))
    PO.write_bytes(as_po(catalog))
    PO.with_suffix(".mo").write_bytes(as_mo(catalog))
    missing = waiting(catalog)
    for text in missing:
        sys.stdout.write(f"no translation: {text!r}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
