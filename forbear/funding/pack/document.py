"""The pack as sections of tables in one language: the PDF, the spreadsheet and the desk's page draw the same ones."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse

LANGUAGES = ("zh", "en")
Told = Mapping[str, Any]
MOB = (0, 3, 6, 9, 12, 18, 24)
"""Months on book that the pack shows of a vintage."""


@dataclass(frozen=True)
class Cell:
    """A cell: text as shown; `number` and `kind` (money, count, share) where it is a figure, for the spreadsheet."""

    text: str
    number: Decimal | None = None
    kind: str = "text"
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """A table: columns, and rows whose first cell names them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def heads(self) -> list[tuple[str, bool]]:
        """Each column's head, and whether any figure stands below it."""
        return [
            (head, any(row[place].number is not None for row in self.rows))
            for place, head in enumerate(self.columns)
        ]


@dataclass(frozen=True)
class Section:
    """A section of the pack."""

    name: str
    title: str
    lead: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = field(default=())


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


class Writer:
    """Words and figures in one language."""

    def __init__(self, told: Told, language: str) -> None:
        if language not in LANGUAGES:
            raise WrongUse(f"there is no language {language!r}", f"one of {', '.join(LANGUAGES)}")
        self.told, self.language = told, language

    def say(self, group: str, key: str, **values: Any) -> str:
        """A word of `words.toml`."""
        text: str = _words()[group][key][self.language]
        return text.format(**values) if values else text

    def of(self, titles: Mapping[str, str]) -> str:
        """A title that stands in the figures in both languages."""
        return titles.get(self.language) or titles.get("en") or next(iter(titles.values()))

    def columns(self, *names: str) -> tuple[str, ...]:
        """Heads of columns."""
        return tuple(self.say("columns", n) for n in names)

    def money(self, text: str | None) -> Cell:
        """An amount with its groups of three."""
        return self._figure(text, "money", lambda v: f"{v:,}")

    def count(self, value: int | str | None) -> Cell:
        """A number of things."""
        return self._figure(None if value is None else str(value), "count", lambda v: f"{v:,}")

    def share(self, text: str | None, digits: int = 2) -> Cell:
        """A fraction as per cent."""
        return self._figure(text, "share", lambda v: f"{v * 100:.{digits}f} %")

    def plain(self, text: str | None) -> Cell:
        """A figure as it is."""
        return self._figure(text, "plain", str)

    def _figure(self, text: str | None, kind: str, shown: Callable[[Decimal], str]) -> Cell:
        if text is None:
            return Cell(self.say("phrases", "none"))
        value = Decimal(text)
        return Cell(shown(value), value, kind)


def document(told: Told, language: str) -> list[Section]:
    """The sections of the pack; one whose figures are missing is left out.

    Args:
        told: `funding.json`.
        language: zh or en.

    Raises:
        WrongUse: there is no such language.
    """
    write = Writer(told, language)
    return [section for name, make in SECTIONS.items() if (section := _section(write, name, make(write)))]


def _section(write: Writer, name: str, made: Any) -> Section | None:
    if made is None:
        return None
    tables, notes = made
    figures = write.told["figures"]
    lead = write.say("leads", name)
    values = {
        "rate": write.share(write.told["forecast"]["rate"], 0).text,
        "count": len(figures),
        "bad": sum(not f["holds"] for f in figures),
    }
    return Section(name, write.say("sections", name), lead.format(**values), tuple(tables), tuple(notes))


def _overview(w: Writer) -> Any:
    rows = [
        (Cell(w.of(f["title"])), w.money(f["value"]) if f["is_money"] else w.count(f["value"]))
        for f in w.told["figures"]
        if f["section"] == "book"
    ]
    rows += [(Cell(w.of(f["title"])), w.money(f["value"])) for f in w.told["figures"] if f["section"] == "rates"]
    return [Table(w.columns("figure", "value"), tuple(rows))], [
        w.say("phrases", "all_hold" if w.told["reconciled"] else "some_differ")
    ]


def _covenants(w: Writer) -> Any:
    if not w.told["covenants"]:
        return None
    tones = {"met": "good", "near": "wait", "heading": "wait", "broken": "bad", "event": "bad"}
    rows = []
    for c in w.told["covenants"]:
        figure = w.money if c["is_money"] else w.share
        sign = "≤ " if c["direction"] == "at_most" else "≥ "
        threshold = figure(c["threshold"])
        ahead = c["ahead"][-1]["value"] if c["ahead"] else None
        rows.append(
            (
                Cell(w.of(c["title"])),
                figure(c["value"]),
                Cell(sign + threshold.text, threshold.number, threshold.kind),
                figure(c["headroom"]),
                figure(ahead),
                Cell(w.say("states", c["state"]), tone=tones.get(c["state"], "")),
            )
        )
    notes = [f"{c['id']}: {c['consequence']}" for c in w.told["covenants"] if c["consequence"]]
    columns = w.columns("covenant", "value", "threshold", "headroom", "ahead", "state")
    return [Table(columns, tuple(rows))], notes


