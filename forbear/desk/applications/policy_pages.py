"""The policy's page: what holds, what was before, what waits; and a second person's word on what waits."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from forbear.desk.applications import paying_out, policies
from forbear.desk.applications.models import PolicyVersion
from forbear.desk.pages.trying import settled, tried
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import allowed, requires

VERSIONS = 20
KINDS = (policies.KIND, paying_out.KIND)


@require_safe
@requires("applications.see")
def policy(request: HttpRequest) -> HttpResponse:
    """The policy in force as it is written, earlier ones, and the proposals that wait."""
    held, version = policies.in_force()
    waiting = Approval.objects.filter(kind=policies.KIND, state="proposed", expires_at__gt=timezone.now())
    told = {
        "policy": held,
        "version": version,
        "text": policies.text_in_force(),
        "versions": PolicyVersion.objects.select_related("proposed_by", "approved_by").order_by("-version")[
            :VERSIONS
        ],
        "waiting": waiting.select_related("proposed_by").order_by("-proposed_at"),
        "may_propose": allowed(request.user, "assessment.policy"),
        "may_approve": allowed(request.user, "assessment.approve"),
    }
    return render(request, "applications/policy.html", told)


@require_POST
@requires("assessment.policy")
def propose(request: HttpRequest) -> HttpResponse:
    """Propose a policy."""
    text = request.POST.get("text", "")
    if tried(request, lambda: policies.propose_policy(request.user, text, timezone.now())):
        messages.success(request, _("Proposed: compliance or risk approves it."))
    return redirect("applications:policy")


@require_POST
@requires("applications.see")
def settle(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Approve or refuse what another has proposed on these pages; its kind says who may."""
    settled(request, approval_id, KINDS)
    row = Approval.objects.filter(pk=approval_id, kind__in=KINDS).first()
    if row is not None and row.kind == paying_out.KIND:
        return redirect("applications:one", application_id=row.payload["application_id"])
    return redirect("applications:policy")
