"""Addresses of exports."""

from django.urls import path

from forbear.desk.lists import views

app_name = "lists"
urlpatterns = [
    path("", views.exports, name="exports"),
    path("<slug:name>.<slug:form>", views.exported, name="exported"),
]
