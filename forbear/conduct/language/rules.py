"""The rules of words: what each forbids, on what ground, how grave, and what might be said instead."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

Severity = Literal["forbidden", "warn"]


class Rule(BaseModel):
    """One rule; `citations` are ids of the conduct packs' rules or articles of law."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    category: str
    citations: tuple[str, ...]
    zh: str
    en: str
    severity: Severity = "forbidden"
    lifted_by: tuple[str, ...] = ()
    spared_by: tuple[str, ...] = ()
    kinder_zh: str
    kinder_en: str


FACTS = {
    "first_contact": "this is the first message or call to the borrower about the account",
    "identified_elsewhere": "the channel itself shows who sends (a registered sender name, the lender's own app)",
    "opt_out_required": "the law or the lender's policy asks for an opt-out in this message",
    "lawyer_retained": "a licensed lawyer is retained for this account",
    "suit_approved": "the suit is decided, approved and intended",
    "suit_filed": "a court has accepted the case",
    "judgment": "there is a judgment or other enforceable title",
    "bureau_notice_given": "the prior notice of a negative report was given and is on record",
    "channel": "sms, email, letter, call, voicemail, app, chat",
}
"""Facts that `check_words` understands, and what each means."""


@cache
def rules() -> dict[str, Rule]:
    """All rules by id, in the order in which they are written."""
    data: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("data/rules.yaml").read_text("utf-8"))
    kinder = data["kinder"]
    written = {
        name: Rule(
            id=name,
            kinder_zh=kinder[row["category"]]["zh"],
            kinder_en=kinder[row["category"]]["en"],
            **row,
        )
        for name, row in data["rules"].items()
    }
    return written | _hints(written)


def _hints(written: dict[str, Rule]) -> dict[str, Rule]:
    """One rule a category for the second layer, on the ground of all rules of that category."""
    hints = {}
    for category in dict.fromkeys(rule.category for rule in written.values()):
        own = [rule for rule in written.values() if rule.category == category]
        name = f"words.hint.{category}"
        hints[name] = own[0].model_copy(
            update={
                "id": name,
                "citations": tuple(dict.fromkeys(c for rule in own for c in rule.citations)),
                "lifted_by": (),
                "spared_by": (),
                "zh": f"措辞整体上与违规用语相近。{own[0].zh}",
                "en": f"The wording as a whole reads like unlawful collection. {own[0].en}",
            }
        )
    return hints
