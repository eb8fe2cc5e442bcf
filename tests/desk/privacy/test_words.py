"""What people read of personal data, in both languages."""

from __future__ import annotations

from django.utils import translation

from forbear.desk.privacy.fields import FIELDS, REASONS
from forbear.desk.privacy.sealed import erased


def test_every_title_and_reason_is_translated():
    texts = [field.title for field in FIELDS.values()] + list(REASONS.values())
    with translation.override("en"):
        english = [str(text) for text in texts] + [erased()]
    with translation.override("zh-hans"):
        chinese = [str(text) for text in texts] + [erased()]
    assert all(one != other for one, other in zip(english, chinese, strict=True))
    assert english[:2] == ["name", "phone"]
    assert chinese[:2] == ["姓名", "电话"]
