"""What the gate enforces, with citations; and what compliance vouches for, without which no channel opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from forbear.conduct import Pack, Rule
from forbear.conduct.explaining import cited, explained
from forbear.conduct.listing import CERTAINTIES, FORCES
from forbear.desk.pages.trying import instant_of, settled, tried
from forbear.desk.pages.words import WORDS
from forbear.desk.people.rights import allowed, requires
from forbear.desk.record.gate import CHANNELS, packs
from forbear.desk.record.models import Vouched
from forbear.desk.record.vouching import VOUCH, end, held, propose_vouching, proposed, wanted

ENDED = 100
"""So many of those that ended are shown, the latest first."""


@dataclass(frozen=True)
class Told:
    """A rule in the reader's language."""

    rule_id: str
    pack: str
    title: str
    cited: str
    explanation: str
    full: str
    force: str
    certainty: str
    verified: bool
    begins: date | None
    ends: date | None
    state: str
    acts: tuple[str, ...]


@require_safe
@requires("rules.see")
def rules(request: HttpRequest) -> HttpResponse:
    """The rules in force, searched by words and filtered by channel or act."""
    asked = {name: request.GET.get(name, "")[:100] for name in ("words", "act", "state")}
    today = timezone.now().date()
    every = [_told(pack, rule, today) for pack, rule in packs().rules]
    found = [one for one in every if _fits(one, asked)]
    told = {
        "rules": found,
        "count": len(every),
        "asked": asked,
        "acts": [(act, said) for act, said in WORDS["act"].items() if any(act in one.acts for one in every)],
        "packs": packs().packs,
        "language": _language(),
    }
    return render(request, "pages/rules.html", told)


@require_safe
@requires("rules.see")
def vouched(request: HttpRequest) -> HttpResponse:
    """For each channel what the rules want to know of every act on it, and who vouches for it on which grounds."""
    now = timezone.now()
    now_held = {(row.channel, row.fact): row for row in held(now).select_related("by")}
    waiting = {
        (row.payload["channel"], row.payload["fact"]): row for row in proposed(now).select_related("proposed_by")
    }
    channels = [
        (
            channel,
            [(one, now_held.get((channel, one.fact)), waiting.get((channel, one.fact))) for one in wanted(channel)],
        )
        for channel in CHANNELS
    ]
    told = {
        "channels": channels,
        "ended": Vouched.objects.filter(until__lte=now).select_related("by").order_by("-until", "-pk")[:ENDED],
        "may_vouch": allowed(request.user, "rules.vouch"),
        "may_decide": allowed(request.user, "approvals.decide"),
        "today": now.date(),
    }
    return render(request, "pages/vouched.html", told)


@require_POST
@requires("rules.vouch")
def vouch_for(request: HttpRequest) -> HttpResponse:
    """Propose to vouch for a fact of a channel."""
    given = request.POST

    def write() -> None:
        until = instant_of(given.get("until", ""))
        channel, fact = given.get("channel", ""), given.get("fact", "")
        propose_vouching(request.user, channel, fact, given.get("grounds", ""), timezone.now(), until)

    if tried(request, write):
        messages.info(request, _("Proposed: another person approves it."))
    return redirect("pages:vouched")


@require_POST
@requires("approvals.decide")
def decide_vouching(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Approve what another proposed to vouch for, refuse it with a reason, or take one's own proposal back."""
    settled(request, approval_id, (VOUCH,))
    return redirect("pages:vouched")


@require_POST
@requires("rules.vouch")
def end_vouched(request: HttpRequest, vouched_id: int) -> HttpResponse:
    """End what was vouched for."""
    tried(request, lambda: end(request.user, vouched_id, timezone.now()))
    return redirect("pages:vouched")


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def _told(pack: Pack, rule: Rule, today: date) -> Told:
    language = _language()
    force = FORCES[language].get(rule.force.value, rule.force.value)
    begins, ends = rule.in_force.from_, rule.in_force.until
    waiting = begins is not None and begins > today
    return Told(
        rule_id=rule.id,
        pack=getattr(pack.head.title, language),
        title=getattr(rule.title, language),
        cited=cited(rule, language),
        explanation=getattr(rule.explanation, language).strip(),
        full="\n".join(explained(rule, language).split("\n")[2:]),
        force=force,
        certainty=CERTAINTIES[language].get(rule.confidence, rule.confidence),
        verified=rule.verified,
        begins=begins,
        ends=ends,
        state="coming" if waiting else "now" if rule.in_force.holds(today) else "ended",
        acts=tuple(rule.acts),
    )


def _fits(one: Told, asked: dict[str, str]) -> bool:
    said = " ".join((one.rule_id, one.title, one.cited, one.explanation)).casefold()
    wanted_words = asked["words"].casefold().split()
    return (
        all(part in said for part in wanted_words)
        and (not asked["act"] or asked["act"] in one.acts)
        and (
            not asked["state"] or (one.state == asked["state"] if asked["state"] != "unseen" else not one.verified)
        )
    )
