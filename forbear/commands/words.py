"""`forbear words`: may this be said to a borrower? Findings with place, rule, ground and a kinder wording."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forbear.basics.console import Format, answers, print_json
from forbear.basics.errors import UnreadableFile
from forbear.commands.options import Output

if TYPE_CHECKING:
    from forbear.conduct.language import Finding, Findings
    from forbear.conduct.language.files import Message

words_app = typer.Typer(no_args_is_help=True, help="Check the words of templates, scripts and messages.")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(words_app, name="words")


@words_app.command(name="check")
def check(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="Text, .csv or .jsonl (UTF-8); - reads text from standard input."),
    ],
    language: Annotated[str | None, typer.Option(help="zh or en; found out for each message if not given.")] = None,
    channel: Annotated[
        str | None, typer.Option(help="sms, email, letter, call, voicemail, app or chat, for all messages.")
    ] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="A fact on record, e.g. --fact lawyer_retained; may be repeated.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="The column with the text, in a table.")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="A text file holds one message a line.")] = False,
    output: Output = Format.text,
) -> None:
    """Look for threats, shaming, insults, false authority or consequence, disclosure and the like.

    Ends with 1 when something forbidden is found, with 0 when not; warnings are told and do not count. Example:

        echo "I will tell your boss" | forbear words check - --format json
    """
    from forbear.conduct.language import check_words
    from forbear.conduct.language.files import facts_of, messages

    given = facts_of("--fact", 1, " ".join(fact or []))
    found: list[tuple[Message, Findings]] = []
    for message in messages(file, _content(file), column=column, lines=lines):
        facts = {**given, **message.facts}
        spoken: Any = language or message.language
        found.append((message, check_words(message.text, language=spoken, channel=channel, facts=facts)))
    if output is Format.json:
        print_json(_answer(file, found))
    else:
        _tell(found)
    if any(findings.forbidden for _, findings in found):
        raise typer.Exit(1)


def _content(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as bad:
        raise UnreadableFile(f"cannot read {file}: {bad.strerror}", "name a file, or - for standard input") from bad
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        raise UnreadableFile(f"{file} is not UTF-8 (byte {bad.start})", "save it as UTF-8") from bad


def _answer(file: str, found: Iterable[tuple[Message, Findings]]) -> dict[str, Any]:
    rows = [{"row": message.row, "text": message.text, **findings.as_dict()} for message, findings in found]
    return {
        "file": file,
        "messages": len(rows),
        "forbidden": sum(row["forbidden"] for row in rows),
        "results": rows,
    }


def _tell(found: list[tuple[Message, Findings]]) -> None:
    for message, findings in found:
        for finding in findings:
            _tell_one(message.row, findings.language, finding)
    bad = sum(findings.forbidden for _, findings in found)
    answers.print(f"{len(found)} messages, {bad} forbidden", markup=False)


def _tell_one(row: int, language: str, finding: Finding) -> None:
    mark = "forbidden" if finding.severity == "forbidden" else "warning"
    answers.print(
        f"row {row}, {finding.start}-{finding.end}: {mark} {finding.rule} “{finding.text}”\n"
        f"    {finding.explanation} ({'; '.join(finding.citations)})\n"
        f"    {'可改为' if language == 'zh' else 'instead'}: {finding.kinder}",
        markup=False,
    )


@words_app.command(name="rules")
def list_rules(
    output: Output = Format.text,
) -> None:
    """List the rules of words: what each forbids, on what ground, which facts lift it, and the facts known."""
    from forbear.conduct.language import FACTS, rules

    if output is Format.json:
        print_json({"rules": [rule.model_dump() for rule in rules().values()], "facts": FACTS})
        return
    for rule in rules().values():
        lifted = f"  lifted by: {', '.join(rule.lifted_by)}" if rule.lifted_by else ""
        answers.print(f"{rule.id}  [{rule.severity}] {rule.category}{lifted}", markup=False)
        answers.print(f"    {rule.en} {rule.zh}\n    {'; '.join(rule.citations)}", markup=False)
    answers.print("\nfacts:", markup=False)
    for name, meaning in FACTS.items():
        answers.print(f"    {name}: {meaning}", markup=False)
