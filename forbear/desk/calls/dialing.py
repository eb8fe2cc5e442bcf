"""Click to dial: a call that the gate allowed goes to the lender's dialer by a signed POST; no agent sees a number.

The dialer gets the contact's id, which is also its idempotency key, the agent's user name and the number; it rings the
agent, then the borrower. The address is `FORBEAR_DIALER_URL`; the body is signed with HMAC-SHA-256 under
`FORBEAR_DIALER_SECRET` in `X-Forbear-Signature: t=SECONDS,v1=HEX`, over `SECONDS.BODY`, as the desk's webhooks are.
What the dialer does not take or does not answer is told to the agent and never sent again for the same call.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.desk.audit.log import record
from forbear.desk.calls.models import Sheet
from forbear.desk.privacy.reaching import addresses_of
from forbear.desk.record.models import Contact

SECONDS = 5
"""The dialer answers within so long, or it is not known whether it dials."""
BY_HAND = "not_set"


@dataclass(frozen=True)
class Handed:
    """What the dialer said: accepted, refused, unknown (it may dial), or not_set (there is no dialer)."""

    said: str
    dial_id: str = ""


def dial(user: Any, contact_id: str, at: datetime) -> Handed:
    """Hand a call of the user's to the dialer, once.

    Raises:
        WrongUse: there is no such open call of hers, it was handed over before, or no number is known.
    """
    if not settings.DIALER["url"]:
        return Handed(BY_HAND)
    with transaction.atomic():
        sheet = Sheet.objects.select_for_update(of=("self",)).filter(pk=contact_id, contact__by=user).first()
        contact = Contact.objects.filter(pk=contact_id, by=user, result__isnull=True).first()
        if sheet is None or contact is None:
            raise WrongUse(_("there is no such open call of yours"), _("ask leave first"))
        if sheet.dialed_at is not None:
            raise WrongUse(_("this call was dialed already"), _("record how it went"))
        address = addresses_of([contact.borrower_id], "phone").get(contact.borrower_id)
        if address is None:
            raise WrongUse(_("no phone number is known"), _("record that the call could not be made"))
        Contact.objects.filter(pk=contact_id).update(number=address.pseudonym)
        sheet.dialed_at, sheet.dial_said = at, "unknown"  # written before: a crash never dials twice
        sheet.save(update_fields=["dialed_at", "dial_said"])
        record(user, "call.dialed", f"borrower:{contact.borrower_id}", contact=contact_id)
    handed = _post(body_of(contact_id, user.get_username(), address.value), at)
    Sheet.objects.filter(pk=contact_id).update(dial_said=handed.said, dial_id=handed.dial_id)
    return handed


def body_of(contact_id: str, agent: str, number: str) -> bytes:
    """What is posted."""
    return json.dumps({"call_id": contact_id, "agent": agent, "number": number}, separators=(",", ":")).encode()


def signature(body: bytes, seconds: int, secret: str) -> str:
    """The header that proves who posts, and when."""
    digest = hmac.digest(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hex()
    return f"t={seconds},v1={digest}"


def _post(body: bytes, at: datetime) -> Handed:
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": json.loads(body)["call_id"],
        "X-Forbear-Signature": signature(body, int(at.timestamp()), settings.DIALER["secret"]),
    }
    request = urllib.request.Request(settings.DIALER["url"], body, headers)  # noqa: S310 - the lender's own address
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return Handed("accepted", _dial_id(answer.read(10_000)))
    except urllib.error.HTTPError as refused:
        return Handed("refused" if refused.code < 500 else "unknown")
    except OSError:
        return Handed("unknown")


def _dial_id(said: bytes) -> str:
    try:
        told = json.loads(said)
    except ValueError:
        return ""
    return str(told.get("dial_id", ""))[:100] if isinstance(told, dict) else ""
