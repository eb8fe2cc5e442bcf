"""Users, agencies, approvals by two people, tokens of programs.

A user has one role, and where the role sees only its own (an agency, a funder, a borrower) the name of what is hers;
the database refuses such a user without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from forbear.desk.fields import Id, one_of
from forbear.desk.people.roles import Role


class Agency(models.Model):
    """A company with which cases are placed."""

    agency_id = Id(primary_key=True)
    name = models.TextField()

    class Meta:
        db_table = "agencies"
        verbose_name_plural = "agencies"

    def __str__(self) -> str:
        return str(self.name)


class Users(UserManager):
    """The users; one made by Django's own command is an administrator."""

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **more: Any
    ) -> User:
        """Make an administrator."""
        more.setdefault("role", Role.ADMINISTRATOR)
        return super().create_superuser(username, email, password, **more)


class User(AbstractUser):
    """Someone who signs in, or a program that calls the API (role `service`)."""

    first_name = None
    last_name = None
    display_name = models.TextField(_("display name"), blank=True, default="")
    role = models.TextField(_("role"), choices=Role)
    language = models.TextField(
        _("language"), blank=True, default="", choices=[("zh-hans", "中文"), ("en", "English")]
    )
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="users")
    funder_id = Id(null=True, blank=True)
    borrower_id = Id(null=True, blank=True)
    queues = ArrayField(
        models.TextField(), null=True, blank=True, help_text="queues an agent works on; null: every queue"
    )
    oidc_subject = models.TextField(
        null=True, blank=True, unique=True, help_text="the identity provider's `sub` of this user"
    )
    session_epoch = models.IntegerField(default=0, db_default=0, help_text="raised, it ends all sessions")

    objects = Users()
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        constraints = (
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=(~models.Q(role="agency") | models.Q(agency__isnull=False))
                & (~models.Q(role="funder") | models.Q(funder_id__isnull=False))
                & (~models.Q(role="borrower") | models.Q(borrower_id__isnull=False)),
                name="user_role_has_its_own",
            ),
        )

    def __str__(self) -> str:
        return str(self.display_name or self.username)

    def get_full_name(self) -> str:
        """The name that colleagues see."""
        return str(self)

    get_short_name = get_full_name

    def get_session_auth_hash(self) -> str:
        """What a session must carry to be hers still: changes with the password and with `session_epoch`."""
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under the secret keys that were in use before."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | None) -> str:
        told = f"{self.password}:{self.session_epoch}"
        return str(salted_hmac("forbear.session", told, secret=secret, algorithm="sha256").hexdigest())


class Approval(models.Model):
    """Something that two people do: one proposes, another approves, and it is done in the approving transaction."""

    approval_id = models.UUIDField(primary_key=True, default=uuid4)
    kind = models.TextField()
    payload = models.JSONField(help_text="what is to be done, without personal data")
    subject = models.TextField(help_text="kind and identity, such as loan:L1")
    state = models.TextField(default="proposed", db_default="proposed")
    proposed_by = models.ForeignKey("people.User", models.PROTECT, db_index=False, related_name="+")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey("people.User", models.PROTECT, null=True, db_index=False, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(default="", db_default="", help_text="why it was refused")
    result = models.JSONField(null=True, help_text="what doing it gave")

    class Meta:
        db_table = "approvals"
        indexes = (
            models.Index(fields=["expires_at"], name="approvals_open", condition=models.Q(state="proposed")),
            models.Index(fields=["proposed_at", "approval_id"], name="approvals_by_time"),
            models.Index(fields=["subject"], name="approvals_of_subject"),
        )
        constraints = (
            one_of("state", ["proposed", "executed", "refused", "withdrawn", "expired"], "approval_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["executed", "refused"])
                | (models.Q(decided_by__isnull=False) & ~models.Q(decided_by=models.F("proposed_by"))),
                name="approval_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.approval_id}"


class ServiceToken(models.Model):
    """A bearer token of a program: known by its hash alone, for some actions, until a day."""

    token_id = models.TextField(primary_key=True)
    user = models.ForeignKey("people.User", models.PROTECT, related_name="tokens")
    name = models.TextField(help_text="what it is for")
    scopes = ArrayField(models.TextField(), help_text="the actions it may do")
    digest = models.BinaryField(null=True, help_text="SHA-256 of its secret; null: not handed out yet")
    made_at = models.DateTimeField()
    made_by = models.TextField(help_text="username, or the name of the program")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True, help_text="to the hour")

    class Meta:
        db_table = "service_tokens"
        constraints = (models.CheckConstraint(condition=~models.Q(scopes=[]), name="token_for_something"),)

    def __str__(self) -> str:
        return f"{self.token_id} ({self.name})"
