"""The templates and scripts that come with Forbear: written into the desk as drafts, once; nobody has approved them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files

from forbear.desk.wording.checking import Draft
from forbear.desk.wording.drafting import write
from forbear.desk.wording.models import Version
from forbear.desk.wording.tables import parts, steps

WHY = "came with Forbear"


def shipped() -> Iterator[tuple[str, Draft]]:
    """Names and drafts of all that come."""
    folder = files(__package__).joinpath("shipped")
    for row in tomllib.loads(folder.joinpath("messages.toml").read_text("utf-8"))["message"]:
        step = steps()[row["step"]]
        for place in row["for"]:
            text, subject = row["body"].strip(), row.get("subject", "")
            yield row["step"], Draft(step, row["language"], row["channel"], place, text, subject)
    for language in ("zh", "en"):
        text = folder.joinpath(f"call.{language}.yaml").read_text("utf-8")
        for place in parts():
            yield "call", Draft(steps()["call"], language, "call", place, text)


def load(at: datetime) -> list[Version]:
    """Write down those whose place is empty; what somebody wrote stays as it is."""
    made = []
    for name, draft in shipped():
        slot = {"language": draft.language, "channel": draft.channel, "jurisdiction": draft.jurisdiction}
        if not Version.objects.filter(template_id=name, **slot).exists():
            made.append(write(None, name, draft, WHY, at))
    return made
