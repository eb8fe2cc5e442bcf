"""The app's name for Django; the arms under way are approved strategies."""

from django.apps import AppConfig


class Experiments(AppConfig):
    """`forbear.desk.experiments`, known to Django as `experiments`."""

    name = "forbear.desk.experiments"
    label = "experiments"

    def ready(self) -> None:
        """Let the night's messages be planned for the arms too."""
        from forbear.desk.experiments.running import approved
        from forbear.desk.strategies.planning import ALSO_APPROVED

        if approved not in ALSO_APPROVED:
            ALSO_APPROVED.append(approved)
