"""The app's name for Django."""

from django.apps import AppConfig


class Strategies(AppConfig):
    """`forbear.desk.strategies`, known to Django as `strategies`."""

    name = "forbear.desk.strategies"
    label = "strategies"
