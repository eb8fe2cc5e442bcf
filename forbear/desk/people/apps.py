"""The app's name for Django."""

from django.apps import AppConfig


class People(AppConfig):
    """`forbear.desk.people`, known to Django as `people`."""

    name = "forbear.desk.people"
    label = "people"
