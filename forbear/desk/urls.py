"""The desk's addresses; each app keeps its own. The probes (/healthz ...) answer before these are asked."""

from django.urls import include, path

from forbear.desk.api.root import api

urlpatterns = [
    path("api/v1/", api.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("forbear.desk.applications.urls")),
    path("exports/", include("forbear.desk.lists.urls")),
    path("webhooks/", include("forbear.desk.outbound.urls")),
    path("", include("forbear.desk.bureau.urls")),
    path("", include("forbear.desk.placements.urls")),
    path("", include("forbear.desk.calls.urls")),
    path("", include("forbear.desk.complaints.urls")),
    path("", include("forbear.desk.letters.urls")),
    path("", include("forbear.desk.litigation.urls")),
    path("", include("forbear.desk.funding.urls")),
    path("", include("forbear.desk.strategies.urls")),
    path("", include("forbear.desk.experiments.urls")),
    path("", include("forbear.desk.replies.urls")),
    path("", include("forbear.desk.plans.urls")),
    path("", include("forbear.desk.wording.urls")),
    path("", include("forbear.desk.portal.urls")),
    path("", include("forbear.desk.pages.urls")),
]
