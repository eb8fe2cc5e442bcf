"""Writing a letter: the words of its kind filled with its facts, checked, and set as a PDF/A-2a with embedded fonts.

PDF/A-2a carries tags (it can be read aloud), the Unicode of every glyph (it can be searched) and all its fonts. The
same facts give the same bytes. A character that the font does not have is refused by name, never left out or boxed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import typst
from babel.dates import format_date
from babel.numbers import format_percent

from forbear.basics.errors import ForbearError, WrongUse
from forbear.basics.money import shown
from forbear.conduct.language import check_words
from forbear.conduct.language.reading import Language
from forbear.recovery.letters.facts import LetterFacts
from forbear.recovery.letters.fonts import fonts
from forbear.recovery.letters.kinds import TABLES, columns, fields, items, named_in

STANDARD: Any = "a-2a"
LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB"}
SIGN_HERE = {"zh": "签名或盖章、日期", "en": "signature or seal, day"}
REFERENCE = {"zh": "编号", "en": "Reference"}
LAWYER = {"zh": "执业证号", "en": "License"}
NOTE = {
    "zh": "本函为电子文件，带数字签名；可用常见的 PDF 阅读器查看签名，或用 forbear letter verify 核验。",
    "en": "This is an electronic document with a digital signature; see it in any PDF reader, or check it with "
    "forbear letter verify.",
}
_UNSEEN = re.compile(r"text `\"(?P<text>.*?)\"` could not be displayed", re.DOTALL)


class MissingGlyph(WrongUse):
    """A character that no glyph of the letter's font shows."""


@dataclass(frozen=True)
class Letter:
    """A letter that was written.

    Args:
        pdf: its bytes, not yet signed.
        title: what it is called.
        text: all that it says, for a check of words and for search.
    """

    pdf: bytes
    title: str
    text: str

    @property
    def sha256(self) -> str:
        """The fingerprint of its bytes."""
        return hashlib.sha256(self.pdf).hexdigest()


def write(facts: LetterFacts, *, to_be_signed: bool = True) -> Letter:
    """Write a letter from its facts.

    Args:
        facts: checked facts.
        to_be_signed: say at the foot that it carries a digital signature.

    Raises:
        MissingGlyph: a character of it has no glyph; names the character.
        WrongUse: the check of words forbids a passage, or the fonts are not installed.
    """
    language = facts.language
    words = worded(facts)
    blocks: list[dict[str, Any]] = []
    said: list[str] = []
    for line in facts.kind.text[language]:
        if made := _block(line, facts, words):
            blocks.append(made)
            said += [made["p"]] if "p" in made else []
    text = "\n".join(said)
    _refuse_forbidden(text, facts)
    lawyer = facts.kind.sender == "law_firm"
    own = ("law_firm", "law_firm_address") if lawyer else ("lender_name", "lender_address", "lender_phone")
    given = {
        "sender": [str(facts.values[name]) for name in own],
        "to": [facts.values["borrower_name"], facts.values["borrower_address"]],
        "title": facts.kind.title[language],
        "blocks": blocks,
        "note": NOTE[language] if to_be_signed else "",
    }
    pdf = made_pdf(given, language, facts.date, facts.reference)
    return Letter(pdf, facts.kind.title[language], f"{facts.kind.title[language]}\n{text}")


def said_lines(facts: LetterFacts, name: str) -> tuple[str, list[tuple[str, Any]]]:
    """What a letter would say, for a look at it: its title and its lines, a paragraph (`p`) or a table each.

    Args:
        facts: checked facts.
        name: said in the place of the borrower's name.

    Raises:
        WrongUse: the check of words forbids a passage.
    """
    words = {**worded(facts), "borrower_name": name}
    blocks = [made for line in facts.kind.text[facts.language] if (made := _block(line, facts, words))]
    _refuse_forbidden("\n".join(one["p"] for one in blocks if "p" in one), facts)
    lines = [("p", one["p"]) if "p" in one else ("table", one) for one in blocks if "p" in one or "rows" in one]
    return facts.kind.title[facts.language], lines


def plain_letter(
    sender: Sequence[str], to: Sequence[str], subject: str, lines: Sequence[str], language: str, on: date, ref: str
) -> Letter:
    """A letter of plain paragraphs, as templates of messages make them; its words were checked when they were made."""
    blocks = [{"p": line} for line in lines]
    given = {"sender": list(sender), "to": list(to), "title": subject, "blocks": blocks, "note": ""}
    return Letter(made_pdf(given, language, on, ref), subject, "\n".join([subject, *lines]))


def made_pdf(given: Mapping[str, Any], language: str, on: date, reference: str) -> bytes:
    """A document of blocks set by `letter.typ`.

    Raises:
        MissingGlyph: a character of it has no glyph.
    """
    book, families = fonts()
    whole = {
        **given,
        "language": language,
        "region": "CN" if language == "zh" else "GB",
        "fonts": list(families),
        "date": said_day(on, language),
        "day": {"year": on.year, "month": on.month, "day": on.day},
        "reference": f"{REFERENCE[language]} {reference}",
        "sign_here": SIGN_HERE[language],
    }
    data = json.dumps(whole, ensure_ascii=False)
    compiler = typst.Compiler(_template(), font_paths=book, ignore_system_fonts=True)
    try:
        made = compiler.compile(
            format="pdf",
            sys_inputs={"given": data},
            pdf_standards=[STANDARD],
            timestamp=datetime(on.year, on.month, on.day, tzinfo=UTC),
        )
    except typst.TypstError as wrong:
        raise not_set(wrong, whole) from None
    assert isinstance(made, bytes)
    return made


