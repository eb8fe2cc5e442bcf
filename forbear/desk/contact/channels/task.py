"""Calls and visits by people: no provider at all; `forbear.desk.contact.handing` opens a task for an agent instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from forbear.desk.contact.channels.base import NOT_SENT, Go, Message, Outcome, Provider


class Task(Provider):
    """A person who calls or sets out."""

    address: ClassVar[str] = "borrower"

    def send(self, messages: Sequence[Message], go: Go) -> list[Outcome]:
        """Nothing leaves by itself: only a person calls."""
        return [Outcome(one.key, NOT_SENT, why="a person does it") for one in messages]
