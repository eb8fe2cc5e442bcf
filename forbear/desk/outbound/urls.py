"""Addresses of the page of webhooks."""

from django.urls import path

from forbear.desk.outbound import views

app_name = "outbound"
urlpatterns = [
    path("", views.webhooks, name="webhooks"),
    path("propose", views.propose, name="propose"),
    path("<uuid:webhook_id>", views.deliveries, name="deliveries"),
    path("<uuid:webhook_id>/secret", views.secret, name="secret"),
    path("<uuid:webhook_id>/<slug:what>", views.change, name="change"),
    path("<uuid:webhook_id>/<slug:message_id>/<slug:what>", views.redo, name="redo"),
]
