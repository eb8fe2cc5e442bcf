"""How much a provider is given: a bucket of tokens that all workers share, and a circuit that opens when it fails.

The rows are the database's, so that eight workers together keep to what the provider allows. Times here are real ones
(the database's clock): a provider's patience does not follow a test's compressed time.
"""

from __future__ import annotations

from django.db import connection

from forbear.desk.contact.channels.base import REFUSED, UNKNOWN, Account, Outcome
from forbear.desk.contact.named import named

FAILURES = 5
"""Handovers in a row of which nothing was taken, after which the circuit opens."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
"""Seconds that an open circuit rests: doubled each time, up to the longest; then one message tries."""


def taken(account: Account, most: int) -> int:
    """How many messages the provider may be given now, at most `most`; they are taken from its bucket.

    While the circuit was open and its rest is over, one message tries it.
    """
    asked = {"provider": account.name, "most": most, "burst": max(account.burst, 1), "rate": account.rate}
    with connection.cursor() as cursor:
        cursor.execute(named("take_tokens"), asked)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(
                "INSERT INTO contact_providers (provider, tokens) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [account.name, max(account.burst, 1)],
            )
            return 0
    count, failures = row
    return min(count, 1) if failures >= FAILURES else int(count)


def give_back(account: Account, count: int) -> None:
    """Put tokens back that were not used."""
    if count > 0:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE contact_providers SET tokens = tokens + %s WHERE provider = %s", [count, account.name]
            )


def note(account: Account, outcomes: list[Outcome]) -> None:
    """Learn from a handover: one message that was taken closes the circuit, none that was opens it in the end."""
    failed = [one for one in outcomes if one.state == UNKNOWN or (one.state == REFUSED and not one.permanent)]
    if not outcomes:
        return
    with connection.cursor() as cursor:
        if len(failed) < len(outcomes):
            cursor.execute(
                "UPDATE contact_providers SET failures = 0, open_until = NULL WHERE provider = %s AND failures > 0",
                [account.name],
            )
            return
        cursor.execute(
            "UPDATE contact_providers SET failures = failures + 1, open_until = CASE WHEN failures + 1 >= %(limit)s "
            "THEN clock_timestamp() + make_interval(secs => least(%(longest)s, "
            "%(first)s * power(2, least(failures + 1 - %(limit)s, 30)))) END WHERE provider = %(provider)s",
            {"limit": FAILURES, "first": FIRST_PAUSE, "longest": LONGEST_PAUSE, "provider": account.name},
        )