def said_day(day: date, language: str) -> str:
    """A day as a letter in a language writes it."""
    return str(format_date(day, "long", locale=LOCALES[language]))


def worded(facts: LetterFacts) -> dict[str, str]:
    """Every fact that is no table as the letter's language writes it."""
    return {
        name: _said(fields()[name].type, value, facts)
        for name, value in facts.values.items()
        if fields()[name].type != "rows"
    }


def _said(kind: str, value: Any, facts: LetterFacts) -> str:
    match kind:
        case "money":
            return shown(value, facts.currency, facts.language)
        case "day":
            return said_day(value, facts.language)
        case "rate":
            return str(format_percent(value, format="#,##0.####%", locale=LOCALES[facts.language]))
        case "item":
            return items()[value][facts.language]
    return str(value)


def _block(line: str, facts: LetterFacts, words: Mapping[str, str]) -> dict[str, Any] | None:
    if line.startswith("@"):
        name = line[1:]
        if name in TABLES:
            return _table(name, facts)
        return {"close" if name == "sender" else "sign": _signers(name, facts)}
    if line.startswith("?"):
        name, _, line = line[1:].partition(":")
        if not facts.values.get(name):
            return None
    return {"p": line.format(**{name: words[name] for name in named_in(line)})}


def _table(name: str, facts: LetterFacts) -> dict[str, Any]:
    wanted, language = columns(name), facts.language
    rows = [[_cell(one.type, row[one.name], facts) for one in wanted] for row in facts.rows(name)]
    total = facts.kind.total if name != "movements" else ""
    if total:
        rows.append(_total_row(name, facts))
    return {
        "head": [one.words[language] for one in wanted],
        "rows": rows,
        "figures": [one.type in ("money", "count") for one in wanted],
        "widths": ["wide" if one.wide else "auto" for one in wanted],
        "total": bool(total),
    }


def _cell(kind: str, value: Any, facts: LetterFacts) -> str:
    if kind == "day":
        return str(value.isoformat())
    return _said(kind, value, facts)


def _total_row(name: str, facts: LetterFacts) -> list[str]:
    wanted = columns(name)
    sums = {one.name: sum(row[one.name] for row in facts.rows(name)) for one in wanted if one.type == "money"}
    word = items()["total"][facts.language]
    return [
        _said("money", sums[one.name], facts) if one.name in sums else word if number == 0 else ""
        for number, one in enumerate(wanted)
    ]


def _signers(name: str, facts: LetterFacts) -> list[list[str]]:
    values, language = facts.values, facts.language
    day = said_day(facts.date, language)
    if name == "sign_lawyer":
        return [[values["law_firm"], values["lawyer_name"], f"{LAWYER[language]} {values['lawyer_license']}", day]]
    lender = [values["lender_name"], day]
    return [lender, [values["borrower_name"], ""]] if name == "sign_both" else [lender]


def _refuse_forbidden(text: str, facts: LetterFacts) -> None:
    """Check the letter, and each fact that people wrote by itself: kind words around a threat do not soften it."""
    known = {"identified_elsewhere": True}  # the head of the letter says who writes
    spoken: Language = "zh" if facts.language == "zh" else "en"
    own = [value for name, value in facts.values.items() if fields()[name].type == "text"]
    for place, one in enumerate((text, *own)):
        found = check_words(one, language=spoken, channel="letter", facts=known)
        # A name or an address alone is too little for the wording as a whole to tell anything: there patterns count.
        against = [
            x for x in found if x.severity == "forbidden" and (place == 0 or not x.rule.startswith("words.hint."))
        ]
        if against:
            raise WrongUse(
                f"the check of words forbids {against[0].text!r} in this letter ({against[0].rule})",
                f"{against[0].explanation}; change the fact or the text of {facts.kind.name}",
            )


def not_set(wrong: typst.TypstError, whole: Mapping[str, Any]) -> ForbearError:
    """What typst refused, in words: first of all a character without a glyph."""
    found = _UNSEEN.search(f"{wrong.message}")
    if found is None:
        return ForbearError(f"this cannot be set: {wrong.message}", "; ".join(wrong.hints))
    char = found["text"][:1]
    place = next((name for name, value in whole.items() if char in json.dumps(value, ensure_ascii=False)), "text")
    return MissingGlyph(
        f"the font has no glyph for {char!r} (U+{ord(char):04X}) in its {place}, near {found['text'][:20]!r}",
        "write the character in another form, or set FORBEAR_FONTS to a folder with a Noto CJK that has it",
    )


@cache
def _template() -> bytes:
    return files(__package__).joinpath("letter.typ").read_bytes()
