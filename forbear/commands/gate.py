"""`forbear gate`: ask the gate, list and explain its rules, run their worked examples."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forbear.basics.console import Format, answers, print_json, words
from forbear.commands.options import Output

if TYPE_CHECKING:
    from forbear.conduct import Pack, Packs, Rule, Verdict

group = typer.Typer(
    no_args_is_help=True,
    help="The gate: may this be done, now, to this borrower, and by which rule. Files and packs: docs/gate.md.",
)


class _Language(StrEnum):
    zh = "zh"
    en = "en"


class _RulesForm(StrEnum):
    text = "text"
    json = "json"
    markdown = "markdown"


class _FactsForm(StrEnum):
    markdown = "markdown"
    json = "json"


PackOption = Annotated[
    list[str] | None,
    typer.Option("--pack", "-p", help="Pack by name or folder; may be repeated. Default: cn-lender."),
]
ShippedPackOption = Annotated[
    list[str] | None,
    typer.Option("--pack", "-p", help="Pack by name or folder; may be repeated. Default: every shipped pack."),
]
UsPackOption = Annotated[
    list[str] | None, typer.Option("--pack", "-p", help="Pack by name or folder; may be repeated. Default: us.")
]
FormatOption = Output
Language = Annotated[_Language, typer.Option("--language", help="Language of the answer.")]
At = Annotated[str | None, typer.Option("--at", help="Instant with its zone, 2026-06-30T21:59:00+08:00.")]
File = Path | None
DEFAULT_PACKS = ("cn-lender",)
NAMED_RESULTS = 10
Rows = list[dict[str, Any]]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="gate")


def _packs(named: list[str] | None) -> Packs:
    from forbear.conduct import load_packs

    return load_packs(named or DEFAULT_PACKS)


def _rows(path: File) -> Rows:
    from forbear.conduct.tables import read_rows

    return read_rows(path) if path else []


def _instant(at: str | None) -> datetime | None:
    from forbear.conduct.situation import instant

    return instant(at, "--at") if at else None


@group.command("judge")
def judge_command(
    acts: Annotated[Path, typer.Option("--acts", help="Proposed acts: CSV, JSON, JSON lines or Parquet.")],
    history: Annotated[File, typer.Option("--history", help="Past contacts.")] = None,
    facts: Annotated[File, typer.Option("--facts", help="Facts of borrowers, long or wide.")] = None,
    pack: PackOption = None,
    at: At = None,
    as_then: Annotated[
        bool, typer.Option("--as-then", help="Judge past acts as on their day: later contacts are left out.")
    ] = False,
    form: FormatOption = Format.text,
) -> None:
    """Judge acts: allowed, deferred until when, or denied, and by which rules.

    Exit code 0 when all are allowed, 1 when any is not.
    """
    from forbear.conduct import judge

    proposed, known, packs = _rows(acts), _rows(facts), _packs(pack)
    files = (str(acts), str(history), str(facts))
    past = _rows(history)
    verdicts = judge(proposed, past, _instant(at), packs, facts=known, as_then=as_then, sources=files)
    _tell_doubts(proposed, known, past, packs)
    _show(verdicts, form, packs)
    raise typer.Exit(0 if all(v.allowed for v in verdicts) else 1)


def _tell_doubts(acts: Rows, facts: Rows, history: Rows, packs: Packs) -> None:
    """Say what in the tables may be meant otherwise than the gate reads it."""
    _tell_senders(acts, packs)
    _tell_unread(acts, facts, packs)
    _tell_results(history)


def _tell_senders(acts: Rows, packs: Packs) -> None:
    """Say which acts were taken for the lender's own, where most rules bind agencies alone, as Regulation F does."""
    silent = sum(not (act.get("sender") or act.get("actor")) for act in acts)
    agencies = sum(rule.actor == "agency" for _, rule in packs.rules)
    if silent and 2 * agencies > len(packs.rules):
        own = "judged as the lender's own"
        words.print(f"acts that name no sender: {silent}, {own}; {agencies} rules bind agencies alone")


def _tell_unread(acts: Rows, facts: Rows, packs: Packs) -> None:
    """Name facts and columns that no rule reads, as one misspelt would be, and agreements without their beginning."""
    from forbear.conduct.asked import undated, unread

    for name, alike in unread(acts, facts, packs).items():
        words.print(f"no rule of these packs reads {name}{f'; is {alike} meant?' if alike else ''}", markup=False)
    for name in undated(facts, packs):
        words.print(f"{name} without its since lifts nothing: say when it began", markup=False)


