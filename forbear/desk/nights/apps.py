"""The app's name for Django."""

from django.apps import AppConfig


class Nights(AppConfig):
    """`forbear.desk.nights`, known to Django as `nights`."""

    name = "forbear.desk.nights"
    label = "nights"
