"""Addresses of experiments."""

from django.urls import path

from forbear.desk.experiments import views

app_name = "experiments"
urlpatterns = [
    path("experiments", views.all_of_them, name="list"),
    path("experiments/define", views.define, name="define"),
    path("experiments/<int:experiment_id>", views.one, name="one"),
    path("experiments/<int:experiment_id>/propose", views.propose, name="propose"),
    path("experiments/<int:experiment_id>/look", views.look, name="look"),
    path("experiments/<int:experiment_id>/end", views.end, name="end"),
    path("experiments/<int:experiment_id>/decide/<uuid:approval_id>", views.decide, name="decide"),
]
