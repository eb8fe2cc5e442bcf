"""The app's name for Django."""

from django.apps import AppConfig


class Privacy(AppConfig):
    """`forbear.desk.privacy`, known to Django as `privacy`."""

    name = "forbear.desk.privacy"
    label = "privacy"
