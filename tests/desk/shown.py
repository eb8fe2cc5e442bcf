"""What a page says, without the form tokens that are new on every answer."""

from __future__ import annotations

import re
from typing import Any

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')


def shown(answer: Any) -> str:
    """The text of an answer without its tokens: two or three letters stand in one of them by mere chance.

    Any two letters and digits are found in the tokens of about one page of thirty, so that a test which says that
    a page does not name `B1` would fail now and then. At least one token is expected, lest the mark change unseen.
    """
    text, taken = TOKEN.subn("", answer.content.decode())
    assert taken, "no form token on this page: read its content as it is"
    return text
