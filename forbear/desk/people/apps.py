"""The app's name for Django."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class People(AppConfig):
    """`forbear.desk.people`, known to Django as `people`."""

    name = "forbear.desk.people"
    label = "people"

    def ready(self) -> None:
        """Let every app register what two people do (its module `approval_kinds`)."""
        autodiscover_modules("approval_kinds")
