"""Addresses of strategies."""

from django.urls import path

from forbear.desk.strategies import views

app_name = "strategies"
urlpatterns = [
    path("strategies", views.held, name="held"),
    path("strategies/write", views.write, name="write"),
    path("strategies/plan", views.plan, name="plan"),
    path("strategies/<int:version_id>", views.version, name="version"),
    path("strategies/<int:version_id>/propose", views.propose, name="propose"),
    path("strategies/<int:version_id>/replay", views.replay, name="replay"),
    path("strategies/decide/<uuid:approval_id>", views.decide, name="decide"),
]
