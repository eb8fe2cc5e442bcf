"""Addresses of placements."""

from django.urls import path

from forbear.desk.placements import views

app_name = "placements"
urlpatterns = [
    path("placements", views.home, name="home"),
    path("placements/propose", views.propose, name="propose"),
    path("placements/terms", views.terms, name="terms"),
    path("placements/sweep", views.sweep, name="sweep"),
    path("placements/batches/<int:batch_id>/file", views.file, name="file"),
    path("placements/<int:placement_id>/back", views.back, name="back"),
    path("placements/agency/<path:agency_id>/contacts", views.contacts, name="contacts"),
    path("placements/agency/<path:agency_id>/suspend", views.suspend, name="suspend"),
    path("placements/agency/<path:agency_id>/lift", views.lift, name="lift"),
    path("placements/agency/<path:agency_id>/statement", views.statement, name="statement"),
    path("placements/agency/<path:agency_id>", views.agency, name="agency"),
]
