"""Writing a letter at the desk: facts from the ledger, the gate's leave, the lender's signature, the archive.

Where two people must agree (a plan, an assignment, a lawyer's letter), one proposes and another approves; the letter is
written at the approval, from the ledger as it stands then, and only if its sums are those that were proposed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import Verdict
from forbear.desk.audit.log import record
from forbear.desk.letters.facts import facts_of, known_kind
from forbear.desk.letters.gating import closed_by, verdicts_of
from forbear.desk.letters.models import Letter
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval, User
from forbear.desk.people.rights import allowed
from forbear.desk.record.models import Borrower, Loan
from forbear.desk.record.zones import zone_of
from forbear.recovery.letters import Key, LetterFacts, load_key, sign, write
from forbear.recovery.letters.kinds import Kind, fields

WRITE, APPROVE, KIND = "letters.write", "letters.approve", "letters.write"
LANGUAGES = ("zh-CN", "en")


class Wanted(BaseModel):
    """A letter that is wanted: words and days that people add; the sums it would state, for the approval."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    loan_id: str = Field(max_length=200)
    language: str
    words: list[str] = Field(default_factory=list, max_length=30)
    sums: dict[str, int] = Field(default_factory=dict)

    @property
    def given(self) -> dict[str, str]:
        """What people added, by fact; each of `words` is `fact=value`."""
        return dict(one.split("=", 1) for one in self.words if "=" in one)


@dataclass(frozen=True)
class Drafted:
    """A letter as it would be written now.

    Args:
        facts: from the ledger.
        verdicts: the gate's, by act.
        against: those that keep it from being written.
    """

    loan: Loan
    facts: LetterFacts
    verdicts: Mapping[str, Verdict]
    against: list[Verdict]

    @property
    def kind(self) -> Kind:
        """What letter it is."""
        return self.facts.kind


def draft(wanted: Wanted, at: datetime) -> Drafted:
    """A letter as it would be written now; nothing is kept.

    Raises:
        AnswerIsNo: there is no such letter for the loan as it stands.
        WrongUse: a fact is missing, or there is no such loan, kind or language.
    """
    made = known_kind(wanted.kind)
    if wanted.language not in LANGUAGES:
        raise WrongUse(_("no such language"), ", ".join(LANGUAGES))
    loan = Loan.objects.filter(pk=wanted.loan_id).first()
    if loan is None:
        raise WrongUse(_("there is no such loan"))
    facts = facts_of(made, loan, wanted.language, today_of(loan, at), _reference(at), wanted.given)
    verdicts = verdicts_of(made, loan, at)
    return Drafted(loan, facts, verdicts, closed_by(made, verdicts))


def today_of(loan: Loan, at: datetime) -> date:
    """The day where the borrower is."""
    return at.astimezone(zone_of(loan.borrower_id)).date()


def ask_for(user: User, wanted: Wanted, at: datetime) -> Letter | Approval:
    """Write a letter, or propose it where another must approve.

    Raises:
        PermissionDenied: the user may not write letters.
        AnswerIsNo: the gate does not allow it now, or there is no such letter for the loan.
        WrongUse: as `draft`.
    """
    if not allowed(user, WRITE):
        raise PermissionDenied(WRITE)
    drafted = draft(wanted, at)
    _refuse_closed(drafted)
    if not drafted.kind.approval:
        return _archived(user, None, drafted, at)
    signing_key()  # without one the approval would fail
    asked = wanted.model_copy(update={"sums": sums_of(drafted.facts)})
    subject = f"loan:{wanted.loan_id}"
    waiting = Approval.objects.filter(kind=KIND, subject=subject, state="proposed", expires_at__gt=at)
    if any(one.payload["kind"] == wanted.kind for one in waiting):
        raise AnswerIsNo(_("such a letter waits for a second person already"), _("let it be decided first"))
    return propose(user, KIND, asked, subject, at)


def write_approved(wanted: Wanted, proposer: User, approver: User, at: datetime) -> Letter:
    """Write a letter that two people want, if its sums are those that were proposed.

    Raises:
        AnswerIsNo: they are not any more, or the gate does not allow it now.
    """
    drafted = draft(wanted, at)
    _refuse_closed(drafted)
    if sums_of(drafted.facts) != wanted.sums:
        raise AnswerIsNo(_("the sums of this letter have changed since it was proposed"), _("propose it anew"))
    return _archived(proposer, approver, drafted, at)


def sums_of(facts: LetterFacts) -> dict[str, int]:
    """The sums that a letter states, minor units."""
    return {name: value for name, value in facts.values.items() if fields()[name].type == "money"}


def signing_key() -> Key:
    """The lender's key.

    Raises:
        WrongUse: none is set.
        UnreadableFile: it cannot be opened.
    """
    file = settings.SIGNING["key"]
    if not file:
        raise WrongUse(
            _("letters are signed, and no key is set"), "FORBEAR_SIGNING_KEY: a PKCS#12 file (docs/letters.md)"
        )
    written = Path(file).stat().st_mtime_ns if Path(file).exists() else 0
    return _key(file, settings.SIGNING["passphrase"], written)


@lru_cache(maxsize=1)
def _key(file: str, passphrase: str, _written: int) -> Key:
    return load_key(Path(file), passphrase)


def _refuse_closed(drafted: Drafted) -> None:
    if drafted.against:
        rules = ", ".join(sorted({one.rule_id for verdict in drafted.against for one in verdict.against}))
        raise AnswerIsNo(_("the gate does not allow this letter now: %(rules)s") % {"rules": rules})


def _archived(user: User, approver: User | None, drafted: Drafted, at: datetime) -> Letter:
    """Set, sign and keep a letter."""
    facts, loan = drafted.facts, drafted.loan
    key = signing_key()
    made = write(facts)
    pdf = sign(made.pdf, key, made.title)
    with transaction.atomic():
        Borrower.objects.select_for_update(no_key=True).get(pk=loan.borrower_id)
        row = Letter.objects.create(
            letter_id=uuid4().hex,
            borrower_id=loan.borrower_id,
            loan=loan,
            kind=facts.kind.name,
            language=facts.language,
            reference=facts.reference,
            as_of=facts.date,
            sums=sums_of(facts),
            currency=facts.currency,
            sha256=sha256(pdf).hexdigest(),
            signed_by=key.name,
            verdicts={act: _kept(verdict) for act, verdict in drafted.verdicts.items()},
            written_at=at,
            by=user,
            approved_by=approver,
            pdf=b64encode(pdf).decode(),
        )
        told = {"letter": row.pk, "kind": row.kind, "sha256": row.sha256, "reference": row.reference}
        record(user, "letter.written", f"borrower:{loan.borrower_id}", loan=loan.pk, **told)
    return row


def _kept(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is kept: the answer, which rules in which version, what stood against it."""
    return {
        "answer": str(verdict.answer),
        "until": verdict.until.isoformat() if verdict.until else None,
        "rules": [f"{one.pack}/{one.rule_id}:{one.version}" for one in verdict.answers],
        "against": [one.rule_id for one in verdict.against],
    }


def _reference(at: datetime) -> str:
    """A name for a letter that no other has."""
    return f"{at:%Y%m%d}-{uuid4().hex[:10].upper()}"
