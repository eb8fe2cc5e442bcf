"""Pages of templates: what is in force, what waits; writing with a preview, comparing versions, approving."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forbear.desk.pages.trying import tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.wording import drafting
from forbear.desk.wording.checking import Checked, Draft, checked
from forbear.desk.wording.models import Template, Version
from forbear.desk.wording.tables import CHANNELS, LANGUAGES, parts, steps, variables

STATE_WORDS = {
    "draft": gettext_lazy("draft"),
    "proposed": gettext_lazy("waits for approval"),
    "approved": gettext_lazy("in force"),
    "refused": gettext_lazy("not approved"),
    "retired": gettext_lazy("no longer in force"),
}
LANGUAGE_WORDS = {"zh": "中文", "en": "English"}


@require_safe
@requires("templates.see")
def all_of_them(request: HttpRequest) -> HttpResponse:
    """The templates by step, with how many versions are in force and wait; what waits for approval on top."""
    rows = list(Template.objects.prefetch_related("versions").order_by("name"))
    order = list(steps())
    rows.sort(key=lambda row: (order.index(row.purpose) if row.purpose in order else 99, row.name))
    waiting = Version.objects.filter(state="proposed").select_related("template", "made_by").order_by("version_id")
    told = {
        "templates": [_counted(row) for row in rows],
        "waiting": waiting,
        "may_write": allowed(request.user, "templates.write"),
        "language_words": LANGUAGE_WORDS,
    }
    return render(request, "wording/list.html", told)


@require_safe
@requires("templates.see")
def of(request: HttpRequest, name: str) -> HttpResponse:
    """All versions of one template, the latest of each place first."""
    template = Template.objects.filter(pk=name).first()
    if template is None:
        raise Http404
    rows = template.versions.select_related("made_by", "approved_by")
    told = {
        "template": template,
        "title": _title(template.purpose),
        "versions": [
            (row, STATE_WORDS[row.state])
            for row in rows.order_by("jurisdiction", "channel", "-language", "-number")
        ],
        "may_write": allowed(request.user, "templates.write"),
    }
    return render(request, "wording/of.html", told)


@require_safe
@requires("templates.see")
def version(request: HttpRequest, version_id: int) -> HttpResponse:
    """One version: as it reads, its length and cost, what the checks say, and what differs from the one before."""
    row = Version.objects.select_related("template", "made_by", "approved_by").filter(pk=version_id).first()
    if row is None:
        raise Http404
    slot = {name: getattr(row, name) for name in ("template_id", "language", "channel", "jurisdiction")}
    before = Version.objects.filter(**slot, number__lt=row.number).order_by("-number").first()
    told = {
        "row": row,
        "title": _title(row.template.purpose),
        "state": STATE_WORDS[row.state],
        "checked": checked(drafting.draft_of(row)),
        "before": before,
        "changes": list(changes(before.body, row.body)) if before else [],
        "may_write": allowed(request.user, "templates.write"),
        "may_approve": allowed(request.user, "templates.approve") and row.made_by_id != request.user.pk,
    }
    return render(request, "wording/version.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("templates.write")
def write(request: HttpRequest) -> HttpResponse:
    """Write a new version, begun from another if `from` names it; first looked at, then kept."""
    if request.method == "POST":
        given = request.POST.dict()
        draft = _draft(given)
        found = checked(draft) if draft else Checked(faults=(_("choose a step"),))
        if draft and "keep" in given:
            kept: list[Version] = []
            name = given.get("name") or draft.step.name

            def keep() -> None:
                kept.append(drafting.write(request.user, name, draft, given.get("why", ""), timezone.now()))

            if tried(request, keep):
                return redirect("wording:version", version_id=kept[0].pk)
        return _form(request, given, found)
    begun = request.GET.get("from", "")
    row = Version.objects.select_related("template").filter(pk=begun).first() if begun.isdecimal() else None
    given = {"jurisdiction": "cn", "language": "zh", "channel": "sms"}
    if row is not None:
        given = {name: getattr(row, name) for name in ("language", "channel", "jurisdiction", "subject", "body")}
        given |= {"step": row.template.purpose, "name": row.template_id}
    return _form(request, given, None)


@require_POST
@requires("templates.write")
def propose(request: HttpRequest, version_id: int) -> HttpResponse:
    """Propose a draft to compliance."""
    if tried(request, lambda: drafting.propose(request.user, version_id, timezone.now())):
        messages.success(request, _("Proposed. Another person of compliance approves it."))
    return _back(version_id)


@require_POST
@requires("templates.approve")
def approve(request: HttpRequest, version_id: int) -> HttpResponse:
    """Approve what another proposed."""
    if tried(request, lambda: drafting.approve(request.user, version_id, timezone.now())):
        messages.success(request, _("In force from now on."))
    return _back(version_id)


@require_POST
@requires("templates.approve")
def refuse(request: HttpRequest, version_id: int) -> HttpResponse:
    """Refuse what another proposed, with a reason."""
    reason = request.POST.get("reason", "")
    tried(request, lambda: drafting.refuse(request.user, version_id, reason, timezone.now()))
    return _back(version_id)


@require_POST
@requires("templates.approve")
def retire(request: HttpRequest, version_id: int) -> HttpResponse:
    """Take words out of force."""
    tried(request, lambda: drafting.retire(request.user, version_id, timezone.now()))
    return _back(version_id)


def changes(before: str, after: str) -> Iterator[tuple[str, str]]:
    """What differs between two texts: (same, del or ins, the text), in order, by words and by characters of Chinese."""
    old, new = _pieces(before), _pieces(after)
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[a:b])
            continue
        if b > a:
            yield "del", "".join(old[a:b])
        if d > c:
            yield "ins", "".join(new[c:d])


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for char in text:
        if pieces and char.isascii() and char.isalnum() and pieces[-1][-1].isascii() and pieces[-1][-1].isalnum():
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _form(request: HttpRequest, given: dict[str, Any], found: Checked | None) -> HttpResponse:
    told = {
        "given": given,
        "found": found,
        "steps": [(name, _title(name)) for name in steps()],
        "languages": [(one, LANGUAGE_WORDS[one]) for one in LANGUAGES],
        "channels": CHANNELS,
        "jurisdictions": list(parts()),
        "variables": [(one.name, one.type, one.about[_language()]) for one in variables().values()],
        "asked": [
            part for rows in parts().values() for part in rows if part.jurisdiction == given.get("jurisdiction")
        ],
    }
    return render(request, "wording/write.html", told, status=200)


def _draft(given: dict[str, Any]) -> Draft | None:
    step = steps().get(given.get("step", ""))
    if step is None:
        return None
    names = ("language", "channel", "jurisdiction", "body", "subject")
    return Draft(step, *(str(given.get(name, "")).replace("\r\n", "\n").strip() for name in names))


def _counted(row: Template) -> dict[str, Any]:
    states = [one.state for one in row.versions.all()]
    return {
        "row": row,
        "title": _title(row.purpose),
        "in_force": states.count("approved"),
        "drafts": states.count("draft"),
        "waiting": states.count("proposed"),
    }


def _title(step: str) -> str:
    known = steps().get(step)
    return str(known.title[_language()]) if known else step


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def _back(version_id: int) -> HttpResponse:
    if not Version.objects.filter(pk=version_id).exists():
        return redirect("wording:list")
    return redirect("wording:version", version_id=version_id)
