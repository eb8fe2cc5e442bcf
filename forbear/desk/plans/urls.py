"""Addresses of plans. A loan's or borrower's identity may be any text, so it stands last in an address."""

from django.urls import path

from forbear.desk.plans import views

app_name = "plans"
urlpatterns = [
    path("plans", views.plans, name="list"),
    path("plans/of/<path:borrower_id>", views.of_borrower, name="of"),
    path("plans/options/<path:loan_id>", views.options, name="options"),
    path("plans/ask/<path:loan_id>", views.ask, name="ask"),
    path("plans/one/<int:plan_id>", views.one, name="one"),
    path("plans/one/<int:plan_id>/step", views.step, name="step"),
    path("plans/one/<int:plan_id>/decide", views.decide, name="decide"),
]
