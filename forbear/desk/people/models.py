"""Users and agencies.

A user has one role, and where the role sees only its own (an agency, a funder, a borrower) the name of what is hers;
the database refuses such a user without it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from forbear.desk.fields import Id
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
