"""The app's name for Django."""

from django.apps import AppConfig


class Pages(AppConfig):
    """`forbear.desk.pages`, known to Django as `pages`."""

    name = "forbear.desk.pages"
    label = "pages"
