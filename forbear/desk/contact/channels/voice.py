"""A spoken reminder, handed over to a dialer that calls, reads it out, and tells what happened.

    POST {url}/calls  {"calls": [{"id", "to", "say", "language", "voice", "caller", "rings"}]}
      -> {"results": [{"id", "state", "ref"}]}

The dialer calls at once or not at all: a call that it cannot place within a minute it refuses, since the gate's leave
is for now. Its results come by `/news`: conversation, hung_up, no_answer, busy, voicemail, not_in_service, ... Until
one comes, the call counts as everything a call can be.
"""

from __future__ import annotations

from typing import Any, ClassVar

from forbear.desk.contact.channels.base import Message
from forbear.desk.contact.channels.http import Http
from forbear.desk.contact.words import Words

VOICES = {"zh-hans": "zh-CN", "en": "en-US"}
RINGS = 6


class Dialer(Http):
    """A dialer behind HTTP."""

    longest: ClassVar[int] = 600
    path: ClassVar[str] = "/calls"
    many: ClassVar[str] = "calls"

    def item(self, message: Message) -> dict[str, Any]:
        """One call as the wire has it."""
        options, words = self.account.options, message.words
        return {
            "id": message.key,
            "to": message.address,
            "say": words.body,
            "language": VOICES.get(words.language, words.language),
            "voice": options.get("voice", ""),
            "caller": options.get("caller", ""),
            "rings": int(options.get("rings", RINGS)),
        }

    def parts(self, words: Words) -> int:
        """A call is one."""
        return 1
