"""`forbear letter`: write a letter from a file of facts, sign it, and check a signed one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forbear.basics.console import Format, answers, print_json, words
from forbear.commands.options import Output

if TYPE_CHECKING:
    from forbear.recovery.letters import Signed

group = typer.Typer(
    no_args_is_help=True,
    help="Letters as signed PDF/A: reminders, notices, certificates, statements. Facts and kinds: docs/letters.md.",
)
KeyOption = Annotated[Path | None, typer.Option("--key", help="PKCS#12 file (.p12, .pfx) to sign with.")]
PassphraseOption = Annotated[
    str, typer.Option("--passphrase", envvar="FORBEAR_SIGNING_PASSPHRASE", help="Opens the key.")
]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="letter")


@group.command("kinds")
def kinds_command(form: Output = Format.text) -> None:
    """The kinds of letters and the facts each needs."""
    from forbear.recovery.letters import kinds

    if form is Format.json:
        rows = [
            {"kind": one.name, "title": one.title, "needs": one.all_needs, "may": one.may}
            for one in kinds().values()
        ]
        print_json(rows)
        return
    for one in kinds().values():
        answers.print(f"{one.name}: {one.title['zh']}, {one.title['en']}", markup=False)
        answers.print(f"  {', '.join(one.needs)}{''.join(f' [{name}]' for name in one.may)}", markup=False)


@group.command("facts")
def facts_command(
    kind: Annotated[str, typer.Argument(help="Kind of letter, see `forbear letter kinds`.")],
    language: Annotated[str, typer.Option("--language", help="zh-CN or en.")] = "zh-CN",
) -> None:
    """Print invented facts of a letter as TOML: a file to start from.

    Example: `forbear letter facts arrears > arrears.toml`
    """
    from forbear.recovery.letters.sample import as_toml, sample_facts

    typer.echo(as_toml(sample_facts(kind, language)), nl=False)


@group.command("write")
def write_command(  # nosec B107 - empty: the key is not locked
    facts: Annotated[Path, typer.Argument(help="Facts of the letter: TOML or JSON.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The PDF; a slip with its fingerprint goes beside it.")],
    key: KeyOption = None,
    passphrase: PassphraseOption = "",
) -> None:
    """Write a letter as PDF/A-2a with embedded fonts; with --key it is signed (PAdES).

    OUT.json beside it tells kind, reference, fingerprint and signer. Exit code 2 names what is missing or wrong.
    """
    from forbear.recovery.letters import load_key, read_facts, sign, verify, write

    given = read_facts(facts)
    signer = load_key(key, passphrase) if key else None
    made = write(given, to_be_signed=signer is not None)
    pdf = sign(made.pdf, signer, made.title) if signer else made.pdf
    out.write_bytes(pdf)
    import hashlib

    slip = {
        "kind": given.kind.name,
        "language": given.language,
        "date": given.date.isoformat(),
        "reference": given.reference,
        "pdf": out.name,
        "sha256": hashlib.sha256(pdf).hexdigest(),
        "signed_by": verify(pdf).by if signer else None,
    }
    out.with_suffix(".json").write_text(json.dumps(slip, ensure_ascii=False, indent=2) + "\n", "utf-8")
    signed = f", signed by {slip['signed_by']}" if signer else ", not signed (give --key)"
    answers.print(f"{out}: {made.title}, {len(pdf):,} bytes{signed}", markup=False)


@group.command("verify")
def verify_command(
    pdf: Annotated[Path, typer.Argument(help="A signed PDF.")],
    trust: Annotated[
        list[Path] | None, typer.Option("--trust", help="Certificate (PEM or DER) that you trust; may be repeated.")
    ] = None,
    form: Output = Format.text,
) -> None:
    """Check the signature of a letter: is every byte as it was signed, and by whom.

    Exit code 0: it is as it was signed (and, with --trust, by a trusted key); 1: it is not.
    """
    from forbear.recovery.letters import verify

    found = verify(pdf.read_bytes(), [one.read_bytes() for one in trust or []])
    good = found.good and (found.trusted or not trust)
    _tell(pdf, found, form, bool(trust))
    raise typer.Exit(0 if good else 1)


def _tell(pdf: Path, found: Signed, form: Format, asked: bool) -> None:
    if form is Format.json:
        print_json({**{name: getattr(found, name) for name in found.__dataclass_fields__}, "good": found.good})
        return
    said = "as it was signed" if found.good else "NOT as it was signed"
    trusted = "trusted" if found.trusted else "not among the certificates you trust" if asked else "trust not asked"
    answers.print(f"{pdf}: {said}", markup=False)
    answers.print(f"  by {found.by} ({trusted}), {found.at}", markup=False)
    answers.print(f"  certificate {found.fingerprint}", markup=False)
    answers.print(f"  file sha256 {found.sha256}", markup=False)
    if not found.whole:
        words.print("something was added to the file after it was signed", markup=False)


@group.command("key")
def key_command(  # nosec B107 - empty: the key is not locked
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The .p12 file to make; its certificate goes beside it.")
    ],
    name: Annotated[str, typer.Option("--name", help="Whose key: stands in every signature.")],
    passphrase: PassphraseOption = "",
) -> None:
    """Make a self-signed key for trial and demo. For letters that go out, get one from an issuer your readers trust."""
    from forbear.recovery.letters import make_key
    from forbear.recovery.letters.signing import certificate_of

    out.write_bytes(make_key(name, passphrase, datetime.now(UTC)))
    out.chmod(0o600)
    certificate = out.with_suffix(".pem")
    certificate.write_bytes(certificate_of(out, passphrase))
    answers.print(f"{out}: a self-signed key of {name}; its certificate is {certificate}", markup=False)
