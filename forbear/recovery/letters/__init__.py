"""Letters: facts in, a PDF out that a borrower can read, a court can keep and anyone can check.

    facts = read_facts(Path("arrears.toml"))
    made = write(facts)                        # Letter: .pdf, .sha256, .text
    signed = sign(made.pdf, key)               # PAdES, by the lender's own key
    verify(signed)                             # intact, by whom, whether trusted

What a letter says is data (`kinds/*.toml`), what it may name is data (`fields.toml`), how it looks is `letter.typ`.
Every sum is checked against its parts; a missing fact, a missing glyph or a forbidden word is an error that names it.
Where the facts come from is not known here: a file, or the desk's ledger.
"""

from forbear.recovery.letters.facts import LetterFacts, letter_facts, read_facts
from forbear.recovery.letters.kinds import Kind, kind, kinds
from forbear.recovery.letters.signing import Key, Signed, load_key, make_key, sign, verify
from forbear.recovery.letters.writing import Letter, plain_letter, write

__all__ = [
    "Key",
    "Kind",
    "Letter",
    "LetterFacts",
    "Signed",
    "kind",
    "kinds",
    "letter_facts",
    "load_key",
    "make_key",
    "plain_letter",
    "read_facts",
    "sign",
    "verify",
    "write",
]
