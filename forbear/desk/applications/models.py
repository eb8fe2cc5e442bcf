"""Applications, what was asked of providers, every decision with what it was made from, contests, policies.

What a person said of herself and what others said of her is sealed under her key. Checks and decisions are added, never
changed: a new one takes the place of the last.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from forbear.desk.fields import Id, Minor, currency, one_of
from forbear.desk.privacy.sealed import SealedText
from forbear.risk.applied import CHECK_STATES, CHECKS, SOURCE_STATES
from forbear.risk.assess import APPROVE, DECLINE, REFER

OUTCOMES = (APPROVE, REFER, DECLINE)
STATES = ("received", "decided", "accepted", "disbursed")
SOURCES = ("bureau", "multi_lender")


def _user(**more: object) -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", **more)


class PolicyVersion(models.Model):
    """A policy that two people put in force; the one with the highest number holds."""

    version = models.AutoField(primary_key=True)
    text = models.TextField()
    sha256 = models.TextField()
    name = models.TextField()
    from_at = models.DateTimeField()
    proposed_by = _user()
    approved_by = _user()

    class Meta:
        db_table = "assessment_policies"

    def __str__(self) -> str:
        return f"{self.name} ({self.version})"


class Application(models.Model):
    """A loan that somebody asks for; `facts` is what she said, as JSON."""

    application_id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="applications")
    applied_at = models.DateTimeField()
    amount = Minor()
    currency = currency()
    term = models.IntegerField()
    method = models.TextField()
    state = models.TextField(default="received", db_default="received")
    outcome = models.TextField(default="", db_default="", help_text="of the last decision")
    taken_by = _user()
    facts = SealedText()
    checking_until = models.DateTimeField(null=True, help_text="somebody is asking the providers until then")
    accepted = models.JSONField(null=True, help_text="the offer that the borrower chose")
    accepted_at = models.DateTimeField(null=True)
    loan_id = Id(null=True, unique=True)

    class Meta:
        db_table = "loan_applications"
        indexes = (
            models.Index(fields=["borrower"], name="applications_of_borrower"),
            models.Index(fields=["outcome", "application_id"], name="applications_by_outcome"),
            models.Index(fields=["state", "application_id"], name="applications_by_state"),
        )
        constraints = (
            one_of("state", list(STATES), "application_state_known"),
            one_of("outcome", ["", *OUTCOMES], "application_outcome_known"),
            models.CheckConstraint(condition=models.Q(amount__gt=0, term__gt=0), name="application_asks_for_some"),
        )

    def __str__(self) -> str:
        return f"application {self.application_id}"


class Check(models.Model):
    """One answer, or its absence, of a provider to one question."""

    check_id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(Application, models.PROTECT, db_index=False, related_name="checks")
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="+")
    name = models.TextField()
    state = models.TextField()
    problem = models.TextField(default="", db_default="", help_text="why there is no answer")
    provider = models.TextField(default="", db_default="")
    reference = models.TextField(default="", db_default="", help_text="the provider's own name for its answer")
    asked_at = models.DateTimeField()
    answer = SealedText()

    class Meta:
        db_table = "application_checks"
        indexes = (models.Index(fields=["application", "check_id"], name="checks_of_application"),)
        constraints = (
            one_of("name", [*CHECKS, *SOURCES], "check_name_known"),
            one_of("state", sorted({*CHECK_STATES, *SOURCE_STATES}), "check_state_known"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


class Decision(models.Model):
    """A decision and all that it takes to come to it again: `inputs` (sealed), versions, fingerprints."""

    decision_id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(Application, models.PROTECT, db_index=False, related_name="decisions")
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="+")
    at = models.DateTimeField()
    outcome = models.TextField()
    automated = models.BooleanField()
    by = _user()
    reasons = models.JSONField(help_text="[code, what it leads to]")
    limit = Minor()
    annual_rate = models.DecimalField(max_digits=12, decimal_places=8, null=True)
    offers = models.JSONField()
    points = models.IntegerField(null=True)
    card = models.TextField(default="", db_default="")
    card_sha256 = models.TextField(default="", db_default="")
    cap = models.DecimalField(max_digits=8, decimal_places=4)
    cap_rules = models.JSONField(default=list)
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, db_index=False, related_name="+")
    policy_sha256 = models.TextField()
    inputs_sha256 = models.TextField()
    forbear = models.TextField()
    inputs = SealedText(help_text="application and evidence, as JSON")
    figures = SealedText(help_text="means and burden, as JSON")
    note = SealedText(help_text="why a person decided so")

    class Meta:
        db_table = "assessment_decisions"
        indexes = (models.Index(fields=["application", "decision_id"], name="decisions_of_application"),)
        constraints = (one_of("outcome", list(OUTCOMES), "decision_outcome_known"),)

    def __str__(self) -> str:
        return f"{self.outcome} of {self.application_id}"


class Contest(models.Model):
    """Somebody contests an automated decision, or a score of a loan; a person answers (PIPL article 24)."""

    contest_id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="contests")
    application = models.ForeignKey(Application, models.PROTECT, null=True, db_index=False, related_name="contests")
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, db_index=False, related_name="+")
    loan_id = Id(null=True, help_text="whose score is contested")
    received_at = models.DateTimeField()
    answer_due_on = models.DateField()
    words = SealedText()
    taken_by = _user()
    state = models.TextField(default="open", db_default="open")
    answered_by = _user(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = SealedText()

    class Meta:
        db_table = "decision_contests"
        indexes = (
            models.Index(fields=["borrower"], name="contests_of_borrower"),
            models.Index(fields=["answer_due_on"], name="contests_open", condition=models.Q(state="open")),
        )
        constraints = (
            one_of("state", ["open", "upheld", "changed"], "contest_state_known"),
            models.CheckConstraint(
                condition=models.Q(state="open") | models.Q(answered_by__isnull=False, answered_at__isnull=False),
                name="contest_answered_by_a_person",
            ),
        )

    def __str__(self) -> str:
        return f"contest {self.contest_id} {self.state}"


class LoanScore(models.Model):
    """What the last night's model said of a loan that is overdue or warned of, in words of both languages."""

    loan_id = Id(primary_key=True)
    as_of = models.DateField()
    warned = models.BooleanField()
    cause = models.TextField(help_text="key of forbear/risk/causes.toml; empty: not known")
    cause_chance = models.FloatField()
    words = models.JSONField(help_text="cause_words, evidence, reasons: [English, Chinese] each")
    chances = models.JSONField()
    model_sha256 = models.TextField()

    class Meta:
        db_table = "loan_scores"

    def __str__(self) -> str:
        return f"score of {self.loan_id}"
