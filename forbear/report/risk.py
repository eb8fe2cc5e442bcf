"""The chapter on risk, where the close was given a model: who may be late, warnings, causes, the model's health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forbear.report.figures import count
from forbear.report.model import Cell, Chart, Column, Section, Series, Table, table_of
from forbear.report.telling import Telling

TONES = {"amber": "worse-2", "red": "worse-4"}


def risk(tell: Telling) -> Section | None:
    """The section, or None where no model was given."""
    told = tell.part("risk")
    if not told:
        return None
    model = told["model"]
    notes = [
        tell("risk.model", as_of=model["as_of"], days=model["days_old"], sha=model["sha256"][:12]),
        tell("risk.drift_light", light=tell(f"risk.lights.{told['drift_light']}")),
    ]
    warning = told.get("warning")
    if warning:
        notes.append(tell("risk.warned", warned=count(warning["warned"]), loans=count(warning["loans"]),
                          share=_percent(warning["share"])))  # fmt: skip
        if warning["turning"]:
            notes.append(tell("risk.turning"))
        notes.append(_measured(tell, warning["measured"]))
    makers = (_bands, _columns, _indicators, _segments, _macro, _causes, _kept, _drift, _fairness)
    tables = tuple(t for make in makers if (t := make(tell, told)) is not None)
    return Section("risk", tell("risk.title"), tell("risk.lead"), (), _chart(tell, told), tables, tuple(notes))


def _percent(value: object) -> str:
    return "–" if value is None else f"{100 * float(str(value)):.1f} %"


def _number(value: object) -> str:
    return "–" if value is None else f"{float(str(value)):.3f}"


def _band(row: Mapping[str, Any]) -> str:
    return f"{100 * float(row['from']):.0f}–{100 * float(row['to']):.0f} %"


def _chart(tell: Telling, told: Mapping[str, Any]) -> tuple[Chart, ...]:
    bands = told["bands"]
    loans = Series(tell("loans"), tuple(float(b["loans"]) for b in bands))
    return (Chart(tell("risk.bands"), "bar", tuple(map(_band, bands)), (loans,), "count", tell("risk.chance")),)


def _bands(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    columns = (
        Column(tell("risk.chance"), _band),
        tell.counts(tell("loans"), "loans"),
        Column(tell("principal"), lambda row: tell.amount(row["principal"])),
        Column(tell("risk.expected_late"), lambda row: f"{row['expected_late']:.0f}"),
        tell.counts(tell("risk.first_time"), "first_time"),
    )
    return table_of(tell("risk.bands"), told["bands"], columns, is_open=True)


def _columns(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    words = tell.say.entries["risk"]["columns"]
    columns = (
        Column(tell("risk.question"), lambda row: words.get(row["column"], row["column"])),
        tell.counts(tell("loans"), "loans"),
        Column(tell("risk.mean"), lambda row: _number(row["mean"])),
        Column("AUC", lambda row: _number(row["auc"])),
        Column(tell("risk.first_time_auc"), lambda row: _number(row["first_time_auc"])),
        Column(tell("risk.why_none"), lambda row: str(row["why_none"]), is_words=True),
    )
    return table_of(tell("risk.questions"), told["columns"], columns)


def _indicators(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    warning = told.get("warning")
    if not warning:
        return None
    columns = (
        Column(tell("risk.indicator"), tell.own),
        Column(tell("risk.group"), lambda row: tell(f"risk.groups.{row['group']}"), is_words=True),
        Column(tell("risk.lift"), lambda row: f"{row['lift']:.2f}"),
        Column(tell("risk.then"), lambda row: _percent(row["then"])),
        Column(tell("risk.now"), lambda row: _percent(row["now"])),
    )
    return table_of(tell("risk.indicators"), warning["indicators"], columns)


def _segments(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    rows = (told.get("warning") or {}).get("segments") or ()
    if not rows:
        return None
    columns = (
        Column(tell("risk.segment"), lambda row: str(row["value"])),
        tell.counts(tell("loans"), "loans"),
        Column(tell("risk.now"), lambda row: _percent(row["warned"])),
        Column(tell("risk.elsewhere"), lambda row: _percent(row["elsewhere"])),
    )
    return table_of(tell("risk.segments"), rows, columns)


def _macro(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    rows = told.get("macro") or ()
    if not rows:
        return None
    columns = (
        Column(tell("risk.series"), lambda row: str(row["series"])),
        Column(tell("risk.of_day"), lambda row: str(row["on"]), is_words=True),
        Column(tell("risk.value"), lambda row: f"{row['value']:g}"),
        Column(tell("risk.deviations"), lambda row: _number(row["deviations"])),
        Column(tell("risk.light"), lambda row: _lamp(tell, "amber" if row["warned"] else "green")),
    )
    return table_of(tell("risk.macro"), rows, columns)


def _causes(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    if not told["causes"]:
        return None
    columns = (
        Column(tell("risk.cause"), lambda row: tell.own(row) if "en" in row else tell("risk.unknown")),
        tell.counts(tell("loans"), "loans"),
        Column(tell("risk.helps"), lambda row: tell.own(row.get("helps", "")), is_words=True),
    )
    return table_of(tell("risk.causes"), told["causes"], columns, is_open=True)


def _kept(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    if not told["kept_word"]:
        return None
    words = tell.say.entries["risk"]["columns"]
    columns = (
        Column(tell("risk.question"), lambda row: words.get(row["column"], row["column"])),
        tell.counts(tell("loans"), "rows"),
        Column(tell("risk.predicted"), lambda row: _percent(row["predicted"])),
        Column(tell("risk.seen"), lambda row: _percent(row["seen"])),
        Column("AUC", lambda row: _number(row["auc"])),
        Column(tell("risk.light"), lambda row: _lamp(tell, row["light"])),
    )
    return table_of(tell("risk.kept"), told["kept_word"], columns)


def _drift(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    if not told["drift"]:
        return None
    columns = (
        Column(tell("risk.feature"), lambda row: str(row["name"])),
        Column(tell("risk.psi"), lambda row: _number(row["value"])),
        Column(tell("risk.light"), lambda row: _lamp(tell, row["light"])),
    )
    return table_of(tell("risk.drift"), told["drift"], columns)


def _lamp(tell: Telling, light: str) -> Cell:
    return Cell(tell(f"risk.lights.{light}"), TONES.get(light, ""))


def _fairness(tell: Telling, told: Mapping[str, Any]) -> Table | None:
    if not told["fairness"]:
        return None
    columns = (
        Column(tell("risk.of_group"), lambda row: f"{row['trait']}: {row['group']}"),
        tell.counts(tell("loans"), "rows"),
        Column(tell("risk.predicted"), lambda row: _percent(row["predicted"])),
        Column(tell("risk.seen"), lambda row: _percent(row["seen"])),
        Column(tell("risk.alarms"), lambda row: _percent(row["false_alarms"])),
        Column(tell("risk.found"), lambda row: _percent(row["found"])),
        Column(tell("risk.equal"), lambda row: _percent(row["equal_found"])),
    )
    return table_of(tell("risk.fairness"), told["fairness"], columns)


def _measured(tell: Telling, measured: Mapping[str, Any]) -> str:
    keys = ("late", "precision", "recall", "recall_of_rule")
    shown = {k: _percent(measured.get(k)) for k in keys}
    return tell("risk.measured", days=measured.get("median_days_ahead"), **shown)
