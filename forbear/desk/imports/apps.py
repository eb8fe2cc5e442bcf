"""The app's name for Django."""

from django.apps import AppConfig


class Imports(AppConfig):
    """`forbear.desk.imports`, known to Django as `imports`."""

    name = "forbear.desk.imports"
    label = "imports"
