"""Links to the borrower's pages: signed, for one purpose, for a time; a link for one purpose opens no other.

A link names the borrower by a signed token (Django's signing, the purpose is the salt), so that nothing is kept for it.
Whoever holds the link still shows that she is the borrower before anything of her debt is shown (`landing`).
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

LASTS = {"see": timedelta(days=14), "stop": timedelta(days=90), "dispute": timedelta(days=30)}
"""Purposes of links and how long each holds; a stop must still work when the message is long read."""


def link(purpose: str, borrower_id: str) -> str:
    """The whole address of a link.

    Raises:
        KeyError: no such purpose.
    """
    if purpose == "page":  # her own page: a link with a mark of its own, that opens for one device
        from forbear.desk.portal.links import make

        return make(borrower_id)
    assert purpose in LASTS, purpose
    token = signing.dumps(borrower_id, salt=f"forbear.link.{purpose}")
    path = reverse("wording:landing", kwargs={"purpose": purpose, "token": token})
    return f"{settings.PUBLIC_URL.scheme}://{settings.PUBLIC_URL.netloc}{path}"


def borrower_of(purpose: str, token: str) -> str | None:
    """Whose link it is; None: it was not made here, is for another purpose, or has expired."""
    if purpose not in LASTS:
        return None
    try:
        told = signing.loads(token, salt=f"forbear.link.{purpose}", max_age=LASTS[purpose])
    except signing.BadSignature:
        return None
    return told if isinstance(told, str) else None
