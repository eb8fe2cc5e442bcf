"""The policy in force: the last that two people put in force, else the shipped one."""

from __future__ import annotations

from datetime import datetime

from forbear.desk.applications.models import PolicyVersion
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval, User
from forbear.risk.assess_policy import Policy, read_policy, shipped, shipped_text

KIND = "assessment.policy"


def in_force() -> tuple[Policy, PolicyVersion | None]:
    """The policy that holds now, and its version; None: the shipped one."""
    last = PolicyVersion.objects.order_by("-version").first()
    return (read_policy(last.text, f"policy {last.version}"), last) if last else (shipped(), None)


def text_in_force() -> str:
    """The policy that holds now as it is written."""
    last = PolicyVersion.objects.order_by("-version").first()
    return str(last.text) if last else shipped_text()


def propose_policy(user: User, text: str, at: datetime) -> Approval:
    """Propose a policy; it holds once another approves.

    Raises:
        WrongUse: no policy can be so.
        PermissionDenied: the user may not propose one.
    """
    clean = text.replace("\r\n", "\n")
    made = read_policy(clean, "the policy")
    return propose(user, KIND, {"text": clean}, f"policy:{made.name}"[:200], at)
