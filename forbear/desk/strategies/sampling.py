"""Strategies and an experiment of a sample desk: one in force, one that waits for its second person, one on trial.

Invented like all of the sample; what is in force vouches for what nobody has done (`sample.toml`) and sends nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from forbear.desk.experiments import defining, running, watching
from forbear.desk.experiments.models import Experiment
from forbear.desk.people import approvals
from forbear.desk.people.models import User
from forbear.desk.strategies import planning, versions
from forbear.desk.strategies.models import Decided
from forbear.treatment.strategy import shipped_text

CALMER = """extends = "sample"
name = "sample"
version = "2"
title = { zh = "示例策略：少打电话", en = "Sample: fewer calls" }

[capacities]
agent_minutes = 600
"""
WIDER = """extends = "sample"
name = "sample"
version = "3"
title = { zh = "示例策略：更早提醒", en = "Sample: earlier reminders" }
ahead_days = 5
ahead_least = "0.20"
"""


def furnish_strategies(manager: User, compliance: User, at: datetime) -> None:
    """Put the sample strategy in force, propose another, start an experiment and look at it once."""
    first = versions.write(manager, shipped_text("sample"), "to begin with", at)
    approvals.approve(compliance, versions.propose(manager, first.pk, at).pk, at)
    last = Decided.objects.order_by("-as_of").values_list("as_of", flat=True).first()
    if last is not None:
        planning.plan_night(last, at)
    calmer = versions.write(manager, CALMER, "fewer calls, the same reminders", at)
    wanted = defining.Wanted("fewer calls", [(calmer.pk, Decimal("0.3"))], Decimal("0.05"), margin=0.005)
    made = defining.define(manager, wanted, at)
    approvals.approve(compliance, defining.propose(manager, made.pk, at).pk, at)
    row = Experiment.objects.get(pk=made.pk)
    running.join(row, (at - timedelta(days=40)).date(), at)
    watching.look(row, at)
    wider = versions.write(manager, WIDER, "remind two days earlier", at)
    versions.propose(manager, wider.pk, at)