def _tell_results(history: Rows) -> None:
    """Name results of contacts that the gate does not know: each counts as everything a contact can be."""
    from forbear.conduct.asked import unknown_results

    for result, times in list(unknown_results(history).items())[:NAMED_RESULTS]:
        told = f"with the result {result!r}, which is not known" if result else "without a result"
        words.print(f"contacts {told}: {times}, each counted as a conversation too", markup=False)


def _show(verdicts: list[Verdict], form: Format, packs: Packs) -> None:
    from forbear.conduct.explaining import read_strictly
    from forbear.conduct.rules import citation

    if form is Format.json:
        print_json([v.to_json() for v in verdicts])
        return
    unseen = {rule.id for _, rule in packs.rules if read_strictly(rule)}
    for verdict in verdicts:
        until = f" until {verdict.until.isoformat()}" if verdict.until else ""
        answers.print(f"{verdict.act_id}  {verdict.act.channel}  {verdict.answer}{until}", markup=False)
        for said in verdict.against:
            unverified = " (unverified)" if said.rule_id in unseen else ""
            cited = citation(said.instrument, said.article)
            answers.print(f"    {said.rule_id}: {said.reason} [{cited}]{unverified}", markup=False)


@group.command("next")
def next_command(
    borrower: Annotated[str, typer.Option("--borrower", help="The borrower.")],
    channel: Annotated[str, typer.Option("--channel", help="call, sms, email, letter ...")],
    at: Annotated[str | None, typer.Option("--at", help="From when on, with its zone; now if not given.")] = None,
    history: Annotated[File, typer.Option("--history", help="Past contacts.")] = None,
    facts: Annotated[File, typer.Option("--facts", help="Facts of borrowers, long or wide.")] = None,
    pack: PackOption = None,
    sender: Annotated[str | None, typer.Option("--sender", help="Who acts; the lender if not given.")] = None,
    party: Annotated[str, typer.Option("--party", help="Who is addressed: borrower, spouse, guarantor ...")] = "",
    loan: Annotated[str, typer.Option("--loan", help="The debt or debts, A|B.")] = "",
    number: Annotated[str, typer.Option("--number", help="The number or address used.")] = "",
    act_fact: Annotated[list[str] | None, typer.Option("--fact", help="A fact of the act, name=value.")] = None,
    form: FormatOption = Format.text,
) -> None:
    """Tell the next lawful instant for a contact."""
    from forbear.conduct import judge

    act: dict[str, Any] = dict(_named(pair) for pair in act_fact or [])
    act |= {"borrower_id": borrower, "channel": channel, "sender": sender or "", "loan_id": loan, "number": number}
    act |= {"party": party} if party else {}
    since, packs = _instant(at) or datetime.now(UTC).replace(microsecond=0), _packs(pack)
    known, past, files = _rows(facts), _rows(history), ("the act", str(history), str(facts))
    verdict = judge([act], past, since, packs, facts=known, sources=files)[0]
    _tell_doubts([act], known, past, packs)
    if form is Format.json:
        print_json(verdict.to_json())
    elif verdict.allowed:
        answers.print(verdict.act.at.isoformat())
    elif verdict.until:
        answers.print(verdict.until.isoformat())
    else:
        _show([verdict], form, packs)
    raise typer.Exit(1 if verdict.answer.value == "denied" else 0)


def _named(pair: str) -> tuple[str, str]:
    from forbear.basics.errors import WrongUse

    name, equals, value = pair.partition("=")
    if not name or not equals:
        raise WrongUse(f"--fact: '{pair}' has no value", "write name=value, such as recorded=true")
    return name, value


@group.command("rules")
def rules_command(
    pack: ShippedPackOption = None,
    language: Language = _Language.en,
    form: Annotated[
        _RulesForm, typer.Option("--format", help="text for people, json for programs, markdown for a page.")
    ] = _RulesForm.text,
) -> None:
    """List what the gate enforces, with citations. Without --pack: every shipped pack."""
    from forbear.conduct import load_packs, shipped_names
    from forbear.conduct.explaining import read_strictly
    from forbear.conduct.rules import citation

    stack = load_packs(pack or shipped_names())
    if form is _RulesForm.json:
        print_json([_told(p, rule) for p, rule in stack.rules])
    elif form is _RulesForm.markdown:
        answers.print(_markdown(stack, language), markup=False)
    else:
        for p, rule in stack.rules:
            mark = "  unverified" if read_strictly(rule) else ""
            title = getattr(rule.title, language, rule.title.en)
            cited = citation(rule.instrument, rule.article)
            answers.print(f"{p.name:10} {rule.id:16} {title}  [{cited}; {rule.force}]{mark}", markup=False)


