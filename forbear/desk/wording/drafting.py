"""From a draft to words in force: every save is a new version; compliance approves what another wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.people import approvals
from forbear.desk.wording.checking import Draft, checked
from forbear.desk.wording.models import Template, Version
from forbear.desk.wording.tables import steps

KIND = "templates.use"
LONGEST = 20_000
"""Characters of a text that is kept."""


def write(user: Any, name: str, draft: Draft, why: str, at: datetime) -> Version:
    """Keep a draft as the next version; the versions before it stay as they are.

    Args:
        user: who wrote it, or None: it came with Forbear.
        name: of the template; made when there is none.
        draft: the words and where they stand.
        why: what was changed and why.
        at: now.

    Raises:
        WrongUse: something stands against it (all of it is told), or the template is of another step.
    """
    if len(draft.body) > LONGEST or len(draft.subject) > 200:
        raise WrongUse(_("the text is too long"), _("at most %(most)s characters") % {"most": LONGEST})
    found = checked(draft)
    if not found.good:
        raise WrongUse(_("this cannot be kept"), "; ".join(found.faults))
    with transaction.atomic():
        template = _template(name, draft)
        slot = {"language": draft.language, "channel": draft.channel, "jurisdiction": draft.jurisdiction}
        last = Version.objects.filter(template=template, **slot).aggregate(Max("number"))["number__max"] or 0
        made = Version.objects.create(
            template=template,
            **slot,
            number=last + 1,
            subject=draft.subject,
            body=draft.body,
            why=why.strip()[:500],
            made_at=at,
            made_by=user,
        )
        record(user or "forbear desk", "template.written", f"template:{name}", version=made.pk, number=made.number)
    return made


def _template(name: str, draft: Draft) -> Template:
    with connection.cursor() as cursor:  # two who save at once get two numbers, one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"template:{name}"])
    template = Template.objects.filter(pk=name).first()
    if template is None:
        if not (
            name.isascii() and 0 < len(name) <= 60 and all(c.islower() or c.isdigit() or c in "_-" for c in name)
        ):
            raise WrongUse(
                _("%(name)r is no name of a template") % {"name": name}, _("small letters, digits, _ and -")
            )
        return Template.objects.create(name=name, kind=draft.step.kind, purpose=draft.step.name)
    if template.purpose != draft.step.name:
        raise WrongUse(
            _("%(name)s is for another step") % {"name": name},
            str(steps()[template.purpose].title[draft.language]),
        )
    return template


def propose(user: Any, version_id: int, at: datetime) -> Version:
    """Ask compliance to approve a draft.

    Raises:
        WrongUse: there is no such draft, or what is checked stands against it by now.
        PermissionDenied: the user may not propose.
    """
    with transaction.atomic():
        version = _version(version_id, ("draft", "refused"))
        _check_again(version)
        made = approvals.propose(user, KIND, {"version_id": version.pk}, f"template:{version.template_id}", at)
        version.state, version.approval_id = "proposed", made.pk
        version.save(update_fields=["state", "approval_id"])
    return version


def approve(user: Any, version_id: int, at: datetime) -> Version:
    """Approve what another proposed: it is in force from now on, the one before it is retired.

    Raises:
        WrongUse, AnswerIsNo, PermissionDenied: as `approvals.approve`; also for the author, whoever proposed it.
    """
    version = _version(version_id, ("proposed",), lock=False)
    approvals.approve(user, _approval(version), at)
    version.refresh_from_db()
    return version


def refuse(user: Any, version_id: int, reason: str, at: datetime) -> None:
    """Refuse what another proposed, with a reason."""
    with transaction.atomic():
        version = _version(version_id, ("proposed",))
        approvals.refuse(user, _approval(version), reason, at)
        version.state = "refused"
        version.save(update_fields=["state"])


def retire(user: Any, version_id: int, at: datetime) -> None:
    """Take words out of force; nothing planned with them is sent from then on."""
    with transaction.atomic():
        version = _version(version_id, ("approved",))
        version.state = "retired"
        version.save(update_fields=["state"])
        record(user, "template.retired", f"template:{version.template_id}", version=version.pk)


def put_in_force(version_id: int, by: Any, at: datetime) -> Version:
    """What approval does: the version's words are checked once more and hold from now on."""
    version = _version(version_id, ("proposed",))
    if version.made_by_id is not None and version.made_by_id == by.pk:
        raise AnswerIsNo(_("whoever wrote the words does not approve them"), _("another person of compliance does"))
    _check_again(version)
    slot = {name: getattr(version, name) for name in ("template_id", "language", "channel", "jurisdiction")}
    Version.objects.filter(**slot, state="approved").update(state="retired")
    version.state, version.approved_by, version.approved_at = "approved", by, at
    version.save(update_fields=["state", "approved_by", "approved_at"])
    record(by, "template.approved", f"template:{version.template_id}", version=version.pk, number=version.number)
    return version


def draft_of(version: Version) -> Draft:
    """A version as it was written."""
    step = steps()[version.template.purpose]
    return Draft(step, version.language, version.channel, version.jurisdiction, version.body, version.subject)


def _check_again(version: Version) -> None:
    found = checked(draft_of(version))
    if not found.good:
        raise WrongUse(_("this cannot be used"), "; ".join(found.faults))


def _version(version_id: int, states: Sequence[str], *, lock: bool = True) -> Version:
    rows = Version.objects.select_related("template")
    if lock:
        rows = rows.select_for_update(of=("self",))
    version = rows.filter(pk=version_id).first()
    if version is None or version.state not in states:
        raise WrongUse(_("there is no such version in this state"), _("look at the list of templates"))
    return version


def _approval(version: Version) -> UUID:
    if version.approval_id is None:
        raise WrongUse(_("it was not proposed"), _("propose it first"))
    return UUID(str(version.approval_id))
