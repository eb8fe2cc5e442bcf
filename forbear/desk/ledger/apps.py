"""The app's name for Django."""

from django.apps import AppConfig


class Ledger(AppConfig):
    """`forbear.desk.ledger`, known to Django as `ledger`."""

    name = "forbear.desk.ledger"
    label = "ledger"
