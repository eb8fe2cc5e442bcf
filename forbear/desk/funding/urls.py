"""Addresses of funding."""

from django.urls import path

from forbear.desk.funding import views

app_name = "funding"
urlpatterns = [
    path("funding", views.overview, name="overview"),
    path("funding/make", views.make, name="make"),
    path("funding/scripts/<str:name>", views.script, name="script"),
    path("funding/<int:pack_id>", views.overview, name="pack"),
    path("funding/<int:pack_id>/forecast", views.forecast, name="forecast"),
    path("funding/<int:pack_id>/pool", views.pool, name="pool"),
    path("funding/<int:pack_id>/reconciliation", views.reconciliation, name="reconciliation"),
    path("funding/<int:pack_id>/file/<str:kind>/<str:language>", views.download, name="download"),
]
