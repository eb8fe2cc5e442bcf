"""The personal fields there are: what each is called, how it is checked, masked and searched, and why one may look.

| kind | checked by | searched | mask |
| --- | --- | --- | --- |
| name | length, no control characters | NFKC, case folded, spaces and dots taken out of Chinese names | 张*三 |
| phone | phonenumbers; without a country code it is Chinese | E.164 | 138****5678 |
| identity | python-stdnum cn.ric, or the form of another document | upper case | last four |
| email | Django's validator | NFKC, case folded | z***@example.com |
| text | length, no control characters | not | the first characters |
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class PersonalField:
    """A personal field.

    Args:
        name: its name in the table, the API and the files.
        title: what people read.
        kind: how it is checked, normalised and masked.
        labels: what a value may be labelled; the first is the default, empty: no labels.
        many: whether a borrower may have several.
    """

    name: str
    title: str | Promise
    kind: str
    labels: tuple[str, ...] = ("",)
    many: bool = False


RELATIONS = (
    *("other", "spouse", "parent", "child", "sibling", "relative"),
    *("friend", "colleague", "employer", "guarantor"),
)

FIELDS: dict[str, PersonalField] = {
    field.name: field
    for field in (
        PersonalField("name", _("name"), "name"),
        PersonalField("phone", _("phone"), "phone", ("mobile", "home", "work", "other"), many=True),
        PersonalField("identity_number", _("identity number"), "identity", ("cn_ric", "passport", "other")),
        PersonalField("address", _("address"), "address", ("home", "registered", "work", "other"), many=True),
        PersonalField("employer", _("employer"), "text", many=True),
        PersonalField("email", _("e-mail"), "email", many=True),
        PersonalField("contact_name", _("other contact's name"), "name", RELATIONS, many=True),
        PersonalField("contact_phone", _("other contact's phone"), "phone", RELATIONS, many=True),
    )
}

REASONS: dict[str, str | Promise] = {
    "contact": _("to reach the borrower, as the gate allowed"),
    "identity_check": _("to check who is speaking"),
    "letter": _("to write a letter or a court paper"),
    "payment": _("to match a payment"),
    "complaint": _("to answer a complaint or a dispute"),
    "correction": _("to correct a wrong value"),
    "request": _("the borrower asked what is held about her"),
    "audit": _("to check the work of others"),
}
"""Why a value may be seen in the clear. A code, not free text: a reason must not itself hold personal data."""

REVEALS_AN_HOUR = 60
"""How many values one person may see in an hour; the next one is refused and compliance sees it.

法释〔2017〕10号 art. 5 counts 50 items of credit or property data provided without right as a crime's threshold; a
person at a desk has no need to come near it within the hour by reading one at a time.
"""
