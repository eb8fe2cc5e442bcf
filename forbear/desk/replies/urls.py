"""Addresses of the inbox."""

from django.urls import path

from forbear.desk.replies import views

app_name = "replies"
urlpatterns = [
    path("inbox", views.inbox, name="inbox"),
    path("inbox/read/<int:incoming_id>", views.read, name="read"),
    path("inbox/done/<int:task_id>", views.done, name="done"),
]
