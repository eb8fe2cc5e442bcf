"""Personal values on entry: checked, brought to the form that is kept, and to the form that is searched.

An error never repeats the value: errors are shown, logged and sent on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from stdnum.cn import ric
from stdnum.exceptions import ValidationError as WrongNumber

from forbear.basics.errors import WrongUse
from forbear.desk.privacy.fields import FIELDS

LONGEST = 500
HAN = re.compile(r"[㐀-鿿𠀀-𲎯]")


class Checked(NamedTuple):
    """A value as it is kept, and as it is searched (None: it is not)."""

    kept: str
    searched: str | None


def check(field: str, value: str, label: str = "") -> Checked:
    """Check a value of a field.

    Raises:
        WrongUse: no such field or label, or the value does not fit; says what was expected, not what was given.
    """
    if field not in FIELDS:
        raise WrongUse(f"no personal field {field!r}", f"one of: {', '.join(FIELDS)}")
    known = FIELDS[field]
    if label and label not in known.labels:
        raise WrongUse(f"{field}: no label {label!r}", f"one of: {', '.join(filter(None, known.labels)) or 'none'}")
    text = " ".join(unicodedata.normalize("NFC", value).split())
    if not text or len(text) > LONGEST or any(unicodedata.category(c)[0] == "C" for c in text):
        raise WrongUse(f"{field}: empty, over {LONGEST} characters, or with control characters", "write it plainly")
    return _CHECKS[known.kind](text, label or known.labels[0], field)


def normal(field: str, value: str) -> str:
    """The form in which a value of the field is searched.

    Raises:
        WrongUse: the field is not searched, or the value does not fit.
    """
    searched = _first_that_fits(field, value).searched
    if searched is None:
        raise WrongUse(f"{field} is not searched", "search by name, phone, identity_number or email")
    return searched


def _first_that_fits(field: str, value: str) -> Checked:
    if field in FIELDS and FIELDS[field].kind == "identity":
        for label in FIELDS[field].labels:
            try:
                return check(field, value, label)
            except WrongUse:
                continue
    return check(field, value)


def _name(text: str, label: str, field: str) -> Checked:
    folded = unicodedata.normalize("NFKC", text).casefold()
    if HAN.search(folded):
        folded = re.sub(r"[\s·•・‧.]", "", folded)
    return Checked(text, folded)


def _phone(text: str, label: str, field: str) -> Checked:
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", text), "CN")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise WrongUse(f"{field}: no phone number", "digits, with + and the country code unless it is Chinese")
    kept = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.extension:
        kept = f"{kept};ext={number.extension}"
    return Checked(kept, kept)


def _identity(text: str, label: str, field: str) -> Checked:
    kept = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()
    if label == "cn_ric":
        try:
            kept = ric.validate(kept)
        except WrongNumber:
            raise WrongUse(
                f"{field}: no valid resident identity number",
                "18 characters, GB 11643; or label it passport",
            ) from None
    elif not re.fullmatch(r"[A-Z0-9/().]{4,40}", kept):
        raise WrongUse(f"{field}: no document number", "4 to 40 letters and digits")
    return Checked(kept, kept)


def _email(text: str, label: str, field: str) -> Checked:
    try:
        validate_email(text)
    except ValidationError:
        raise WrongUse(f"{field}: no e-mail address", "name@example.com") from None
    return Checked(text, unicodedata.normalize("NFKC", text).casefold())


def _text(text: str, label: str, field: str) -> Checked:
    return Checked(text, None)


_CHECKS: dict[str, Callable[[str, str, str], Checked]] = {
    "name": _name,
    "phone": _phone,
    "identity": _identity,
    "email": _email,
    "address": _text,
    "text": _text,
}
