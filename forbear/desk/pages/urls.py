"""Addresses of the desk's pages. A borrower's identity may be any text, so it stands last in an address."""

from django.urls import path

from forbear.desk.pages import borrower, views, worklist

app_name = "pages"
urlpatterns = [
    path("", views.home, name="home"),
    path("language", views.language, name="language"),
    path("worklist", worklist.worklist, name="worklist"),
    path("worklist/next", worklist.take_next, name="take_next"),
    path("cases/take/<path:case_id>", worklist.take, name="take"),
    path("cases/release/<path:case_id>", borrower.release, name="release"),
    path("borrowers/<path:borrower_id>", borrower.borrower, name="borrower"),
    path("calls/outcome/<path:contact_id>", borrower.outcome, name="outcome"),
    path("calls/to/<path:borrower_id>", borrower.call, name="call"),
    path("promises/of/<path:borrower_id>", borrower.promise, name="promise"),
    path("notes/of/<path:borrower_id>", borrower.note, name="note"),
]
