"""Data keys at work: sealing text under a borrower's key, opening it, keyed hashes and pseudonyms.

A sealed value is one byte of version, the data key's id (8 bytes), a nonce (12) and AES-256-GCM's ciphertext. What the
value is for (`personal.phone`, `notes.text`) is authenticated with it, so that a value moved to another column does
not open; one moved to another borrower is under another key. Opened keys are remembered for `REMEMBERED_SECONDS`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from forbear.basics.errors import ForbearError
from forbear.desk.privacy.master import Ring, ring
from forbear.desk.privacy.models import DataKey

VERSION = b"\x01"
NONCE = 12
KEY = 64
REMEMBERED_SECONDS = 30
"""How long a process may still open what was erased by another; also what saves a query for each note of a page."""

CURRENT = """
SELECT key_id, wrapped FROM data_keys
WHERE purpose = %s AND borrower_id IS NOT DISTINCT FROM %s AND replaced_at IS NULL AND destroyed_at IS NULL
"""
HELD = f"{CURRENT} FOR SHARE"
MAKE = (
    "INSERT INTO data_keys (purpose, borrower_id, wrapped, master) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


class Unreadable(ForbearError):
    """A sealed value cannot be opened: it was changed, or moved."""


class Erased(ForbearError):
    """A sealed value's key was destroyed."""


@dataclass(frozen=True)
class Key:
    """An opened data key."""

    key_id: int
    secret: bytes

    def seal(self, text: str, purpose: str) -> bytes:
        """Encrypt a text for a purpose; empty text stays empty, for it tells nothing."""
        if not text:
            return b""
        nonce = os.urandom(NONCE)
        head = VERSION + self.key_id.to_bytes(8, "big")
        return head + nonce + AESGCM(self.secret[:32]).encrypt(nonce, text.encode(), head + purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """Decrypt what was sealed under this key for that purpose.

        Raises:
            Unreadable: it was changed, or sealed for another purpose.
        """
        head, nonce, body = sealed[:9], sealed[9 : 9 + NONCE], sealed[9 + NONCE :]
        try:
            return AESGCM(self.secret[:32]).decrypt(nonce, body, head + purpose.encode()).decode()
        except InvalidTag:
            raise Unreadable(f"a sealed value ({purpose}, key {self.key_id}) was changed or moved") from None

    def digest(self, text: str) -> bytes:
        """A keyed hash (HMAC-SHA-256) of a text."""
        return hmac.digest(self.secret[32:], text.encode(), hashlib.sha256)

    def pseudonym(self, text: str) -> str:
        """What stands for a text of this borrower: the same for the same text, and nothing once the key is gone."""
        return f"n-{self.digest(text)[:12].hex()}"


_opened: dict[int, tuple[float, Key]] = {}


def new_secret() -> bytes:
    """The bytes of a new data key."""
    return os.urandom(KEY)


def current(purpose: str, borrower_id: str | None = None, keys: Ring | None = None) -> Key:
    """The key that encrypts now, made at first use; a borrower's is held (FOR SHARE) until the transaction ends.

    Held, no rotation replaces it while a value is being written under it.

    Raises:
        WrongUse: there are no master keys.
    """
    keys = keys or ring()
    with connection.cursor() as cursor:
        while True:
            cursor.execute(HELD if borrower_id else CURRENT, (purpose, borrower_id))
            if row := cursor.fetchone():
                return _remember(row[0], row[1], keys)
            cursor.execute(MAKE, (purpose, borrower_id, keys.wrap(new_secret()), keys.ids[0]))


def opened(key_ids: Iterable[int]) -> dict[int, Key]:
    """The keys of those ids that were not destroyed, in one query at most."""
    now, wanted = monotonic(), set(key_ids)
    found = {i: _opened[i][1] for i in wanted if i in _opened and _opened[i][0] > now}
    if missing := wanted - set(found):
        keys = ring()
        rows = DataKey.objects.filter(key_id__in=missing, wrapped__isnull=False).values_list("key_id", "wrapped")
        found |= {key_id: _remember(key_id, wrapped, keys) for key_id, wrapped in rows}
    return found


def forget(key_ids: Iterable[int] = ()) -> None:
    """Let opened keys go, all unless some are named."""
    for key_id in list(key_ids) or list(_opened):
        _opened.pop(key_id, None)


def open_sealed(sealed: bytes, purpose: str) -> str:
    """Open one sealed value.

    Raises:
        Erased: its key was destroyed.
        Unreadable: it was changed or moved.
    """
    return open_many([sealed], purpose)[0]


def open_many(sealed: Iterable[bytes], purpose: str) -> list[str]:
    """Open sealed values of one purpose, with one query for their keys.

    Raises:
        Erased, Unreadable: as `open_sealed`.
    """
    given = [bytes(one) for one in sealed]
    keys = opened(key_id_of(one) for one in given if one)
    return [_open(one, purpose, keys) for one in given]


def _open(sealed: bytes, purpose: str, keys: dict[int, Key]) -> str:
    if not sealed:
        return ""
    if sealed[:1] != VERSION:
        raise Unreadable(f"a sealed value ({purpose}) has no known form")
    key = keys.get(key_id_of(sealed))
    if key is None:
        raise Erased(f"the key of this value ({purpose}) was destroyed", "it was erased: nothing can be read")
    return key.open(sealed, purpose)


def key_id_of(sealed: bytes) -> int:
    """The id of the key that a value was sealed under."""
    return int.from_bytes(sealed[1:9], "big")


def search_hash(kind: str, normal: str, key: Key | None = None) -> bytes:
    """The keyed hash that finds a value: the same for every borrower, useless without the search key."""
    return (key or current("search")).digest(f"{kind}\0{normal}")


def seal_secret(text: str, purpose: str) -> bytes:
    """Seal a secret of the desk itself (a second factor's seed, a webhook's secret)."""
    return current("secrets").seal(text, purpose)


def _remember(key_id: int, wrapped: str, keys: Ring) -> Key:
    now = monotonic()
    held = _opened.get(key_id)
    if held and held[0] > now:
        return held[1]
    if len(_opened) > 20_000:
        _opened.clear()
    key = Key(key_id, keys.unwrap(wrapped))
    _opened[key_id] = (now + REMEMBERED_SECONDS, key)
    return key
