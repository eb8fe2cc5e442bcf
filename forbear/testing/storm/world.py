"""The storm's world: borrowers who owe, in several zones, and what is planned for them over two weeks.

Written straight into the tables, since there are many; and, as plain JSON lines, into `borrowers.jsonl` and
`planned.jsonl`, which the auditor reads instead of the desk's tables.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

BEGIN = datetime(2026, 7, 5, 16, tzinfo=UTC)
"""Monday 6 July 2026, midnight in Beijing: two weeks without a public holiday begin."""
DAYS = 14
ZONES = (("Asia/Shanghai", 0.86), ("Asia/Urumqi", 0.08), ("Europe/London", 0.04), ("America/New_York", 0.02))
DISBURSED = date(2026, 4, 1)
PRINCIPAL, INTEREST, TERM = 30_000, 500, 3
"""Each loan: three installments of 100.00 and 5.00 interest, due on the first of May, June, July."""
CHANNELS = (("sms", 0.6), ("app_push", 0.4))
FACTS = {"legality_cleared": "true", "number_source": "contract"}


@dataclass(frozen=True)
class Size:
    """How large a storm is."""

    borrowers: int
    planned: int
    seed: int = 7


def build(size: Size, out: Path) -> None:
    """Fill the desk's tables and write the auditor's files; Django is set up and migrated."""
    from django.db import connection, transaction

    from forbear.desk.ledger.opening import open_loans

    chance = random.Random(size.seed)  # noqa: S311 - a storm that can be replayed
    with transaction.atomic(), connection.cursor() as cursor, (out / "borrowers.jsonl").open("w") as told:
        _borrowers(cursor, size, chance, told)
    open_loans(actor="storm", at=BEGIN - timedelta(days=60))
    _phones(size)
    _channels()
    with (out / "planned.jsonl").open("w") as told:
        _plan(size, chance, told)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _borrowers(cursor: object, size: Size, chance: random.Random, told: object) -> None:
    n = {"n": size.borrowers, "on": DISBURSED, "rate": "0.06", "principal": PRINCIPAL, "term": TERM}
    run = cursor.execute  # type: ignore[attr-defined]
    run("INSERT INTO borrowers (borrower_id) SELECT 'B' || i FROM generate_series(1, %(n)s) AS i", n)
    run(
        "INSERT INTO loans (loan_id, borrower_id, disbursed_on, principal, annual_rate, term, currency, features, "
        "schedule_version) "
        "SELECT 'L' || i, 'B' || i, %(on)s, %(principal)s, %(rate)s::numeric, %(term)s, 'CNY', '{}', 1 "
        "FROM generate_series(1, %(n)s) AS i",
        n,
    )
    run(
        "INSERT INTO schedules (loan_id, version, effective_on) SELECT 'L' || i, 1, %(on)s "
        "FROM generate_series(1, %(n)s) AS i",
        n,
    )
    run(
        "INSERT INTO installments (loan_id, version, number, due_on, principal_due, interest_due, fees_due) "
        "SELECT 'L' || i, 1, k, %(on)s::date + make_interval(months => k), %(each)s, %(interest)s, 0 "
        "FROM generate_series(1, %(n)s) AS i, generate_series(1, %(term)s) AS k",
        {**n, "each": PRINCIPAL // TERM, "interest": INTEREST},
    )
    names, shares = zip(*ZONES, strict=True)
    zones = chance.choices(names, shares, k=size.borrowers)
    run(
        "INSERT INTO facts (borrower_id, fact, value) SELECT 'B' || i, 'time_zone', z "
        "FROM unnest(%(zones)s::text[]) WITH ORDINALITY AS t (z, i)",
        {"zones": zones},
    )
    for fact, value in FACTS.items():
        run(
            "INSERT INTO facts (borrower_id, fact, value) SELECT 'B' || i, %(f)s, %(v)s "
            "FROM generate_series(1, %(n)s) AS i",
            {**n, "f": fact, "v": value},
        )
    for number, zone in enumerate(zones, start=1):
        row = {"borrower": f"B{number}", "loan": f"L{number}", "phone": phone(number), "zone": zone}
        told.write(json.dumps(row) + "\n")  # type: ignore[attr-defined]


def phone(number: int) -> str:
    """The invented number of a borrower."""
    return f"+86139{number:08}"


def _phones(size: Size) -> None:
    from forbear.desk.privacy.storing import Given, put_many

    for start in range(1, size.borrowers + 1, 5_000):
        some = range(start, min(start + 5_000, size.borrowers + 1))
        put_many((Given(f"B{n}", "phone", phone(n)) for n in some), "storm", tell=False)


def _channels() -> None:
    """Both channels open to everyone, and all that the rules want vouched for."""
    from forbear.desk.contact.models import ChannelState
    from forbear.desk.people.models import User
    from forbear.desk.record.models import Vouched
    from forbear.desk.record.vouching import wanted

    two = [User.objects.create(username=f"storm-{n}", role="compliance") for n in (1, 2)]
    for channel, _ in CHANNELS:
        ChannelState.objects.create(channel=channel, mode="open", since=BEGIN, by=two[0], approved_by=two[1])
        for one in wanted(channel):
            if one.fact not in FACTS and one.fact != "time_zone":
                Vouched.objects.create(
                    channel=channel, fact=one.fact, value=one.value, grounds="the storm", since=BEGIN, by=two[0]
                )


def _plan(size: Size, chance: random.Random, told: object) -> None:
    from forbear.desk.contact.planning import plan_many

    wishes = _wishes(size, chance)
    done = 0
    while done < size.planned:
        some = [next(wishes) for _ in range(min(5_000, size.planned - done))]
        plan_many(some, at=BEGIN - timedelta(hours=1))
        for one in some:
            row = {"key": one.key, "borrower": one.borrower_id, "channel": one.channel}
            told.write(json.dumps(row) + "\n")  # type: ignore[attr-defined]
        done += len(some)


def _wishes(size: Size, chance: random.Random) -> Iterator[object]:
    from forbear.desk.contact.planning import Wish

    names, shares = zip(*CHANNELS, strict=True)
    for number in range(size.planned):
        borrower = f"B{number % size.borrowers + 1}"
        begins = BEGIN + timedelta(minutes=chance.randrange(DAYS * 24 * 60 - 6 * 60))
        key = f"P{number}"
        yield Wish(
            borrower_id=borrower,
            channel=chance.choices(names, shares)[0],
            purpose="overdue",
            key=key,
            cause="storm",
            body=f"样例小贷提醒：您有 {{arrears}} 元逾期，如已还请忽略。编号 {key}。回复TD退订",
            not_before=begins,
            wanted_until=begins + timedelta(days=2),
        )
