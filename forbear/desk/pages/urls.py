"""Addresses of the pages that belong to no other app."""

from django.urls import path

from forbear.desk.pages import views

app_name = "pages"
urlpatterns = [
    path("", views.home, name="home"),
    path("language", views.language, name="language"),
]
