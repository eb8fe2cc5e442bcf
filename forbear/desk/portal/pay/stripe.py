"""Stripe by its own library: a Checkout page, events signed with the endpoint's secret. https://docs.stripe.com/api

Stripe counts in minor units as ISO 4217 has them, with a few exceptions; only currencies without one are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import stripe as library

from forbear.desk.portal.pay.base import Answer, Begun, NotGenuine, Order, Paid, Unreachable

PAID = frozenset(["checkout.session.completed", "checkout.session.async_payment_succeeded"])
SHORTEST, LONGEST = 31 * 60, 24 * 3600 - 60
"""Seconds that a Checkout page may last, as Stripe allows (30 minutes to 24 hours), with a minute to spare."""


class Stripe:
    """An account with Stripe.

    Args:
        api_key: the secret key (sk_...), or a restricted one that may write Checkout sessions.
        webhook_secret: the endpoint's signing secret (whsec_...).
        gateway: another address than Stripe's own, for a test.
    """

    name = "stripe"
    title = "Stripe"
    currencies = frozenset(["CNY", "USD", "EUR", "GBP", "INR", "JPY", "HKD"])

    def __init__(self, api_key: str, webhook_secret: str, gateway: str = "") -> None:
        more: Any = {"base_addresses": {"api": gateway.rstrip("/")}} if gateway else {}
        self.client = library.StripeClient(api_key, max_network_retries=1, **more)
        self.secret = webhook_secret

    def begin(self, order: Order) -> Begun:
        """A Checkout session; the order's number is its idempotency key."""
        lasts = int(order.ends_at.timestamp())
        now = int(datetime.now(UTC).timestamp())
        line = {
            "quantity": 1,
            "price_data": {
                "currency": order.currency.lower(),
                "unit_amount": order.amount,
                "product_data": {"name": order.about},
            },
        }
        params: Any = {
            "mode": "payment",
            "client_reference_id": order.number,
            "line_items": [line],
            "success_url": order.back,
            "cancel_url": order.back,
            "expires_at": min(max(lasts, now + SHORTEST), now + LONGEST),
        }
        try:
            made = self.client.v1.checkout.sessions.create(params, {"idempotency_key": f"forbear-{order.number}"})
        except library.StripeError as bad:
            raise Unreachable(f"Stripe refused ({bad.code or type(bad).__name__})", "try again later") from None
        return Begun(str(made.url), str(made.id))

    def read(self, headers: Mapping[str, str], body: bytes, at: datetime) -> Paid | None:
        """An event, signed within the last five minutes."""
        try:
            event = self.client.construct_event(body, headers.get("Stripe-Signature", ""), self.secret)
            if event.type not in PAID:
                return None
            return _paid(event.data.object, datetime.fromtimestamp(event.created, UTC))
        except (ValueError, AttributeError, TypeError, library.SignatureVerificationError):
            raise NotGenuine("the event of Stripe does not hold", "check webhook_secret") from None

    def ask(self, number: str, ref: str) -> Paid | None:
        """The session by its id."""
        try:
            made = self.client.v1.checkout.sessions.retrieve(ref)
        except library.StripeError as bad:
            raise Unreachable(
                f"Stripe did not answer ({bad.code or type(bad).__name__})", "try again later"
            ) from None
        return _paid(made, datetime.now(UTC))

    def answer(self, taken: bool) -> Answer:
        """By its status: anything but 2xx is told again."""
        return Answer(200, "taken") if taken else Answer(503, "say it again")


def _paid(made: Any, at: datetime) -> Paid | None:
    if made.payment_status != "paid" or not made.client_reference_id:
        return None
    return Paid(
        str(made.payment_intent or made.id), str(made.client_reference_id), int(made.amount_total),
        str(made.currency).upper(), at,
    )  # fmt: skip
