"""A provider to try everything with, end to end: its page is on the desk itself, its word signed as a real one's.

It signs as `money.webhook` does, with a secret of its own that follows from the desk's. Since whoever presses its
button has "paid", it serves only a desk whose own address is this machine's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse

from forbear.desk.money.webhook import WINDOW, sign
from forbear.desk.portal.pay.base import Answer, Begun, NotGenuine, Order, Paid

LOCAL = frozenset(["localhost", "127.0.0.1", "::1", "testserver"])


def is_local() -> bool:
    """Whether the desk is reached on this machine alone."""
    return (settings.PUBLIC_URL.hostname or "") in LOCAL


class Sandbox:
    """The sandbox."""

    name = "sandbox"
    title = "Sandbox 测试支付"
    currencies = frozenset(["CNY", "USD", "EUR", "GBP", "INR", "JPY", "HKD"])

    def begin(self, order: Order) -> Begun:
        """Its page for the order."""
        return Begun(reverse("portal:sandbox", args=[order.number]), f"sandbox-{order.number}")

    def read(self, headers: Mapping[str, str], body: bytes, at: datetime) -> Paid | None:
        """A message that `told_of` made within the last minutes."""
        stamp, signature = headers.get("Forbear-Timestamp", ""), headers.get("Forbear-Signature", "")
        if not re.fullmatch(r"[0-9]{1,12}", stamp, re.ASCII):
            raise NotGenuine("the sandbox's message has no time", "sign it anew")
        fresh = abs(int(stamp) - at.timestamp()) <= WINDOW.total_seconds()
        if not hmac.compare_digest(sign(_secret(), int(stamp), body).encode(), signature.encode()) or not fresh:
            raise NotGenuine("the sandbox's signature or its time does not hold", "sign it anew")
        try:
            told = json.loads(body)
            return Paid(
                str(told["payment"]), str(told["number"]), int(told["amount"]), str(told["currency"]),
                datetime.fromisoformat(told["paid_at"]).astimezone(UTC),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError):
            raise NotGenuine("the sandbox's message is not in its form", "see docs/payment-providers.md") from None

    def ask(self, number: str, ref: str) -> Paid | None:
        """It keeps no orders: what it has to say it says at once."""
        return None

    def answer(self, taken: bool) -> Answer:
        """A word."""
        return Answer(200, "taken") if taken else Answer(503, "say it again")


def told_of(paid: Paid, at: datetime) -> tuple[dict[str, str], bytes]:
    """The headers and body by which the sandbox tells of a payment at an instant."""
    body = json.dumps(
        {
            "payment": paid.payment,
            "number": paid.number,
            "amount": paid.amount,
            "currency": paid.currency,
            "paid_at": paid.paid_at.isoformat(),
        }
    ).encode()
    stamp = int(at.timestamp())
    return {"Forbear-Timestamp": str(stamp), "Forbear-Signature": sign(_secret(), stamp, body)}, body


def _secret() -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), b"forbear.portal.sandbox", hashlib.sha256).hex().encode()
