"""Payments told by a signed webhook: who knows the secret, and says so now, books a payment once.

The sender signs `<timestamp>.<body>` with HMAC-SHA-256 and sends `Forbear-Timestamp` (seconds since 1970) and
`Forbear-Signature` (`v1=<hex>`; several, by commas, while a secret is exchanged). A timestamp further from now than the
window is refused, so an old message cannot be sent again later; within the window the event's own id is the idempotency
key, so sending it again books nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=5)
"""How far a message's timestamp may lie from now; senders retry with a fresh one."""

SHORTEST_SECRET = 32
SECRETS = "FORBEAR_WEBHOOK_SECRETS"
"""Environment variable: `sender=secret`, by commas; a sender named twice has two secrets that both hold."""


def secrets_of(sender: str) -> list[bytes]:
    """The sender's secrets that hold; too short ones hold never."""
    pairs = (pair.partition("=") for pair in os.environ.get(SECRETS, "").split(","))
    known = [secret for name, _, secret in pairs if name.strip() == sender]
    return [secret.encode() for secret in known if len(secret) >= SHORTEST_SECRET]


def sign(secret: bytes, timestamp: int, body: bytes) -> str:
    """The signature of a message, as it stands in its header."""
    return "v1=" + hmac.new(secret, b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def is_genuine(sender: str, timestamp: str, signatures: str, body: bytes, *, at: datetime) -> bool:
    """Whether the sender signed this body about now.

    Args:
        sender: the name in the address.
        timestamp: the header `Forbear-Timestamp`.
        signatures: the header `Forbear-Signature`.
        body: the bytes as they came.
        at: now.
    """
    if not re.fullmatch(r"[0-9]{1,12}", timestamp, re.ASCII):
        return False
    if abs(int(timestamp) - at.timestamp()) > WINDOW.total_seconds():
        return False
    given = [one.strip() for one in signatures.split(",")][:10]
    expected = [sign(secret, int(timestamp), body) for secret in secrets_of(sender)]
    matches = [hmac.compare_digest(a.encode("utf-8", "replace"), b.encode()) for a in given for b in expected]
    return any(matches)
