"""The app's name for Django."""

from django.apps import AppConfig


class Litigation(AppConfig):
    """`forbear.desk.litigation`, known to Django as `litigation`."""

    name = "forbear.desk.litigation"
    label = "litigation"
