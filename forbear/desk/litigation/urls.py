"""Addresses of suits."""

from django.http import HttpResponse
from django.urls import path

from forbear.desk.people.rights import requires

stub = requires("litigation.see")(lambda request, **k: HttpResponse(""))
app_name = "litigation"
urlpatterns = [path("litigation", stub, name="board"), path("litigation/of/<path:borrower_id>", stub, name="of")]
