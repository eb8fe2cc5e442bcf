"""What is shown of a personal value by default: enough to know whom one speaks of, too little to use it.

The mask follows the value's own writing: Chinese names keep the surname and the last character, others the initials.
How long a hidden part is, is not told (an address of any length ends in four stars); a Chinese given name's is, as is
the custom.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import phonenumbers

from forbear.desk.privacy.checking import HAN
from forbear.desk.privacy.fields import FIELDS

COMPOUND_SURNAMES = frozenset(
    (
        *("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "令狐"),
        *("夏侯", "长孙", "宇文", "轩辕", "端木", "独孤", "南宫", "西门", "百里"),
    )
)
REGION = re.compile(r"^.{2,12}?(?:省|自治区|特别行政区|市)(?:.{1,12}?(?:市|自治州|地区|盟))?")
HIDDEN = "****"


def mask(field: str, value: str) -> str:
    """The value as it is shown to someone who has not asked to see it."""
    return _MASKS[FIELDS[field].kind](value)


def _name(value: str) -> str:
    if not HAN.search(value):
        return " ".join(f"{part[0]}***" for part in value.split())
    bare = re.sub(r"\s", "", value)
    surname = bare[:2] if bare[:2] in COMPOUND_SURNAMES and len(bare) > 2 else bare[:1]
    given = bare[len(surname) :]
    if len(given) <= 1:
        return surname + "*"
    return surname + "*" * (len(given) - 1) + given[-1]


def _phone(value: str) -> str:
    number = phonenumbers.parse(value.split(";", maxsplit=1)[0])
    national = phonenumbers.national_significant_number(number)
    if number.country_code == 86 and len(national) == 11 and national[0] == "1":
        return f"{national[:3]}{HIDDEN}{national[-4:]}"
    country = "" if number.country_code == 86 else f"+{number.country_code} "
    return f"{country}{HIDDEN}{national[-4:] if len(national) > 7 else national[-2:]}"


def _identity(value: str) -> str:
    return HIDDEN + (value[-4:] if len(value) > 8 else value[-2:])


def _email(value: str) -> str:
    local, _, domain = value.rpartition("@")
    return f"{local[:1]}***@{domain}"


def _address(value: str) -> str:
    if HAN.search(value):
        region = REGION.match(value)
        return (region.group() if region else "") + HIDDEN
    parts = [part.strip() for part in value.split(",")]
    return f"{HIDDEN}, {parts[-1]}" if len(parts) > 2 and not any(map(str.isdigit, parts[-1])) else HIDDEN


def _text(value: str) -> str:
    return (value[:2] if HAN.search(value) else value[:1]) + HIDDEN


_MASKS: dict[str, Callable[[str], str]] = {
    "name": _name,
    "phone": _phone,
    "identity": _identity,
    "email": _email,
    "address": _address,
    "text": _text,
}
