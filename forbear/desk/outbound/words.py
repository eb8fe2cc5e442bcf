"""Kinds of events and states of deliveries as people read them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KIND_WORDS: dict[str, str | Promise] = {
    "loan.opened": _("a loan is paid out, or taken in from a book"),
    "payment.booked": _("money received is booked"),
    "payment.reversed": _("a payment no longer counts"),
    "payment.refunded": _("money that paid nothing is given back"),
    "loan.charged": _("a fee or penalty is charged"),
    "loan.waived": _("a part of what is owed is let go"),
    "loan.written_off": _("a part of what is owed is no longer expected"),
    "loan.rescheduled": _("installments fall due later, or are spread anew"),
    "loan.paused": _("delinquency does not grow for a while"),
    "loan.transferred": _("money moves to another loan, or from it"),
    "loan.act_reversed": _("something other than a payment is undone"),
    "case.opened": _("a night finds a borrower in arrears"),
    "case.cured": _("a night finds her no longer in arrears"),
    "case.closed": _("a case is closed for another reason"),
    "promise.made": _("a borrower promises to pay"),
    "promise.kept": _("a promise was kept"),
    "promise.part_kept": _("a promise was kept in part"),
    "promise.broken": _("a promise was broken"),
    "promise.withdrawn": _("a promise is taken back"),
    "contact.made": _("a contact is reserved, made or recorded"),
    "contact.settled": _("the result of a contact is known"),
    "complaint.received": _("a borrower complains or disputes"),
    "complaint.answered": _("a complaint is answered"),
    "consent.changed": _("a consent is given or withdrawn"),
    "approval.proposed": _("something waits for a second person"),
    "approval.decided": _("what waited was approved, refused, withdrawn, or its time is over"),
    "webhook.test": _("an administrator tries the subscription"),
}

STATE_WORDS: dict[str, str | Promise] = {
    "waiting": _("waiting"),
    "delivered": _("delivered"),
    "stuck": _("stuck"),
    "skipped": _("let go"),
    "active": _("active"),
    "parked": _("parked"),
    "disabled": _("disabled"),
    "gone": _("the receiver says that it is gone"),
    "dead": _("nothing has arrived for days"),
}
