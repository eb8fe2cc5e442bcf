"""The app's name for Django."""

from django.apps import AppConfig


class Wording(AppConfig):
    """`forbear.desk.wording`, known to Django as `wording`."""

    name = "forbear.desk.wording"
    label = "wording"
