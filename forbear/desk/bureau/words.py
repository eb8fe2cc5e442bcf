"""What people read for fields, values and reasons of bureau records, in their language."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from forbear.recovery.bureau.metro2.layout import codes, layouts
from forbear.recovery.bureau.reconciling import MISSING, UNKNOWN

FIELDS: dict[str, str | Promise] = {
    "": _("the whole account"),
    "state": _("State"),
    "currency": _("Currency"),
    "opened_on": _("Opened on"),
    "closed_on": _("Closed on"),
    "original_amount": _("Original amount"),
    "term_months": _("Term in months"),
    "scheduled_amount": _("Scheduled amount"),
    "balance": _("Balance"),
    "past_due": _("Past due"),
    "days_past_due": _("Days past due"),
    "paid_in_period": _("Paid in the period"),
    "last_paid_on": _("Last paid on"),
    "charged_off": _("Charged off"),
    "settled_for_less": _("Settled for less"),
    "repayment_24": _("Repayment over 24 months"),
    "bad_behavior_ended_on": _("Bad behavior ended on"),
    "disputed": _("Disputed"),
    "as_of": _("As of"),
    "account_status": _("Account status"),
    "payment_rating": _("Payment rating"),
    "payment_history_profile": _("Payment history profile"),
    "current_balance": _("Current balance"),
    "amount_past_due": _("Amount past due"),
    "original_charge_off": _("Original charge-off amount"),
    "date_of_first_delinquency": _("Date of first delinquency"),
    "date_of_account_information": _("Date of account information"),
    "date_opened": _("Date opened"),
    "date_closed": _("Date closed"),
    "date_of_last_payment": _("Date of last payment"),
    "scheduled_monthly_payment": _("Scheduled monthly payment"),
    "actual_payment": _("Actual payment"),
    "highest_credit": _("Highest credit"),
    "credit_limit": _("Credit limit"),
    "special_comment": _("Special comment"),
    "compliance_condition": _("Compliance condition code"),
    "portfolio_type": _("Portfolio type"),
    "account_type": _("Account type"),
    "terms_duration": _("Terms duration"),
    "terms_frequency": _("Terms frequency"),
    "interest_type": _("Interest type"),
}
VALUES: dict[str, str | Promise] = {
    MISSING: _("not held by the bureau"),
    UNKNOWN: _("not known to the ledger"),
    "True": pgettext_lazy("of a value", "yes"),
    "False": pgettext_lazy("of a value", "no"),
    "正常": pgettext_lazy("an account", "current"),
    "逾期": pgettext_lazy("an account", "past due"),
    "呆账": pgettext_lazy("an account", "charged off"),
    "结清": pgettext_lazy("an account", "paid off"),
}
MONEY = frozenset(("current_balance", "balance", "amount_past_due", "past_due"))


def field_word(name: str) -> str:
    """What a field is called."""
    return str(FIELDS.get(name, name))


def value_word(field: str, value: Any) -> str:
    """A value as people read it: a code with what it means."""
    text = "" if value is None else str(value)
    if text in VALUES:
        return str(VALUES[text])
    known = {one.name: one.codes for one in layouts()["base"].fields}
    if field in MONEY and text.replace(".", "", 1).isdecimal():
        return f"{Decimal(text):,}"
    meaning = codes().get(known.get(field, ""), {}).get(text, "")
    return f"{text} ({meaning})" if meaning and text else text or "–"


def why_word(why: str) -> str:
    """Why something was held back; rules stand as they are named on the page of rules."""
    lacking, _colon, names = why.partition("missing: ")
    if not lacking and names:
        return str(_("not known of her: %(what)s") % {"what": names})
    return why
