"""Addresses of letters."""

from django.urls import path

from forbear.desk.letters import views

app_name = "letters"
urlpatterns = [
    path("letters", views.all_of_them, name="list"),
    path("letters/of/<path:borrower_id>", views.of, name="of"),
    path("letters/preview/<path:borrower_id>", views.preview, name="preview"),
    path("letters/write/<path:borrower_id>", views.write, name="write"),
    path("letters/download/<str:letter_id>", views.download, name="download"),
    path("letters/send/<str:letter_id>", views.send, name="send"),
]
