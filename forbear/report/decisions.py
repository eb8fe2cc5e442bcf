"""The chapter on decisions, where the close was given a strategy: what is done, to how many, who is left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forbear.report.figures import count
from forbear.report.model import Chart, Column, Section, Series, Table, table_of
from forbear.report.telling import Telling


def decisions(tell: Telling) -> Section | None:
    """The section, or None where no strategy was given."""
    told = tell.part("decisions")
    if not told:
        return None
    strategy = told["strategy"]
    notes = [
        tell("decisions.strategy", title=tell.own(strategy["title"]), version=strategy["version"],
             sha=strategy["sha256"][:12], packs=", ".join(strategy["packs"])),
        tell("decisions.treated", looked=count(told["looked_at"]), treated=count(told["treated"]),
             waiting=count(told["looked_at"] - told["treated"]), day=told["for_day"]),
        tell("decisions.gap", gap=f"{100 * float(told['gap']):.4f}"),
    ]  # fmt: skip
    makers = (_by_action, _waiting, _held_back, _capacities)
    tables = tuple(t for make in makers if (t := make(tell, told)) is not None)
    lead = tell("decisions.lead")
    return Section("decisions", tell("decisions.title"), lead, (), _chart(tell, told), tables, tuple(notes))


def _chart(tell: Telling, told: Mapping[str, Any]) -> tuple[Chart, ...]:
    rows = told["by_action"]
    names = (*(tell.own(row["title"]) for row in rows), tell("decisions.wait"))
    numbers = (*(float(row["borrowers"]) for row in rows), float(told["looked_at"] - told["treated"]))
    series = Series(tell("decisions.borrowers"), numbers)
    return (Chart(tell("decisions.by_action"), "bar", names, (series,), "count", tell("decisions.step")),)


def _by_action(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    if not told["by_action"]:
        return None
    columns = (
        Column(tell("decisions.step"), lambda row: tell.own(row["title"])),
        tell.counts(tell("decisions.borrowers"), "borrowers"),
        tell.counts(tell("loans"), "loans"),
        tell.moneys(tell("decisions.at_stake"), "at_stake"),
        tell.moneys(tell("decisions.expected_gain"), "expected_gain"),
        tell.moneys(tell("decisions.expected_gain_mid"), "expected_gain_mid"),
        tell.moneys(tell("decisions.cost"), "cost"),
        Column(tell("decisions.burden"), lambda row: f"{row['burden']:,.0f}"),
    )
    return table_of(tell("decisions.by_action"), told["by_action"], columns, is_open=True)


def _waiting(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    if not told["waiting"]:
        return None
    words = tell.say.entries["decisions"]["reasons"]
    columns = (
        Column(tell("decisions.reason"), lambda row: words.get(row["reason"], row["reason"])),
        tell.counts(tell("decisions.borrowers"), "borrowers"),
        tell.moneys(tell("decisions.at_stake"), "at_stake"),
    )
    return table_of(tell("decisions.waiting"), told["waiting"], columns, is_open=True)


def _held_back(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    if not told["held_back"]:
        return None
    columns = (
        Column(tell("decisions.rule"), lambda row: str(row["rule"])),
        tell.counts(tell("decisions.borrowers"), "borrowers"),
        tell.counts(tell("decisions.acts"), "acts"),
        Column(tell("decisions.channels"), lambda row: str(row["channels"]), is_words=True),
    )
    return table_of(tell("decisions.held_back"), told["held_back"], columns)


def _capacities(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    if not told["capacities"]:
        return None
    columns = (
        Column(tell("decisions.capacity"), lambda row: str(row["capacity"])),
        Column(tell("decisions.limit"), lambda row: f"{row['limit']:,.0f}"),
        Column(tell("decisions.used"), lambda row: f"{row['used']:,.0f}"),
        Column(tell("decisions.price"), lambda row: f"{row['price']:,.2f}"),
    )
    return table_of(tell("decisions.capacities"), told["capacities"], columns)
