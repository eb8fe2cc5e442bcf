"""The evidence of a suit as the desk has it: claim by day, letters, contacts with proof, the ledger's entries.

Contract and proof of disbursal lie with the lender: they come along as files and are not kept here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.basics.money import to_major
from forbear.desk.contact.models import Attempt
from forbear.desk.ledger.reading import history
from forbear.desk.letters.models import Letter
from forbear.desk.litigation.claims import claim_now
from forbear.desk.litigation.models import Suit
from forbear.desk.privacy.reaching import addresses_of
from forbear.desk.record.models import Contact
from forbear.desk.record.zones import zone_of
from forbear.recovery.letters import kind
from forbear.recovery.litigation import Bundle, make_bundle

TITLES = {
    "zh": {"claim": "诉讼请求金额计算表（逐日）", "ledger": "账户往来明细", "contacts": "催收联系记录及送达凭证"},
    "en": {
        "claim": "Claim by day",
        "ledger": "Entries of the account",
        "contacts": "Contacts with proof of arrival",
    },
}
SAFE = re.compile(r"[^\w.\-（）()一-鿿 ]")
MOST_FILES, MOST_BYTES = 30, 8_000_000


def bundle_of(
    suit: Suit, given: Sequence[tuple[str, bytes]], where: Path, at: datetime, language: str = "zh"
) -> Bundle:
    """The bundle of a suit in a folder of `where`.

    Args:
        suit: whose.
        given: files that come along, by name: contract, proof of disbursal, identity.
        where: an empty folder.
        at: now.
        language: of index and titles, zh or en.

    Raises:
        WrongUse: too many or too large files, or one of a kind that cannot be bundled.
        UnreadableFile: one is broken.
    """
    if len(given) > MOST_FILES or sum(len(raw) for _name, raw in given) > MOST_BYTES:
        raise WrongUse(_("too many or too large files"), f"{MOST_FILES}, {MOST_BYTES:,} bytes")
    source = where / "exhibits"
    source.mkdir()
    today = at.astimezone(zone_of(suit.borrower_id)).date()
    titles: dict[str, str] = {}
    for number, (name, raw) in enumerate(given, start=1):
        safe = f"1{number:02} {SAFE.sub('_', Path(name).name)[-80:]}"
        (source / safe).write_bytes(raw)
        titles[safe] = Path(name).stem
    titles |= _own(suit, source, today, language)
    return make_bundle(
        source,
        where / "bundle",
        title=f"{settings.LENDER['name']} / {suit.loan_id}",
        on=today,
        about=_about(suit, language),
        titles=titles,
        language=language,
    )


def _about(suit: Suit, language: str) -> list[str]:
    found = addresses_of([suit.borrower_id], "name").get(suit.borrower_id)
    name = found.value if found else suit.borrower_id
    if language == "zh":
        return [f"原告：{settings.LENDER['name']}", f"被告：{name}", f"借款合同：{suit.loan_id}"]
    return [f"Plaintiff: {settings.LENDER['name']}", f"Defendant: {name}", f"Loan contract: {suit.loan_id}"]


def _own(suit: Suit, source: Path, today: date, language: str) -> dict[str, str]:
    titles = TITLES[language]
    made = {
        "201 claim.csv": (titles["claim"], _claim(suit, today)),
        "202 ledger.csv": (titles["ledger"], _ledger(suit)),
        "203 contacts.csv": (titles["contacts"], _contacts(suit)),
    }
    for name, (_title, rows) in made.items():
        with (source / name).open("w", newline="", encoding="utf-8") as opened:
            csv.writer(opened).writerows(rows)
    found = {name: title for name, (title, _rows) in made.items()}
    for number, letter in enumerate(Letter.objects.filter(loan_id=suit.loan_id).order_by("written_at"), start=1):
        try:
            raw = letter.document()
        except AnswerIsNo:
            continue  # erased: its fingerprint alone is left
        name = f"3{number:02} {letter.reference}.pdf"
        (source / name).write_bytes(raw)
        found[name] = kind(letter.kind).title[language]
    return found


def _claim(suit: Suit, today: date) -> list[list[Any]]:
    claim = claim_now(suit.loan, today)
    currency = suit.loan.currency
    head: list[list[Any]] = [["as_of", today], ["cap", f"{float(claim.cap.annual):.4f}", claim.cap.source]]
    parts: list[list[Any]] = [[name, to_major(amount, currency)] for name, amount in claim.parts.items()]
    cut: list[list[Any]] = [[f"left out: {n}", to_major(a, currency)] for n, a in claim.cut.items() if a]
    days = [[one.on, to_major(one.base, currency), to_major(one.amount, currency)] for one in claim.days]
    total: list[list[Any]] = [["total", to_major(claim.total, currency)]]
    return [*head, *parts, *total, *cut, ["day", "overdue_principal", "penalty"], *days]


def _ledger(suit: Suit) -> list[list[Any]]:
    currency = suit.loan.currency
    rows = [
        [act.entry_id, act.effective_on, act.kind, to_major(act.amount, currency), act.reverses or ""]
        for act in history(suit.loan_id).acts
    ]
    return [["entry", "effective_on", "kind", "amount", "reverses"], *rows]


def _contacts(suit: Suit) -> list[list[Any]]:
    """Contacts about the loan with what proves them: the provider's receipts."""
    zone = zone_of(suit.borrower_id)
    proofs: dict[str, list[str]] = {}
    attempts = Attempt.objects.filter(planned__borrower_id=suit.borrower_id).prefetch_related("receipts")
    for attempt in attempts:
        proofs[attempt.pk] = [
            f"{one.result} {one.at or one.received_at:%Y-%m-%d %H:%M}Z {one.key}" for one in attempt.receipts.all()
        ]
    rows = []
    for one in Contact.objects.filter(borrower_id=suit.borrower_id).order_by("at"):
        if one.loan_id and suit.loan_id not in one.loan_id.split("|"):
            continue
        when = one.at.astimezone(zone).isoformat(timespec="minutes")
        rows.append([one.pk, when, one.channel, one.direction, one.result or "", "; ".join(proofs.get(one.pk, []))])
    return [["contact", "at", "channel", "direction", "result", "proof"], *rows]
