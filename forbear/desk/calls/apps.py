"""The app's name for Django."""

from django.apps import AppConfig


class Calls(AppConfig):
    """`forbear.desk.calls`, known to Django as `calls`."""

    name = "forbear.desk.calls"
    label = "calls"
