"""Addresses of templates, and of the pages that links in messages lead to."""

from django.urls import path

from forbear.desk.wording import landing, views

app_name = "wording"
urlpatterns = [
    path("templates", views.all_of_them, name="list"),
    path("templates/write", views.write, name="write"),
    path("templates/of/<str:name>", views.of, name="of"),
    path("templates/version/<int:version_id>", views.version, name="version"),
    path("templates/propose/<int:version_id>", views.propose, name="propose"),
    path("templates/approve/<int:version_id>", views.approve, name="approve"),
    path("templates/refuse/<int:version_id>", views.refuse, name="refuse"),
    path("templates/retire/<int:version_id>", views.retire, name="retire"),
    path("l/<str:purpose>/<str:token>", landing.landing, name="landing"),
]
