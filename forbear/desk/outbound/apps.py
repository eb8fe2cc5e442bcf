"""The app's name for Django."""

from django.apps import AppConfig


class Outbound(AppConfig):
    """`forbear.desk.outbound`, known to Django as `outbound`."""

    name = "forbear.desk.outbound"
    label = "outbound"
