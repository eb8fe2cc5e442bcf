"""The app's name for Django."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.module_loading import autodiscover_modules


class People(AppConfig):
    """`forbear.desk.people`, known to Django as `people`."""

    name = "forbear.desk.people"
    label = "people"

    def ready(self) -> None:
        """Note when sessions begin; let every app register what two people do (its module `approval_kinds`)."""
        from forbear.desk.people.sessions import begun

        user_logged_in.connect(begun)
        autodiscover_modules("approval_kinds")
