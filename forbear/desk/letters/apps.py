"""The app's name for Django."""

from django.apps import AppConfig


class Letters(AppConfig):
    """`forbear.desk.letters`, known to Django as `letters`."""

    name = "forbear.desk.letters"
    label = "letters"
