"""The night's messages into the outbox: once for each night and borrower, and only if two people said so.

A message is planned when the strategy that decided it says `dispatch = true` and is the one in force on the desk (or an
arm of the experiment under way). Words are the approved template's of its stage and the borrower's language; where
there are none, the decision stays as it is, is told on the page, and is planned once there are. Nothing is asked of the
gate here: it is asked when the message leaves, and who paid meanwhile is not written to (`forbear.desk.contact`).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.utils.translation import get_language

from forbear.basics.errors import ForbearError
from forbear.desk.audit.log import record
from forbear.desk.complaints.taking import jurisdiction
from forbear.desk.contact.models import Planned
from forbear.desk.contact.planning import LONGEST, Wish, plan_many
from forbear.desk.record.models import Borrower
from forbear.desk.strategies.models import Decided
from forbear.desk.strategies.versions import in_force
from forbear.desk.wording.choosing import version_for
from forbear.desk.wording.models import Version as Words
from forbear.desk.wording.tables import steps
from forbear.treatment.actions import read_actions
from forbear.treatment.strategy import ReadStrategy

WANTED_FOR = timedelta(days=1)
"""A night's message that could not leave within a day is the next night's business."""
CHANNELS = ("sms", "email", "app_push", "chat", "voice")
"""Acts that a program does; calls, letters, visits and plans are people's, by their worklists."""
AT_ONCE = 2_000
CAUSE = "night:"
ALSO_APPROVED: list[Callable[[], Iterable[ReadStrategy]]] = []
"""What else two people approved beside the strategy in force: an experiment's arms add themselves."""


@dataclass
class Done:
    """What planning a night did: messages by state, and for which words templates are missing."""

    states: Counter[str] = field(default_factory=Counter)
    missing: Counter[tuple[str, str, str]] = field(default_factory=Counter)


def plan_night(as_of: date, at: datetime, *, by: Any = None) -> Done:
    """Put what is a message of a night's decisions into the outbox, in the caller's transaction or one of its own.

    Done again it plans what had no words before, and nothing twice. Messages of earlier nights that still wait are
    taken out: what an older night decided is not decided now. An older night than the latest plans nothing.
    """
    done = Done()
    if Decided.objects.aggregate(last=Max("as_of"))["last"] != as_of:
        return done
    with transaction.atomic():
        rows = Decided.objects.filter(as_of=as_of, action__in=list(channels())).exclude(message="planned")
        taken_out = _take_out_older(as_of, at)
        approved = senders()
        last = 0
        while some := list(rows.filter(decided_id__gt=last).order_by("decided_id")[:AT_ONCE]):
            last = some[-1].pk
            _plan(some, approved, done, at)
            Decided.objects.bulk_update(some, ["message"])
        if done.states or taken_out:
            record(by or "forbear desk", "night.planned", f"night:{as_of}", **done.states, taken_out=taken_out)
    return done


def senders() -> dict[str, bool]:
    """Fingerprints that two people put in force, and whether each sends by itself."""
    held, reads = in_force(), list[ReadStrategy]()
    with suppress(ForbearError):  # one that can no longer be read decides nothing, and sends nothing
        reads += [held.version.read] if held else []
    reads += [read for others in ALSO_APPROVED for read in others()]
    return {read.sha256: read.strategy.dispatch for read in reads}


@cache
def channels() -> dict[str, str]:
    """Actions that are messages, and the channel of each."""
    return {name: one.act for name, one in read_actions().actions.items() if one.act in CHANNELS}


@cache
def _stages() -> tuple[tuple[int, str], ...]:
    rows = tomllib.loads(files(__package__).joinpath("stages.toml").read_text("utf-8"))["stage"]
    return tuple((row["most_dpd"], row["step"]) for row in rows)


def step_of(dpd: int) -> str:
    """The step of templates for a message to somebody so many days late."""
    return next(step for most, step in _stages() if dpd <= most)


def _plan(rows: Sequence[Decided], approved: dict[str, bool], done: Done, at: datetime) -> None:
    ids = [row.borrower_id for row in rows]
    tongues = dict(Borrower.objects.filter(pk__in=ids).values_list("pk", "language"))
    words: dict[tuple[str, str, str], Words | None] = {}
    wishes = []
    for row in rows:
        row.message = _state(row, approved, at)
        if not row.message:
            slot = (step_of(row.dpd), channels()[row.action], tongues.get(row.borrower_id) or "zh")
            if slot not in words:
                words[slot] = version_for(*slot, jurisdiction())
            version = words[slot]
            row.message = "planned" if version else "no_template"
            if version:
                wishes.append(_wish(row, slot, version.pk))
            else:
                done.missing[slot] += 1
        done.states[row.message] += 1
    plan_many(wishes, at=at)


def _state(row: Decided, approved: dict[str, bool], at: datetime) -> str:
    """Why it is not planned, before words are looked for; empty: it is."""
    if row.strategy not in approved:
        return "not_approved"
    if not approved[row.strategy]:
        return "off"
    return "too_late" if row.not_before is None or row.not_before + WANTED_FOR <= at else ""


def _wish(row: Decided, slot: tuple[str, str, str], words: int) -> Wish:
    begins = row.not_before
    return Wish(
        row.borrower_id,
        slot[1],
        purpose=steps()[slot[0]].purpose,
        key=key_of(row.as_of, row.borrower_id),
        cause=f"{CAUSE}{row.as_of}",
        template_version=words,
        loan_id=row.loans,
        not_before=begins,
        wanted_until=begins + WANTED_FOR if begins else None,
    )


def key_of(as_of: date, borrower_id: str) -> str:
    """One for each night and borrower."""
    key = f"{CAUSE}{as_of}:{borrower_id}"
    if len(key) <= LONGEST and key.isprintable():
        return key
    return f"{CAUSE}{as_of}:{hashlib.sha256(borrower_id.encode()).hexdigest()}"


def _take_out_older(as_of: date, at: datetime) -> int:
    """Take out what still waits from earlier nights, and of this one what it no longer decides; how many."""
    waiting = Planned.objects.filter(state="waiting", cause__startswith=CAUSE)
    still = Decided.objects.filter(as_of=as_of, action__in=list(channels())).values("borrower_id")
    gone = waiting.exclude(cause=f"{CAUSE}{as_of}", borrower_id__in=still)
    return int(gone.update(state="cancelled", why="a later night decided anew", ended_at=at))


def told(as_of: date) -> dict[str, int]:
    """Of a night's messages, how many are in which state."""
    rows = Decided.objects.filter(as_of=as_of).exclude(message="").values("message")
    return {row["message"]: row["n"] for row in rows.annotate(n=Count("pk")).order_by("message")}


def missing(as_of: date) -> list[tuple[str, str, str, int]]:
    """For which step, channel and language approved words are missing, and for how many borrowers of a night."""
    without = Decided.objects.filter(as_of=as_of, message="no_template").values_list("borrower_id", "action", "dpd")
    rows = without.iterator(AT_ONCE)
    found: Counter[tuple[str, str, str]] = Counter()
    while some := list(islice(rows, AT_ONCE)):
        tongues = dict(Borrower.objects.filter(pk__in=[one[0] for one in some]).values_list("pk", "language"))
        found.update((step_of(dpd), channels()[action], tongues.get(who) or "zh") for who, action, dpd in some)
    return [(*slot, n) for slot, n in found.most_common()]


def title_of(step: str) -> str:
    """What a step of templates is called in the reader's language."""
    return str(steps()[step].title["zh" if (get_language() or "").startswith("zh") else "en"])
