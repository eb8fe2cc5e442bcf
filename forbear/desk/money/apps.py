"""The app's name for Django."""

from django.apps import AppConfig


class Money(AppConfig):
    """`forbear.desk.money`, known to Django as `money`."""

    name = "forbear.desk.money"
    label = "money"
