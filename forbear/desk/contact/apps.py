"""The app's name for Django."""

from django.apps import AppConfig


class ContactApp(AppConfig):
    """`forbear.desk.contact`, known to Django as `contact`."""

    name = "forbear.desk.contact"
    label = "contact"
