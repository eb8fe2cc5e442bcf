"""`code|said:words`: the word for a code in the reader's language, or the code itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def said(code: str, words: Mapping[str, Any]) -> str:
    """The word for a code."""
    return str(words.get(code, code))
