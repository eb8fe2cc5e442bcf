"""Chat and work channels through Apprise: WeCom, DingTalk, Feishu, Telegram, WhatsApp and whatever else it knows.

`target` is an Apprise URL in which `{address}` stands for the borrower's address (her phone, her e-mail, or her id, as
the account's `address` says) and `{secret}` for the account's secret. Apprise says only whether it worked: a failure
may be one after the message left, so it is unknown, and counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote

import apprise

from forbear.desk.contact.channels.base import (
    REFUSED,
    SENT,
    UNKNOWN,
    Account,
    Go,
    Message,
    Outcome,
    Provider,
    one_by_one,
)


class Chat(Provider):
    """One chat service."""

    longest: ClassVar[int] = 4_000
    needs: ClassVar[tuple[str, ...]] = ("target",)

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.asset = apprise.AppriseAsset(app_id="Forbear", async_mode=False, secure_logging=True)

    def send(self, messages: Sequence[Message], go: Go) -> list[Outcome]:
        """Hand messages over one by one."""
        return one_by_one(messages, go, self._sent)

    def _sent(self, message: Message) -> Outcome:
        target = str(self.account.options["target"]).format(
            address=quote(message.address, safe=""), secret=quote(self.account.secret, safe="")
        )
        service = apprise.Apprise.instantiate(target, asset=self.asset)
        if service is None:
            return Outcome(message.key, REFUSED, why="apprise knows no such target", permanent=True)
        words = message.words
        worked = service.notify(body=words.body, title=words.subject, body_format=apprise.NotifyFormat.TEXT)
        return Outcome(message.key, SENT if worked else UNKNOWN, why="" if worked else "apprise says no")