def _told(pack: Pack, rule: Rule) -> dict[str, Any]:
    from forbear.conduct.judge import plain

    said = rule.model_dump(mode="json", by_alias=True, exclude={"examples", "parameters"})
    said["parameters"] = [plain(p.model_dump(by_alias=True)) for p in rule.parameters]
    return {"pack": pack.name, **said, "version": rule.version, "verified": rule.verified}


def _markdown(stack: Packs, language: str) -> str:
    from forbear.conduct.rules import citation

    lines = ["| rule | what | instrument, article | in force from | force | verified |", "| --- " * 6 + "|"]
    for _, rule in stack.rules:
        title = getattr(rule.title, language, rule.title.en)
        cited = citation(rule.instrument, rule.article)
        verified = "yes" if rule.verified else rule.confidence
        lines.append(f"| {rule.id} | {title} | {cited} | {rule.in_force.from_} | {rule.force} | {verified} |")
    return "\n".join(lines)


@group.command("explain")
def explain_command(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="The rule's id.")],
    pack: ShippedPackOption = None,
    language: Language = _Language.en,
    form: FormatOption = Format.text,
) -> None:
    """Explain one rule: what it says, where it stands, since when, how sure we are."""
    from forbear.conduct import load_packs, shipped_names
    from forbear.conduct.explaining import explained

    own, rule = load_packs(pack or shipped_names()).rule(rule_id)
    if form is Format.json:
        print_json(_told(own, rule))
        return
    answers.print(explained(rule, language), markup=False)


@group.command("facts")
def facts_command(
    pack: ShippedPackOption = None,
    form: Annotated[
        _FactsForm, typer.Option("--format", help="markdown for a page, json for programs.")
    ] = _FactsForm.markdown,
) -> None:
    """List the facts that the rules ask for, and what happens without them. Without --pack: every shipped pack."""
    from forbear.conduct import asked, load_packs, shipped_names

    packs = load_packs(pack or shipped_names()).packs
    if form is _FactsForm.json:
        print_json([{"pack": p.name, **vars(line)} for p in packs for line in asked.lines(p)])
    else:
        typer.echo(asked.page(packs), nl=False)


@group.command("test")
def run_command(
    pack: ShippedPackOption = None,
    form: FormatOption = Format.text,
) -> None:
    """Run the worked examples of all packs, or of those named; exit code 1 when one fails."""
    from forbear.conduct import load_packs, shipped_names
    from forbear.conduct.examples import run_examples

    outcomes = list(run_examples(load_packs(pack or shipped_names())))
    failed = [o for o in outcomes if not o.passed]
    if form is Format.json:
        print_json([vars(o) for o in outcomes])
    else:
        for o in failed:
            answers.print(
                f"FAILED {o.rule_id} {o.name}: expected {o.expected}, got {o.got}; {o.reason}", markup=False
            )
        words.print(f"{len(outcomes) - len(failed)} of {len(outcomes)} examples hold")
    raise typer.Exit(1 if failed else 0)


@group.command("examples")
def examples_command(
    file: Annotated[Path, typer.Argument(help="JSON: worked examples on Regulation F.")],
    pack: UsPackOption = None,
    form: FormatOption = Format.text,
) -> None:
    """Put worked examples on Regulation F to the gate; exit code 1 when one comes out otherwise than it says."""
    from forbear.conduct import load_packs
    from forbear.conduct.regf import check_all, read_examples

    checked = list(check_all(read_examples(file), load_packs(pack or ("us",))))
    failed = [c for c in checked if not c.passed]
    if form is Format.json:
        print_json([{**vars(c), "passed": c.passed} for c in checked])
    else:
        for c in failed:
            if c.fault:
                answers.print(f"FAILED {c.example}: cannot be read: {c.fault}", markup=False)
            for name in (*c.differs, *c.unknown):
                said = f"expected {c.expected[name]}, got {c.got.get(name, 'no answer to such a question')}"
                answers.print(f"FAILED {c.example} {name}: {said}", markup=False)
        words.print(f"{len(checked) - len(failed)} of {len(checked)} examples come out as they say")
    raise typer.Exit(1 if failed else 0)
