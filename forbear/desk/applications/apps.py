"""The app's name for Django."""

from django.apps import AppConfig


class Applications(AppConfig):
    """`forbear.desk.applications`, known to Django as `applications`."""

    name = "forbear.desk.applications"
    label = "applications"
