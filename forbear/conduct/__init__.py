"""The gate: no act without the law's leave. Rules are dated, cited data; see `docs/gate.md`."""

from forbear.conduct.clearance import Cleared, NotCleared, Refusal, ask, require_cleared
from forbear.conduct.judge import RuleAnswer, Verdict, judge, judge_one
from forbear.conduct.rules import Answer, Rule
from forbear.conduct.situation import Contact, Fact, Proposal, Situation
from forbear.conduct.stack import Pack, Packs, load_packs, read_pack, shipped_names

__all__ = [
    "Answer",
    "Cleared",
    "Contact",
    "Fact",
    "NotCleared",
    "Pack",
    "Packs",
    "Proposal",
    "Refusal",
    "Rule",
    "RuleAnswer",
    "Situation",
    "Verdict",
    "ask",
    "judge",
    "judge_one",
    "load_packs",
    "read_pack",
    "require_cleared",
    "shipped_names",
]
