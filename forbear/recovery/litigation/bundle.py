"""The evidence bundle: one PDF with an index, a page before each exhibit and bookmarks; a folder with a hash list.

Exhibits are the files of a folder, in the order of their names: PDF, pictures (PNG, JPEG) and plain text or CSV. Each
lies in the folder as it came, byte for byte, and its SHA-256 stands in the index of the PDF and in `SHA256SUMS`, which
`sha256sum -c` checks too. A file of another kind is refused by name: what a court cannot open is no evidence.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst

from forbear.basics.errors import AnswerIsNo, UnreadableFile, WrongUse
from forbear.recovery.letters.fonts import fonts
from forbear.recovery.letters.writing import not_set, said_day

PICTURES = {".png": b"\x89PNG", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}
TEXTS = (".txt", ".csv", ".json", ".toml", ".md")
LIST = "SHA256SUMS"
WHOLE = "bundle.pdf"
STANDARD: Any = "a-2u"
"""Of the pages set here: every character has a glyph and its Unicode. Exhibits that came as PDF stay what they are."""
MOST_TEXT = 2_000_000
"""Bytes of a text that is set as pages; a longer one belongs into a PDF."""
TITLES = {
    "zh": {
        "index": "证据目录",
        "no": "编号",
        "name": "证据名称",
        "pages": "页数",
        "first": "起始页",
        "hash": "SHA-256",
        "exhibit": "证据",
    },
    "en": {
        "index": "List of exhibits",
        "no": "No.",
        "name": "Exhibit",
        "pages": "Pages",
        "first": "From",
        "hash": "SHA-256",
        "exhibit": "Exhibit",
    },
}


@dataclass(frozen=True)
class Exhibit:
    """One exhibit: its number, what it is called, its file, its hash, its pages within the whole (from 1)."""

    number: int
    title: str
    file: str
    sha256: str
    pages: int
    first_page: int


@dataclass(frozen=True)
class Bundle:
    """A bundle that was made."""

    folder: Path
    exhibits: tuple[Exhibit, ...]
    sha256: str
    pages: int


def make_bundle(
    source: Path,
    out: Path,
    *,
    title: str,
    on: date,
    about: Sequence[str] = (),
    titles: Mapping[str, str] | None = None,
    language: str = "zh",
) -> Bundle:
    """Make the bundle of all files in a folder.

    Args:
        source: the exhibits' folder; folders within it are not looked into.
        out: the folder to make; must not be there.
        title: of the whole, such as the case.
        on: the day it is made.
        about: lines under the title: parties, court, what is claimed.
        titles: what each file is called in the index; by default its name.
        language: zh or en.

    Raises:
        WrongUse: there is nothing in it, the output is there, or a file is of a kind that cannot be bundled.
        UnreadableFile: an exhibit is broken or protected by a password.
    """
    found = sorted(one for one in source.iterdir() if one.is_file() and not one.name.startswith("."))
    if not found:
        raise WrongUse(f"{source}: no file to bundle", "put contract, disbursal, statement, contacts into it")
    if out.exists():
        raise WrongUse(f"{out} is there already", "name a folder that is not")
    made = [_readable(one, language) for one in found]
    names = {one.name: (titles or {}).get(one.name, one.stem) for one in found}
    exhibits, index = _indexed(found, made, names, title, on, about, language)
    whole = _joined(index, exhibits, made, title, language)
    pages = _pages_of(whole, WHOLE)
    out.mkdir(parents=True)
    for one in found:
        shutil.copyfile(one, out / one.name)
    (out / WHOLE).write_bytes(whole)
    sums = {**{one.file: one.sha256 for one in exhibits}, WHOLE: hashlib.sha256(whole).hexdigest()}
    (out / LIST).write_text("".join(f"{value}  {name}\n" for name, value in sums.items()), "utf-8")
    return Bundle(out, exhibits, sums[WHOLE], pages)


def check_bundle(folder: Path) -> int:
    """Check every file of a bundle against its hash list; how many there are.

    Raises:
        UnreadableFile: there is no list, or a line of it is none.
        AnswerIsNo: a file is missing, was changed, or is not in the list; names it.
    """
    try:
        rows = [line.split("  ", 1) for line in (folder / LIST).read_text("utf-8").splitlines() if line]
        wanted = {name: value for value, name in rows}
    except (OSError, ValueError):
        raise UnreadableFile(f"{folder / LIST}: no readable hash list", "name the folder of a bundle") from None
    there = {one.name for one in folder.iterdir() if one.is_file()} - {LIST}
    if odd := sorted(there ^ set(wanted)):
        raise AnswerIsNo(f"{odd[0]} is {'missing' if odd[0] in wanted else 'not in the list'}")
    for name, value in wanted.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != value:
            raise AnswerIsNo(f"{name} is not as it was bundled")
    return len(wanted)


def _readable(file: Path, language: str) -> bytes:
    """An exhibit as PDF pages."""
    raw, kind = file.read_bytes(), file.suffix.lower()
    if file.name in (LIST, WHOLE):
        raise WrongUse(f"{file.name} is what a bundle itself is called", "take it out of the folder")
    if kind == ".pdf":
        _pages_of(raw, file.name)
        return raw
    if kind in PICTURES:
        if not raw.startswith(PICTURES[kind]):
            raise UnreadableFile(f"{file.name}: is no {kind[1:]} picture", "save it again")
        return _set({"kind": "picture", "format": "png" if kind == ".png" else "jpg"}, language, raw)
    if kind in TEXTS:
        if len(raw) > MOST_TEXT:
            raise WrongUse(f"{file.name}: {len(raw):,} bytes of text", f"at most {MOST_TEXT:,}; make it a PDF")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UnreadableFile(f"{file.name}: is no UTF-8 text", "save it as UTF-8 or as a PDF") from None
        return _set({"kind": "text", "lines": text.splitlines()}, language)
    known = ", ".join(("pdf", *(one[1:] for one in (*PICTURES, *TEXTS))))
    raise WrongUse(f"{file.name}: a file of this kind cannot be bundled", f"one of: {known}")


def _pages_of(raw: bytes, name: str) -> int:
    from pypdf import PdfReader  # slow to load, and the models of the desk come by here
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(raw), strict=False)
        if reader.is_encrypted:
            raise UnreadableFile(f"{name}: is protected by a password", "save it without one")
        return len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise UnreadableFile(f"{name}: is no readable PDF ({type(wrong).__name__})", "print it anew") from None


def _indexed(
    found: Sequence[Path],
    made: Sequence[bytes],
    names: Mapping[str, str],
    title: str,
    on: date,
    about: Sequence[str],
    language: str,
) -> tuple[tuple[Exhibit, ...], bytes]:
    """The exhibits with the pages they have once the index stands before them, and the index."""
    index_pages = 1
    while True:  # the index knows its own length only once it is set
        first, exhibits = index_pages + 1, []
        for number, (file, pdf) in enumerate(zip(found, made, strict=True), start=1):
            pages = _pages_of(pdf, file.name) + 1  # the page before it
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            exhibits.append(Exhibit(number, names[file.name], file.name, digest, pages, first))
            first += pages
        words = TITLES[language]
        given = {
            "kind": "index",
            "title": title,
            "heading": words["index"],
            "date": said_day(on, language),
            "about": list(about),
            "head": [words[name] for name in ("no", "name", "first", "pages", "hash")],
            "rows": [
                [str(x.number), f"{x.title}\n{x.file}", str(x.first_page), str(x.pages), _halves(x.sha256)]
                for x in exhibits
            ],
        }
        index = _set(given, language)
        pages = _pages_of(index, "index")
        if pages == index_pages:
            return tuple(exhibits), index
        index_pages = pages


def _halves(digest: str) -> str:
    return f"{digest[:32]}\n{digest[32:]}"


def _joined(index: bytes, exhibits: Sequence[Exhibit], made: Sequence[bytes], title: str, language: str) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.append(io.BytesIO(index), import_outline=False)
    for one, pdf in zip(exhibits, made, strict=True):
        given = {
            "kind": "cover",
            "number": f"{TITLES[language]['exhibit']} {one.number}",
            "title": one.title,
            "file": one.file,
            "sha256": one.sha256,
        }
        writer.append(io.BytesIO(_set(given, language)), import_outline=False)
        writer.append(io.BytesIO(pdf), import_outline=False)
        writer.add_outline_item(title=f"{one.number} {one.title}", page_number=one.first_page - 1)
    writer.add_metadata({"/Title": title, "/Producer": "Forbear"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _set(given: Mapping[str, Any], language: str, picture: bytes | None = None) -> bytes:
    book, families = fonts()
    data = {
        "title": "",
        **given,
        "language": language,
        "region": "CN" if language == "zh" else "GB",
        "fonts": list(families),
    }
    inputs = {"given": json.dumps(data, ensure_ascii=False)}
    if picture is not None:
        inputs["picture"] = json.dumps(list(picture))
    compiler = typst.Compiler(_template(), font_paths=book, ignore_system_fonts=True)
    try:
        made = compiler.compile(
            format="pdf", sys_inputs=inputs, pdf_standards=[STANDARD], timestamp=datetime(2000, 1, 1, tzinfo=UTC)
        )
    except typst.TypstError as wrong:
        raise not_set(wrong, data) from None
    assert isinstance(made, bytes)
    return made


@cache
def _template() -> bytes:
    return files(__package__).joinpath("bundle.typ").read_bytes()
