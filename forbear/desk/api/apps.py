"""The app's name for Django."""

from django.apps import AppConfig


class Api(AppConfig):
    """`forbear.desk.api`, known to Django as `api`."""

    name = "forbear.desk.api"
    label = "api"