def _base(w: Writer) -> Any:
    base = w.told["base"]
    if base is None:
        return None
    rows = [(Cell(w.say("phrases", "principal_all")), w.count(base["loans"]), w.money(base["principal"]))]
    rows += [
        (Cell("− " + w.of(s["title"])), w.count(s["loans"]), w.money(s["principal"])) for s in base["ineligible"]
    ]
    rows += [(Cell(w.say("phrases", "eligible")), w.count(base["eligible_loans"]), w.money(base["eligible"]))]
    for s in base["excess"]:
        group = f" ({s['group']})" if s["group"] else ""
        rows += [(Cell("− " + w.of(s["title"]) + group), w.count(s["loans"]), w.money(s["principal"]))]
    rate = w.share(base["advance_rate"], 0).text
    for key in ("net", "advance", "limit", "drawn", "available"):
        amount = base["base" if key == "advance" else key]
        named = w.say("phrases", key, rate=rate) if key == "advance" else w.say("phrases", key)
        rows += [(Cell(named), Cell(""), w.money(amount))]
    return [Table(w.columns("step", "loans", "principal"), tuple(rows))], []


def _forecast(w: Writer) -> Any:
    told = w.told["forecast"]
    rows = [
        (Cell(p["ends_on"]), *(w.money(p[k]) for k in ("low", "expected", "high", "naive", "total")))
        for p in told["periods"]
    ]
    columns = w.columns("until", "low", "expected", "high", "naive", "total")
    notes = []
    if told["error"] is not None:
        values = {
            "error": w.share(told["error"], 1).text,
            "naive": w.share(told["naive_error"], 1).text,
            "covered": told["covered"],
            "judged": told["judged"],
        }
        notes = [w.say("phrases", "error", **values)]
    return [Table(columns, tuple(rows))], notes


def _liquidity(w: Writer) -> Any:
    rows = [
        (Cell(f["ends_on"]), *(w.money(f[k]) for k in ("cash", "principal", "service", "free", "total", "low")))
        for f in w.told["forecast"]["liquidity"]
    ]
    return [Table(w.columns("until", "cash", "principal", "service", "free", "total", "careful"), tuple(rows))], []


def _losses(w: Writer) -> Any:
    told = w.told["losses"]
    stages = [
        (
            Cell(str(s["stage"])),
            w.count(s["loans"]),
            *(w.money(s[k]) for k in ("gross", "twelve_months", "lifetime", "allowance")),
        )
        for s in told["stages"]
    ]
    pds = [
        (
            Cell(f"{p['days_from']}–{p['days_to']}" if p["days_to"] > p["days_from"] else str(p["days_from"])),
            w.share(str(p["pd_12_months"])),
            Cell(w.say("phrases", "fallback")) if p["is_fallback"] else w.count(p["loans"]),
        )
        for p in told["pds"]
    ]
    scenarios = [
        (Cell(w.of(s["title"])), w.share(s["weight"], 0), w.money(s["allowance"])) for s in told["scenarios"]
    ]
    lgd = w.share(told["lgd"], 1).text
    note = (
        w.say("phrases", "lgd", lgd=lgd, loans=told["lgd_loans"])
        if told["lgd_loans"]
        else w.say("phrases", "lgd_fallback", lgd=lgd)
    )
    return [
        Table(w.columns("stage", "loans", "gross", "twelve", "life", "allowance"), tuple(stages)),
        Table(w.columns("scenario", "weight", "allowance"), tuple(scenarios)),
        Table(w.columns("range", "pd", "loans"), tuple(pds)),
    ], [note]


