"""The app's name for Django."""

from django.apps import AppConfig


class Complaints(AppConfig):
    """`forbear.desk.complaints`, known to Django as `complaints`."""

    name = "forbear.desk.complaints"
    label = "complaints"
