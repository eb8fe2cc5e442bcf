"""What a sample desk has beside its book: users, facts, vouches, a month of work, a day at the bank.

Everything here is invented. Calls are spread over the working hours of the past month, none to the same borrower twice,
so that the gate still lets a call through; what is written is what the desk itself would have written.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from forbear.desk.applications.sampling import sample_applications
from forbear.desk.bureau.sampling import furnish_bureau
from forbear.desk.funding.making import make_pack
from forbear.desk.ledger.balances import balances
from forbear.desk.litigation.filing import Note as StageNote
from forbear.desk.litigation.filing import note, open_suit
from forbear.desk.money.sample import furnish_bank
from forbear.desk.people.making import make_user
from forbear.desk.people.models import Agency, User
from forbear.desk.people.roles import Role
from forbear.desk.placements.sampling import furnish_placements
from forbear.desk.plans.models import Plan
from forbear.desk.plans.sampling import sample_plans
from forbear.desk.privacy.storing import Given, put_many
from forbear.desk.record.models import Borrower, Case, Complaint, Contact, Fact, Loan, Note, Promise
from forbear.desk.record.vouching import vouch, wanted
from forbear.desk.record.work import OUTCOMES
from forbear.desk.strategies.sampling import furnish_strategies
from forbear.desk.wording.drafting import approve, propose
from forbear.desk.wording.shipping import load

PEOPLE: tuple[tuple[str, Any, str], ...] = (
    ("admin", Role.ADMINISTRATOR, "管理员 Admin"),
    ("manager", Role.MANAGER, "周经理 Zhou"),
    ("agent", Role.AGENT, "安娜 Anna"),
    ("agent2", Role.AGENT, "本 Ben"),
    ("compliance", Role.COMPLIANCE, "沈合规 Shen"),
    ("risk", Role.RISK, "罗风险 Luo"),
    ("agency", Role.AGENCY, "启明催收 Qiming"),
    ("funder", Role.FUNDER, "资金方 Funder"),
    ("borrower", Role.BORROWER, "借款人 Borrower"),
)
"""Who signs in: user name, role, the name that colleagues see. A service signs in by token, not here."""
GROUNDS = {
    "identified": "外呼开场白由系统播放，话术版本受控 / the opening words are fixed by the dialer",
    "recorded": "外呼系统对每通电话录音，保存三年 / the dialer records every call",
}
STRATEGIES = ("reminder first", "plan first")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙"
FIRST_NAMES = ("安样", "本例", "乐假", "思拟", "晓例", "明样", "宁拟", "文假")
"""Sample, example, made up: so that nobody takes one for a person."""
PLACED = 60
"""Cases placed with the agency."""
DAYS = 30
ALL_DAY = "00:00-24:00"
WEIGHTS = (18, 14, 5, 34, 9, 8, 4, 8)
"""How often each outcome of a call comes, in the order of `OUTCOMES`."""
FACILITY = """
[facility]
name = "示例融资 Sample facility"
currency = "CNY"
limit = "3000000"
drawn = "250000"
[[covenants]]
id = "PAR30"
title = { en = "30 days past due at most 8 %", zh = "逾期 30 天以上占比不超过 8%" }
metric = "par_30"
direction = "at_most"
threshold = "0.08"
margin = "0.02"
cure_days = 30
[[covenants]]
id = "COLL"
title = { en = "three months' collections at least 99.5 %", zh = "近三个月回收率不低于 99.5%" }
metric = "collection_rate"
direction = "at_least"
threshold = "0.995"
cure_days = 60
[base]
advance_rate = "0.80"
[[base.eligibility]]
id = "E1"
title = { en = "more than 30 days past due", zh = "逾期超过 30 天" }
column = "dpd"
test = "at_most"
value = 30
[[base.concentration]]
id = "C1"
title = { en = "one borrower above 5 %", zh = "单一借款人超过 5%" }
by = "borrower_id"
share = "0.05"
"""
"""An invented facility."""
_FACTS = """
INSERT INTO facts (borrower_id, fact, value, since)
SELECT c.borrower_id, f.fact, f.value, %(since)s
FROM cases c CROSS JOIN (VALUES ('legality_cleared', 'true'), ('number_source', 'contract')) AS f (fact, value)
WHERE c.closed_at IS NULL
"""


@dataclass(frozen=True)
class SignIn:
    """How somebody signs in."""

    username: str
    role: str
    password: str


def furnish(at: datetime, *, seed: int = 1, calls: int = 400, zone: str = "") -> list[SignIn]:
    """Furnish a desk that has a book and a night: users with new passwords, facts, vouches, a month of work.

    Args:
        at: now.
        seed: of the month of work.
        calls: how many calls were made in it, at most one to a borrower.
        zone: where all borrowers live; empty: as the book has it.
    """
    with transaction.atomic():
        made = _people()
        users = {one.username: User.objects.get(username=one.username) for one in made}
        for one in wanted("call"):
            vouch(users["compliance"], "call", one.fact, GROUNDS.get(one.fact, "sample"), at)
        with connection.cursor() as cursor:
            cursor.execute(_FACTS, {"since": at - timedelta(days=DAYS)})
        if zone:
            Fact.objects.filter(fact="time_zone").update(value=zone)
            Borrower.objects.update(time_zone=zone)
            everybody = Borrower.objects.values_list("pk", flat=True)
            since = at - timedelta(days=DAYS)
            agreed = [Fact(borrower_id=one, fact="agreed_hours", value=ALL_DAY, since=since) for one in everybody]
            Fact.objects.bulk_create(agreed)  # Beijing's night is closed too, wherever she lives
        _templates(users["manager"], users["compliance"], at)
        sample_plans(users, at, random.Random(seed))  # noqa: S311
        _work([users["agent"], users["agent2"], users["manager"]], at, random.Random(seed), calls)  # noqa: S311
    _names(random.Random(seed))  # noqa: S311
    sample_applications(users["agent"], users["manager"], at, random.Random(seed))  # noqa: S311
    furnish_bank(users["manager"], at, random.Random(seed))  # noqa: S311
    furnish_placements(users["manager"], users["compliance"], at, random.Random(seed))  # noqa: S311
    furnish_bureau(users["manager"], users["compliance"], at, random.Random(seed))  # noqa: S311
    furnish_strategies(users["manager"], users["compliance"], at)
    _suit(users["manager"], at)
    _packs(users["manager"], users["funder"], at)
    return made


def _packs(manager: User, funder: User, at: datetime) -> None:
    """A pack over all loans, and one for the funder with a facility that is near its limit and one that is broken."""
    make_pack(at.date(), None, "", manager, at)
    make_pack(at.date(), funder.funder_id, FACILITY, manager, at)


def _people() -> list[SignIn]:
    first = Case.objects.filter(closed_at__isnull=True).order_by("-priority").first()
    funder = Loan.objects.filter(funder_id__isnull=False).values_list("funder_id", flat=True).first()
    own: dict[Any, dict[str, str]] = {
        Role.AGENCY: {"agency": "QIMING"},
        Role.FUNDER: {"funder": str(funder or "F1")},
        Role.BORROWER: {"borrower": first.borrower_id if first else "B1"},
    }
    Agency.objects.get_or_create(agency_id="QIMING", defaults={"name": "启明催收 Qiming"})
    made = []
    for username, role, name in PEOPLE:
        password = secrets.token_urlsafe(12)
        make_user(username, role, password, name=name, **own.get(role, {}))
        made.append(SignIn(username, role, password))
    return made


def _templates(manager: User, compliance: User, at: datetime) -> None:
    """What comes with Forbear is in force, but for one that still waits for compliance."""
    for version in load(at):
        propose(manager, version.pk, at)
        if (version.template_id, version.channel) != ("plan_offer", "email"):
            approve(compliance, version.pk, at)


def _names(chance: random.Random) -> None:
    """An invented name, phone and address for every borrower with a case; no such person is meant."""
    cases = Case.objects.filter(closed_at__isnull=True).order_by("case_id").values_list("borrower_id", flat=True)
    given = [
        one
        for borrower_id in cases
        for one in (
            Given(borrower_id, "name", chance.choice(SURNAMES) + chance.choice(FIRST_NAMES)),
            Given(borrower_id, "phone", f"139{chance.randrange(10**8):08}"),
            Given(borrower_id, "address", f"示例市样例区虚构路{chance.randrange(1, 999)}号"),
        )
    ]
    put_many(given, "forbear demo", tell=False)


def _suit(manager: User, at: datetime) -> None:
    """The file of a claim on the loan that is latest, at the mediators; nothing was filed."""
    open_ones = Case.objects.filter(closed_at__isnull=True).values("borrower_id")
    loans = {one.pk: one for one in Loan.objects.filter(borrower_id__in=open_ones).order_by("loan_id")[:500]}
    owed = balances(loans, at.date())
    if owed:
        latest = max(owed.values(), key=lambda one: (one.dpd, one.arrears_total, one.loan_id))
        suit = open_suit(manager, loans[latest.loan_id], at)
        note(manager, suit, StageNote("mediation_asked", at.date(), {"where": "示例金融纠纷调解中心"}), at)


def _work(agents: list[User], at: datetime, chance: random.Random, calls: int) -> None:
    cases = list(
        Case.objects.filter(closed_at__isnull=True)
        .exclude(borrower_id__in=Plan.objects.values("borrower_id"))
        .order_by("case_id")
        .only("pk", "borrower_id", "currency")
    )
    chance.shuffle(cases)
    share = min(PLACED, len(cases) // 4)
    placed, called = cases[:share], cases[share : share + calls]
    Case.objects.filter(pk__in=[case.pk for case in placed]).update(agency_id="QIMING")
    for number, strategy in enumerate(STRATEGIES):
        of_strategy = [case.pk for case in called[number :: len(STRATEGIES)]]
        Case.objects.filter(pk__in=of_strategy).update(strategy=strategy)
    contacts = [
        _call(case, agents[n % len(agents)], STRATEGIES[n % len(STRATEGIES)], at, chance)
        for n, case in enumerate(called)
    ]
    Contact.objects.bulk_create(contacts)
    Promise.objects.bulk_create(
        _promise(contact, at, chance) for contact in contacts if contact.result == "promise"
    )
    _spoken(contacts, at, chance)


def _call(case: Case, agent: User, strategy: str, at: datetime, chance: random.Random) -> Contact:
    day = at - timedelta(days=chance.randrange(DAYS))
    when = day.replace(hour=chance.randrange(1, 10), minute=chance.randrange(60))  # 9 to 18 in China
    return Contact(
        contact_id=_id(chance),
        borrower_id=case.borrower_id,
        at=min(when, at - timedelta(minutes=5)),
        channel="call",
        result=chance.choices(OUTCOMES, WEIGHTS)[0],
        party="borrower",
        sender="lender",
        by=agent,
        strategy=strategy,
    )


def _promise(contact: Contact, at: datetime, chance: random.Random) -> Promise:
    due_on = (contact.at + timedelta(days=chance.randrange(2, 12))).date()
    past = due_on < at.date()
    state = chance.choices(("kept", "part_kept", "broken"), (60, 10, 30))[0] if past else "open"
    return Promise(
        promise_id=_id(chance),
        borrower_id=contact.borrower_id,
        contact_id=contact.pk,
        amount=chance.randrange(200, 3000) * 100,
        due_on=due_on,
        made_at=contact.at,
        made_by=contact.by,
        strategy=contact.strategy,
        state=state,
        settled_at=at if past else None,
    )


def _spoken(contacts: list[Contact], at: datetime, chance: random.Random) -> None:
    """Notes of some talks, and a few complaints."""
    talks = [contact for contact in contacts if contact.result == "conversation"]
    words = (
        "换了工作，下月起按月发薪 / new job, paid monthly from next month",
        "希望分两次还 / would rather pay in two parts",
    )
    Note.objects.bulk_create(
        Note(note_id=_id(chance), borrower_id=talk.borrower_id, at=talk.at, by=talk.by, text=chance.choice(words))
        for talk in talks[:40]
    )
    Complaint.objects.bulk_create(
        Complaint(
            complaint_id=_id(chance),
            borrower_id=talk.borrower_id,
            received_at=talk.at,
            channel="call",
            about=talk.by,
            text="来电时间太早 / called too early in the morning",
            answer_due_on=(at + timedelta(days=2 + number)).date(),
        )
        for number, talk in enumerate(talks[40:43])
    )


def _id(chance: random.Random) -> str:
    return UUID(int=chance.getrandbits(128)).hex
