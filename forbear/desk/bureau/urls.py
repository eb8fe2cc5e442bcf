"""Addresses of bureau records."""

from django.urls import path

from forbear.desk.bureau import views

app_name = "bureau"
urlpatterns = [
    path("bureau", views.home, name="home"),
    path("bureau/run", views.make, name="make"),
    path("bureau/runs/<int:run_id>", views.run, name="run"),
    path("bureau/runs/<int:run_id>/drop", views.drop, name="drop"),
    path("bureau/runs/<int:run_id>/noticed", views.noticed, name="noticed"),
    path("bureau/runs/<int:run_id>/file", views.run_file, name="run_file"),
    path("bureau/changes/<int:change_id>/file", views.change_file, name="change_file"),
    path("bureau/disputes/<int:dispute_id>", views.answer, name="answer"),
    path("bureau/of/<path:borrower_id>", views.of, name="of"),
    path("bureau/dispute/<path:loan_id>", views.dispute, name="dispute"),
    path("bureau/change/<path:loan_id>", views.change, name="change"),
]
