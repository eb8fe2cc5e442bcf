"""An open channel to a far end on loopback, borrowers who owe, and a clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forbear.desk.contact import clock
from forbear.desk.contact.channels import registry
from forbear.desk.contact.channels.base import Provider
from forbear.desk.contact.models import Attempt, ChannelState, Planned, ProviderState
from forbear.desk.contact.planning import plan
from forbear.desk.people.models import User
from forbear.desk.privacy import put
from forbear.desk.record.models import Contact, Fact, Vouched
from forbear.desk.record.vouching import wanted
from forbear.testing.http_provider import SECRET, HttpProvider, Manners
from forbear.testing.lending import lend

MORNING = datetime(2026, 6, 30, 2, tzinfo=UTC)
"""Ten in the morning in Shanghai, a Tuesday."""
FACTS = {"time_zone": "Asia/Shanghai", "legality_cleared": "true", "number_source": "contract"}


@dataclass
class Outbox:
    """What a test works with."""

    at: datetime = MORNING
    far: dict[str, HttpProvider] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.at

    def later(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at

    def add(self, name: str, channel: str = "sms", kind: str = "http", manners: Manners | None = None, **row: Any):
        """A provider with its far end."""
        far = self.far[name] = HttpProvider(name=name, manners=manners).start()
        return self.put(
            name, {"channel": channel, "kind": kind, "url": far.url, "timeout": 1, "rate": 10_000, **row}
        )

    def put(self, name: str, row: dict[str, Any]) -> Provider:
        """A provider of any kind."""
        made = registry.made(name, {**row, "secret_env": "TEST_PROVIDER_SECRET"})
        self.providers[name] = made
        ProviderState.objects.get_or_create(provider=name, defaults={"tokens": 1_000})
        return made

    def open(self, channel: str = "sms", mode: str = "open", allowed: tuple[str, ...] = ()) -> None:
        """Open a channel, and vouch for what its acts carry."""
        one, two = (
            User.objects.get_or_create(username=u, defaults={"role": "compliance"})[0] for u in ("o1", "o2")
        )
        given = {"mode": mode, "allowed": list(allowed), "since": self.at, "by": one, "approved_by": two}
        ChannelState.objects.update_or_create(channel=channel, defaults=given)
        held = set(Vouched.objects.filter(channel=channel).values_list("fact", flat=True))
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        for fact in wanted(channel):
            if fact.fact not in held | set(FACTS):
                Vouched.objects.create(
                    channel=channel, fact=fact.fact, value=fact.value, grounds="sample", since=long_ago, by=one
                )

    def borrower(self, number: int) -> str:
        """A borrower who owes and can be reached."""
        borrower_id = f"B{number}"
        lend(f"L{number}", borrower_id=borrower_id)
        for fact, value in FACTS.items():
            Fact.objects.create(borrower_id=borrower_id, fact=fact, value=value)
        put(borrower_id, "phone", f"139{number:08}", "tests")
        put(borrower_id, "email", f"b{number}@example.com", "tests")
        put(borrower_id, "address", f"样例路 {number} 号", "tests")
        return borrower_id

    def plan(self, borrower_id: str = "B1", channel: str = "sms", key: str = "", **wish: Any) -> Planned:
        given = {"purpose": "overdue", "cause": "test", "body": "您有 {arrears} 元逾期，如已还请忽略。", **wish}
        return plan(borrower_id, channel, at=self.at, key=key or f"k{Planned.objects.count()}", **given)

    def states(self) -> list[str]:
        return list(Planned.objects.order_by("pk").values_list("state", flat=True))

    def attempts(self) -> list[tuple[str, str]]:
        return list(Attempt.objects.order_by("reserved_at", "provider").values_list("provider", "state"))

    def results(self) -> list[str | None]:
        return list(Contact.objects.order_by("at").values_list("result", flat=True))


@pytest.fixture
def outbox(db, monkeypatch):
    """Borrower B1 who is in arrears, sms open to everyone, one provider `a` that behaves."""
    made = Outbox()
    monkeypatch.setenv("TEST_PROVIDER_SECRET", SECRET)
    monkeypatch.setattr(clock, "now", made.now)
    monkeypatch.setattr(registry, "providers", lambda: made.providers)
    made.borrower(1)
    made.open()
    made.add("a")
    yield made
    for far in made.far.values():
        far.stop()
    for provider in made.providers.values():
        provider.close()
