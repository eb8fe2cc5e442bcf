"""Who paid, as bank files tell it: hashes that find a payer, masks, and a value in the clear with a reason, logged.

A receipt's texts stand sealed in its own row (`SealedText`): under the key of receipts while it belongs to nobody, then
under the borrower's, so that erasing her takes them too. The key of receipts is exchanged every `KEY_LASTS`, and an old
one is destroyed with what stands under it once the texts are due (`privacy/retention.toml`, `[receipts]`).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.desk.people.rights import allowed
from forbear.desk.privacy.checking import HAN, normal
from forbear.desk.privacy.fields import FIELDS, REASONS
from forbear.desk.privacy.keys import Key, search_hash
from forbear.desk.privacy.masking import HIDDEN, mask
from forbear.desk.privacy.showing import told_of_reveal

SHOWN = {"payer_name": "name", "payer_account": "account", "text": "text"}
"""The sealed fields of a receipt, and what they are."""
REVEAL = "receipts.reveal"


def name_hash(name: str, key: Key) -> bytes | None:
    """The keyed hash by which a payer's name is found; the same as of a borrower's. None: no name."""
    try:
        return search_hash("name", normal("name", name), key) if name else None
    except WrongUse:
        return None


def account_hash(account: str, key: Key) -> bytes | None:
    """The keyed hash by which an account is found again; None for none, or one that the bank has masked."""
    bare = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", account)).upper()
    return search_hash("account", bare, key) if bare and "*" not in bare else None


def contact_hashes(account: str, key: Key) -> list[bytes]:
    """What an account may be besides: wallets name the payer by phone or e-mail address."""
    found = []
    for field in ("phone", "email"):
        try:
            found.append(search_hash(FIELDS[field].kind, normal(field, account), key))
        except WrongUse:
            continue
    return found


def masked_payer(field: str, value: str) -> str:
    """A receipt's text as it is shown by default."""
    if not value:
        return ""
    if field == "payer_name":
        return mask("name", value)
    if field == "payer_account":
        return f"{HIDDEN}{value[-4:]}" if len(value) > 8 else HIDDEN
    return (value[:2] if HAN.search(value) else value[:1]) + HIDDEN


def reveal_payer(user: Any, receipt: Any, field: str, reason: str, at: datetime) -> str:
    """One text of a receipt in the clear, after right, reason and the hour's count are checked; logged first.

    Raises:
        WrongUse: no such field or reason, or nothing stands there.
        PermissionDenied: the user may not.
        TooMany: as `showing.reveal`.
    """
    from django.core.exceptions import PermissionDenied

    if not allowed(user, REVEAL):
        raise PermissionDenied(REVEAL)
    if field not in SHOWN:
        raise WrongUse(f"a receipt has no {field!r}", f"one of: {', '.join(SHOWN)}")
    if reason not in REASONS:
        raise WrongUse(f"no reason {reason!r}", f"one of: {', '.join(REASONS)}")
    if not receipt.__dict__.get(field):
        raise WrongUse(f"the bank told no {field} of this receipt", "see what is masked")
    told_of_reveal(user, f"receipt:{receipt.pk}", {"field": field, "reason": reason}, at)
    return str(getattr(receipt, field))
