"""The app's name for Django."""

from django.apps import AppConfig


class Bureau(AppConfig):
    """`forbear.desk.bureau`, known to Django as `bureau`."""

    name = "forbear.desk.bureau"
    label = "bureau"
