"""The app's name for Django."""

from django.apps import AppConfig


class Audit(AppConfig):
    """`forbear.desk.audit`, known to Django as `audit`."""

    name = "forbear.desk.audit"
    label = "audit"
