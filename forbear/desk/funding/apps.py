"""The app's name for Django."""

from django.apps import AppConfig


class Funding(AppConfig):
    """`forbear.desk.funding`, known to Django as `funding`."""

    name = "forbear.desk.funding"
    label = "funding"
