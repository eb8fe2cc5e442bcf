"""The nine roles. What each may do stands with the actions; here is only who there is."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """The role of a user; each user has exactly one."""

    ADMINISTRATOR = "administrator", _("Administrator")
    MANAGER = "manager", _("Manager")
    AGENT = "agent", _("Agent")
    COMPLIANCE = "compliance", _("Compliance")
    RISK = "risk", _("Risk")
    AGENCY = "agency", _("Agency")
    FUNDER = "funder", _("Funder")
    BORROWER = "borrower", _("Borrower")
    SERVICE = "service", _("Service")
