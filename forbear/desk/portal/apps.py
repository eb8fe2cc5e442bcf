"""The app's name for Django."""

from django.apps import AppConfig


class Portal(AppConfig):
    """`forbear.desk.portal`, known to Django as `portal`."""

    name = "forbear.desk.portal"
    label = "portal"
