"""Addresses of the pages of applications."""

from django.urls import path

from forbear.desk.applications import policy_pages, views

app_name = "applications"
urlpatterns = [
    path("", views.applications, name="list"),
    path("new", views.new, name="new"),
    path("policy", policy_pages.policy, name="policy"),
    path("policy/propose", policy_pages.propose, name="propose_policy"),
    path("proposals/<uuid:approval_id>", policy_pages.settle, name="settle"),
    path("contests/answer/<int:contest_id>", views.answer, name="answer"),
    path("scores/contest/<path:loan_id>", views.contest_score, name="contest_score"),
    path("<int:application_id>", views.application, name="one"),
    path("<int:application_id>/check", views.check, name="check"),
    path("<int:application_id>/seen", views.seen, name="seen"),
    path("<int:application_id>/decide", views.decide, name="decide"),
    path("<int:application_id>/contest", views.contest, name="contest"),
    path("<int:application_id>/accept", views.accept, name="accept"),
    path("<int:application_id>/disburse", views.disburse, name="disburse"),
]
