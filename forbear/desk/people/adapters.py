"""Who may come in: users whom an administrator made; nobody signs up, not even through an identity provider.

An identity provider signs in the user who has its `sub` as `oidc_subject`. Nobody is matched by e-mail or by name: who
controls a mailbox or picks a name elsewhere gains nothing here.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from forbear.desk.people.models import User
from forbear.desk.people.roles import Role


class NoSignUp(DefaultAccountAdapter):
    """Accounts are made by an administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class KnownPeopleOnly(DefaultSocialAccountAdapter):
    """An identity provider signs in users who are connected to it; it makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Never."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Connect the provider's account to the user who is known by its subject; nobody connects one herself.

        Raises:
            PermissionDenied: someone who is signed in tries to add an account of hers.
        """
        if sociallogin.state.get("process") == "connect":
            raise PermissionDenied("an administrator says who you are at the identity provider")
        if sociallogin.is_existing:
            return
        user = User.objects.filter(oidc_subject=sociallogin.account.uid, is_active=True).first()
        if user is not None and user.role != Role.SERVICE:
            sociallogin.connect(request, user)


class SealedFactors(DefaultMFAAdapter):
    """The seeds of second factors are kept sealed, as personal data is."""

    def encrypt(self, text: str) -> str:
        """Seal a seed."""
        from forbear.desk.privacy.keys import seal_secret

        return b64encode(seal_secret(text, "second factor")).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a seed."""
        from forbear.desk.privacy.keys import open_sealed

        return open_sealed(b64decode(encrypted_text), "second factor")
