"""The app's name for Django."""

from django.apps import AppConfig


class Placements(AppConfig):
    """`forbear.desk.placements`, known to Django as `placements`."""

    name = "forbear.desk.placements"
    label = "placements"
