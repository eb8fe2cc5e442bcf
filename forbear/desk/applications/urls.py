"""Addresses of the pages of applications."""

from django.urls import path

from forbear.desk.applications import policy_pages, views

app_name = "applications"
urlpatterns = [
    path("applications", views.applications, name="list"),
    path("applications/new", views.new, name="new"),
    path("applications/policy", policy_pages.policy, name="policy"),
    path("applications/policy/propose", policy_pages.propose, name="propose_policy"),
    path("applications/proposals/<uuid:approval_id>", policy_pages.settle, name="settle"),
    path("applications/contests/answer/<int:contest_id>", views.answer, name="answer"),
    path("applications/scores/contest/<path:loan_id>", views.contest_score, name="contest_score"),
    path("applications/<int:application_id>", views.application, name="one"),
    path("applications/<int:application_id>/check", views.check, name="check"),
    path("applications/<int:application_id>/seen", views.seen, name="seen"),
    path("applications/<int:application_id>/decide", views.decide, name="decide"),
    path("applications/<int:application_id>/contest", views.contest, name="contest"),
    path("applications/<int:application_id>/accept", views.accept, name="accept"),
    path("applications/<int:application_id>/disburse", views.disburse, name="disburse"),
]
