"""Addresses of the borrower's page: none names a borrower; whose it is follows from the visit."""

from django.urls import path

from forbear.desk.portal import acting_views, door, paying_views, plans_views, staff_views, views

app_name = "portal"
urlpatterns = [
    path("my/in/<str:token>", door.door, name="door"),
    path("my/closed", door.closed, name="closed"),
    path("my/leave", door.leave, name="leave"),
    path("my/", views.home, name="home"),
    path("my/loans/<path:loan_id>", views.loan, name="loan"),
    path("my/pay", paying_views.pay, name="pay"),
    path("my/pay/later", paying_views.promise, name="promise"),
    path("my/pay/<str:reference>", paying_views.payment, name="payment"),
    path("my/sandbox/<str:number>", paying_views.sandbox, name="sandbox"),
    path("my/hardship", acting_views.hardship, name="hardship"),
    path("my/plans", plans_views.plans, name="plans"),
    path("my/plans/<int:plan_id>", plans_views.plan, name="plan"),
    path("my/plans/fit/<path:loan_id>", plans_views.fit, name="fit"),
    path("my/plans/ask/<path:loan_id>", plans_views.ask, name="ask_plan"),
    path("my/extension", acting_views.extension, name="extension"),
    path("my/dispute", acting_views.dispute, name="dispute"),
    path("my/complain", acting_views.complain, name="complain"),
    path("my/contact", acting_views.reach, name="reach"),
    path("my/contact/stop", acting_views.stop, name="stop"),
    path("my/contact/again", acting_views.again, name="again"),
    path("my/contacts", views.contacts, name="contacts"),
    path("my/receipts", views.receipts, name="receipts"),
    path("my/receipts/<str:number>", views.receipt, name="receipt"),
    path("my/data", views.my_data, name="data"),
    path("my/data/download", views.download, name="download"),
    path("my/way-back", views.way_back, name="way_back"),
    path("paid/<slug:provider>", paying_views.told, name="told"),
    path("evidence/<int:evidence_id>", staff_views.evidence, name="evidence"),
    path("proof/<int:evidence_id>", staff_views.proof, name="proof"),
]
