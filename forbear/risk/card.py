"""The model card: what a model answers, from what it learned, how well it does and where not; Markdown and HTML."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from forbear.risk.claims import LEAST_CLAIMED
from forbear.risk.frame import catalog, record_catalog

MOST_FEATURES = 12
_HEAD = ("column", "rows", "events", "AUC", "95 %", "outcomes", "KS", "Brier", "slope", "error", "worst segment")
QUESTIONS = {
    "p_late_next": "the next installment is not paid by its due date",
    "p_late_7": "it is still unpaid 7 days after",
    "p_cure_3": "all that is overdue is paid within 3 days",
    "p_cure_7": "… within 7 days",
    "p_cure_15": "… within 15 days",
    "p_cure_30": "… within 30 days (statuses: good or paid next month)",
    "p_roll": "a worse bucket in 30 days (statuses: next month)",
    "p_60_in_6m": "60 or more days past due within 6 months",
    "p_60_in_12m": "… within 12 months",
    "p_90_in_12m": "90 or more days past due within 12 months",
}


def card_markdown(told: Mapping[str, Any]) -> str:
    """The card as Markdown, from the content of `model.json`."""
    lines = [
        f"# Model card: {told['kind']}, as of {told['as_of']}",
        "",
        f"Fitted by Forbear {told['forbear']} on {told['rows']:,} moments of {told['borrowers']:,} borrowers"
        + (f" (mapping {told['book']['mapping']})" if told.get("book", {}).get("mapping") else "")
        + ". Every figure is of borrowers that the measuring fit had not seen, on days after those it knew, "
        "and of all loans of a day as `forbear score --as-of` meets them.",
        "",
        "## What it answers, and how well",
        "",
        *_table(_HEAD, [_row(n, c["all"]) for n, c in told["claims"].items()]),
        "",
        "### First-time borrowers alone",
        "",
        *_table(_HEAD[:-1], [_row(n, c["first_time"])[:-1] for n, c in told["claims"].items()]),
        "",
        *_at_disbursal(told),
        "Columns: " + "; ".join(f"`{n}`: {QUESTIONS[n]}" for n in told["claims"]) + ".",
        "A slope of 1 and an error of 0 are perfect calibration; the error is the mean gap over twenty bins. Where the "
        f"rarer outcome was seen fewer than {LEAST_CLAIMED} times, no ranking and no slope is claimed. The AUC alone "
        "rests on more: days on which the measuring fit knew other borrowers count there too: "
        "`outcomes` says on how many of the rarer kind. Other "
        "customers' AUC lies as far from the claim as the interval says and their own number of events lets it.",
        "",
        "## What it does not answer",
        "",
        *([f"- {name}: {why}" for name, why in told["missing"].items()] or ["Nothing of what it could be asked."]),
        "",
        "## Windows",
        "",
        *(f"- {name}: {words}" for name, words in told["windows"].items()),
        "",
        "## What it looks at",
        "",
    ]
    known = {**record_catalog(), **catalog()}
    for chain, shares in told["importance"].items():
        top = [(n, s) for n, s in shares.items() if n != "step~"][:MOST_FEATURES]
        rows = [(n, known[n].en if n in known else "the lender's own", f"{100 * s:.1f} %") for n, s in top]
        lines += [f"### {chain}", "", *_table(("feature", "definition", "share"), rows), ""]
    lines += _scorecards(told)
    lines += ["## What a reader must know", "", *(f"- {note}" for note in told["notes"]), "", *_CARE, ""]
    return "\n".join(lines)


_CARE = (
    "- Not for refusing relief, and not by itself for a harsher step: a score says what usually happened, not why.",
    "- Sex, age, marriage, health, origin and the like are never features; fairness by them is measured where known.",
    "- A person can contest a decision that rests on a score: docs/risk.md says what is kept for that.",
)


def _at_disbursal(told: Mapping[str, Any]) -> list[str]:
    """What is worth something on the day of disbursal; nothing where no column is ranked there."""
    rows = [
        _row(n, c["at_disbursal"])[:-1] for n, c in told["claims"].items() if c["at_disbursal"]["auc"] is not None
    ]
    head = "### Loans on their day of disbursal (`forbear score --at disbursal`)"
    return [head, "", *_table(_HEAD[:-1], rows), ""] if rows else []


def _scorecards(told: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, chain in told["chains"].items():
        if not chain["scorecard"]:
            continue
        card = chain["scorecard"]
        rows = [(p["name"], *_bins(p)) for p in card["parts"]]
        worse = "unpaid" if name == "late" else "staying as it is"
        lines += [
            f"## Scorecard of {name}",
            "",
            f"{card['base_points']} points to begin with; more is better (odds of {worse} halve with every 40).",
            "",
            *_table(("feature", "value: points", "not known"), rows),
            "",
        ]
    return lines


def _bins(part: Mapping[str, Any]) -> tuple[str, str]:
    cuts, points = part["cuts"], part["points"]
    ends = (
        [f"< {cuts[0]:g}", *(f"{a:g} to {b:g}" for a, b in itertools.pairwise(cuts)), f">= {cuts[-1]:g}"]
        if cuts
        else ["any"]
    )
    told = "; ".join(f"{e}: {p:+d}" for e, p in zip(ends, points, strict=False))
    return told, f"{points[-1]:+d}"


def _row(name: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    worst = f"{figures['worst']} ({_number(figures['worst_error'])})" if figures["worst"] else ""
    ends = [figures.get(k) for k in ("auc_low", "auc_high")]
    return (
        f"`{name}`",
        f"{figures['rows']:,}",
        f"{figures['events']:,}",
        _number(figures["auc"]),
        "" if None in ends else f"{ends[0]:.3f} to {ends[1]:.3f}",
        f"{figures['ranked']:,}" if "ranked" in figures else "",
        *(_number(figures[k]) for k in ("ks", "brier", "slope", "error")),
        worst,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    marks = "| " + " | ".join("---" for _ in head) + " |"
    clean = [[str(c).replace("|", "/").replace("\n", " ") for c in row] for row in rows]
    return ["| " + " | ".join(head) + " |", marks, *("| " + " | ".join(row) + " |" for row in clean)]


def card_html(told: Mapping[str, Any]) -> str:
    """The card as one HTML page that needs nothing else, made from its Markdown."""
    body: list[str] = []
    table: list[str] = []
    for line in [*card_markdown(told).splitlines(), ""]:
        if line.startswith("|"):
            table.append(line)
            continue
        if table:
            body.append(_html_table(table))
            table = []
        body.append(_html_line(line))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Model card</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{_STYLE}</style></head>\n<body>\n'
        + "\n".join(b for b in body if b)
        + "\n</body></html>\n"
    )


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;overflow-x:auto}td,th{border-bottom:1px solid #ddd;padding:.25em .7em;"
    "text-align:left;vertical-align:top}h1,h2,h3{line-height:1.2}code{background:#f3f3f3;padding:0 .2em}"
)


def _html_line(line: str) -> str:
    for mark, tag in (("### ", "h3"), ("## ", "h2"), ("# ", "h1"), ("- ", "p")):
        if line.startswith(mark):
            return f"<{tag}>{'• ' if mark == '- ' else ''}{_inline(line.removeprefix(mark))}</{tag}>"
    return f"<p>{_inline(line)}</p>" if line else ""


def _inline(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))


def _html_table(lines: list[str]) -> str:
    rows = [[c.strip() for c in line.strip("|").split(" | ")] for line in lines]
    cells = "".join(f"<th>{_inline(c)}</th>" for c in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{_inline(c)}</td>" for c in row) + "</tr>" for row in rows[2:])
    return f"<table><tr>{cells}</tr>{body}</table>"
