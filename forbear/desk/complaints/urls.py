"""Addresses of complaints."""

from django.urls import path

from forbear.desk.complaints import views

app_name = "complaints"
urlpatterns = [
    path("complaints", views.all_of_them, name="list"),
    path("complaints/answer/<path:complaint_id>", views.answer, name="answer"),
    path("complaints/of/<path:borrower_id>", views.of, name="of"),
    path("complaints/take/<path:borrower_id>", views.take, name="take"),
]
