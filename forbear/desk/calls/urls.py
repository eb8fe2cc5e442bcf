"""Addresses of a call: from leave to outcome, and the promise made in it."""

from django.urls import path

from forbear.desk.calls import views

app_name = "calls"
urlpatterns = [
    path("calls/to/<path:borrower_id>", views.call, name="call"),
    path("calls/screen/<path:contact_id>", views.screen, name="screen"),
    path("calls/dial/<path:contact_id>", views.dial, name="dial"),
    path("calls/tick/<path:contact_id>", views.tick, name="tick"),
    path("calls/step/<path:contact_id>", views.step, name="step"),
    path("calls/outcome/<path:contact_id>", views.outcome, name="outcome"),
    path("promises/of/<path:borrower_id>", views.promise, name="promise"),
    path("promises/withdraw/<path:promise_id>", views.withdraw, name="withdraw"),
]
