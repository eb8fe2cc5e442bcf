"""The app's name for Django."""

from django.apps import AppConfig


class Record(AppConfig):
    """`forbear.desk.record`, known to Django as `record`."""

    name = "forbear.desk.record"
    label = "record"
