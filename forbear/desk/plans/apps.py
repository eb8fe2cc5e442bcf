"""The app's name for Django."""

from django.apps import AppConfig


class Plans(AppConfig):
    """`forbear.desk.plans`, known to Django as `plans`."""

    name = "forbear.desk.plans"
    label = "plans"
