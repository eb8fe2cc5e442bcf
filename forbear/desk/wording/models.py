"""Templates and their versions. What a version says never changes: a change is a new version, approved anew."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import one_of

STATES = ("draft", "proposed", "approved", "refused", "retired")
KINDS = ("message", "script")


class Template(models.Model):
    """Something that is said at one step: a message, or the script of a call."""

    name = models.TextField(primary_key=True)
    kind = models.TextField(default="message", db_default="message")
    purpose = models.TextField(help_text="the step it is for; see purposes.toml")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "templates"
        constraints = (
            one_of("kind", list(KINDS), "template_kind_known"),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[a-z0-9_-]{1,60}$"), name="template_name_plain"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """The words of a template in one language, for one channel and one jurisdiction, as somebody wrote them once."""

    version_id = models.BigAutoField(primary_key=True)
    template = models.ForeignKey(Template, models.PROTECT, related_name="versions")
    language = models.TextField()
    channel = models.TextField()
    jurisdiction = models.TextField()
    number = models.IntegerField(help_text="from 1, within template, language, channel and jurisdiction")
    subject = models.TextField(default="", db_default="", blank=True)
    body = models.TextField()
    why = models.TextField(default="", db_default="", blank=True, help_text="what was changed and why")
    state = models.TextField(default="draft", db_default="draft")
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    approval_id = models.UUIDField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "template_versions"
        constraints = (
            one_of("state", list(STATES), "version_state_known"),
            one_of("language", ["zh", "en"], "version_language_known"),
            models.UniqueConstraint(
                fields=["template", "language", "channel", "jurisdiction", "number"], name="version_numbered_once"
            ),
            models.UniqueConstraint(
                fields=["template", "language", "channel", "jurisdiction"],
                condition=models.Q(state="approved"),
                name="one_version_in_force",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by__isnull=True)
                | models.Q(made_by__isnull=True)
                | ~models.Q(approved_by=models.F("made_by")),
                name="author_does_not_approve",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="approved")
                | models.Q(approved_by__isnull=False, approved_at__isnull=False),
                name="approved_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"{self.template_id} {self.language} {self.channel} {self.jurisdiction} v{self.number}"
