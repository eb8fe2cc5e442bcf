"""Addresses of suits."""

from django.urls import path

from forbear.desk.litigation import views

app_name = "litigation"
urlpatterns = [
    path("litigation", views.board, name="board"),
    path("litigation/of/<path:borrower_id>", views.of, name="of"),
    path("litigation/open/<path:borrower_id>", views.open_one, name="open"),
    path("litigation/suit/<str:suit_id>", views.suit, name="suit"),
    path("litigation/stage/<str:suit_id>", views.stage, name="stage"),
    path("litigation/bundle/<str:suit_id>", views.bundle, name="bundle"),
]
