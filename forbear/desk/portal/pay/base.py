"""What a provider of payments does for the page: begins an order, reads what it is told, says what became of an order.

An adapter never books: it turns the provider's word, once its signature holds, into `Paid`, and `told` decides what
becomes of it. It is given sums in minor units and gives back minor units; what a currency's minor unit is, it looks up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from forbear.basics.errors import ForbearError


@dataclass(frozen=True)
class Order:
    """What is to be paid.

    Args:
        number: the order's number, letters and digits alone (12 signs).
        amount: minor units.
        currency: ISO 4217.
        about: what the payer reads; names no debt (whoever sees her phone reads it too).
        ends_at: until when it may be paid.
        back: where the payer comes back to.
        told: where the provider tells that it was paid.
        ip: the payer's address, for providers that ask for it.
    """

    number: str
    amount: int
    currency: str
    about: str
    ends_at: datetime
    back: str
    told: str
    ip: str = ""


@dataclass(frozen=True)
class Begun:
    """An order that may be paid: where, and the provider's own id of it, where it gives one."""

    url: str
    ref: str = ""


@dataclass(frozen=True)
class Paid:
    """A payment as the provider tells it.

    Args:
        payment: the provider's own id of the payment.
        number: the order's number.
        amount: minor units.
        currency: ISO 4217.
        paid_at: when it was made.
    """

    payment: str
    number: str
    amount: int
    currency: str
    paid_at: datetime


class NotGenuine(ForbearError):
    """The signature, its age or its form does not hold; nothing of it is taken."""


class Unreachable(ForbearError):
    """The provider did not take the order, or did not say what became of it."""


@dataclass(frozen=True)
class Answer:
    """What a provider waits to hear when it has told something."""

    status: int
    body: str
    media: str = "text/plain"


class Provider(Protocol):
    """A provider. `name` stands in addresses and records, `title` is what people read, `currencies` what it takes."""

    name: str
    title: str
    currencies: frozenset[str]

    def begin(self, order: Order) -> Begun:
        """Begin an order; begun again under the same number, it is the same order.

        Raises:
            Unreachable: it was not taken.
        """

    def read(self, headers: Mapping[str, str], body: bytes, at: datetime) -> Paid | None:
        """What is told, once its signature holds; None: it is genuine, but tells of no payment.

        Raises:
            NotGenuine: it is not from the provider, or too old.
        """

    def ask(self, number: str, ref: str) -> Paid | None:
        """The payment of an order, if it was paid.

        Raises:
            Unreachable: it did not say.
        """

    def answer(self, taken: bool) -> Answer:
        """What the provider is answered: that its word was taken, or that it may say it again."""
