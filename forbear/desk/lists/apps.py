"""The app's name for Django."""

from django.apps import AppConfig


class Lists(AppConfig):
    """`forbear.desk.lists`, known to Django as `lists`."""

    name = "forbear.desk.lists"
    label = "lists"