def _provision(w: Writer) -> Any:
    told = w.told["provision"]
    if not told:
        return None
    names = {c["category"]: w.of(c["title"]) for c in w.told["portfolio"]["classification"]["categories"]}
    rows = [
        (Cell(names.get(c["category"], c["category"])), w.money(c["principal"]), w.money(c["provision"]))
        for c in told["by_category"]
    ]
    rows += [(Cell(w.say("phrases", "general")), w.money(told["principal"]), w.money(told["general"]))]
    rows += [(Cell(w.say("phrases", "required")), Cell(""), w.money(told["required"]))]
    ratios = [(Cell(w.say("phrases", "npl")), w.money(told["npl"]))]
    ratios += [(Cell(w.say("phrases", k)), w.share(told[k])) for k in ("npl_ratio", "coverage", "loan_provision")]
    return [
        Table(w.columns("category", "principal", "provision"), tuple(rows)),
        Table(w.columns("figure", "value"), tuple(ratios)),
    ], [w.of(told["title"])]


def _buckets(w: Writer) -> Any:
    rows = [
        (
            Cell(b["bucket"]),
            w.count(b["loans"]),
            w.money(b["principal"]),
            w.share(b["share_principal"]),
            w.money(b["arrears"]),
        )
        for b in w.told["portfolio"]["buckets"]
    ]
    return [Table(w.columns("bucket", "loans", "principal", "share", "arrears"), tuple(rows))], []


def _rolls(w: Writer) -> Any:
    told = w.told["portfolio"]["rolls"]
    if not told["average"]:
        return None
    names = told["buckets"]
    found = {(r["from"], r["to"]): r["share_principal"] for r in told["average"]["rows"]}
    starts = [n for n in names if any(a == n for a, _ in found)]
    rows = [(Cell(a), *(w.share(found[a, b]) if (a, b) in found else Cell("") for b in names)) for a in starts]
    closed = {"zh": "结清", "en": "closed"}[w.language]
    heads = (w.columns("bucket")[0], *(closed if n == "closed" else n for n in names))
    return [Table(heads, tuple(rows))], []


def _vintages(w: Writer) -> Any:
    rows = []
    for v in w.told["portfolio"]["vintages"]:
        by_mob = {p["mob"]: p["rate_30_principal"] for p in v["curves"]}
        points = (w.share(by_mob[m]) if m in by_mob else Cell("") for m in MOB)
        rows.append((Cell(v["month"]), w.count(v["loans"]), w.money(v["principal"]), *points))
    heads = (*w.columns("month", "loans", "principal"), *(f"MOB {m}" for m in MOB))
    return [Table(heads, tuple(rows))], []


def _conduct(w: Writer) -> Any:
    if not w.told["conduct"]:
        return None
    rows = [
        (
            Cell(c["month"]),
            w.count(c["contacts"]),
            w.count(c["cured"]),
            w.plain(c["contacts_per_cure"]),
            w.count(c["complaints"]),
            w.plain(c["complaints_per_1000"]),
        )
        for c in w.told["conduct"]
    ]
    return [
        Table(w.columns("month", "contacts", "cured", "per_cure", "complaints", "per_thousand"), tuple(rows))
    ], []


def _reconciliation(w: Writer) -> Any:
    rows = []
    for f in w.told["figures"]:
        shown = w.money if f["is_money"] else w.count
        difference = shown(f["difference"])
        rows.append(
            (
                Cell(w.of(f["title"])),
                shown(f["value"]),
                shown(f["ledger"]),
                Cell(difference.text, difference.number, difference.kind, "good" if f["holds"] else "bad"),
                w.count(f["loans"]),
                Cell(w.of(f["derived"])),
            )
        )
    return [Table(w.columns("figure", "value", "ledger", "difference", "loans", "derived"), tuple(rows))], []


def _sources(w: Writer) -> Any:
    told = [(s["text"], s["verified"]) for s in w.told["losses"]["sources"]]
    if w.told["provision"]:
        citation = w.told["provision"]["citation"]
        told.append((f"{citation['instrument']}：{citation['article']}", citation["verified"]))
        told.append((w.told["provision"]["asked"]["instrument"], w.told["provision"]["asked"]["verified"]))
    rows = tuple((Cell(text), Cell(w.say("phrases", "yes" if seen else "no"))) for text, seen in told)
    notes: Sequence[str] = (w.say("phrases", "forecast_source"), w.say("phrases", "trend_source"))
    return [Table(w.columns("source", "checked"), rows)], notes


SECTIONS: dict[str, Callable[[Writer], Any]] = {
    "overview": _overview,
    "covenants": _covenants,
    "base": _base,
    "forecast": _forecast,
    "liquidity": _liquidity,
    "losses": _losses,
    "provision": _provision,
    "buckets": _buckets,
    "rolls": _rolls,
    "vintages": _vintages,
    "conduct": _conduct,
    "reconciliation": _reconciliation,
    "sources": _sources,
}
"""In the order of the pack."""
