"""Signing messages as Standard Webhooks has it (https://www.standardwebhooks.com), so that any of its libraries verify.

The content that is signed is `id.timestamp.body`; the header `webhook-signature` holds `v1,` and the base64 of its
HMAC-SHA-256, several separated by spaces while one secret gives way to another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
BYTES = 32


def new_secret() -> str:
    """A fresh secret, as it is handed to the receiver: 256 bits in base64 behind `whsec_`."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature of a message."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def headers(secrets_in_force: Iterable[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message.

    Args:
        secrets_in_force: the newest first.
        message_id: the same at every attempt.
        timestamp: of this attempt, seconds since 1970.
        body: the bytes as they are sent.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(one, message_id, timestamp, body) for one in secrets_in_force),
    }
