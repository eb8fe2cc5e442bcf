"""The rule that keeps the future out: shipped tables pass, fifty planted leaks do not."""

from __future__ import annotations

import re

import pytest

from forbear.basics.errors import WrongUse
from forbear.risk.tables import leak, refuse_leaks, risk_table, risk_tables

SEEN = {n: t for n, t in risk_tables().items() if t.role == "seen" and re.search(r"<=? \w+\.as_of", t.text)}
FEATURES = [
    n for n, t in risk_tables().items() if t.role == "feature" and "JOIN" not in t.text and "moments" not in t.reads
]


def unbounded():
    """Each seen table with its bound gone, turned, loosened or made optional."""
    changes = {
        "gone": lambda t: re.sub(r"<=? \w+\.as_of", "IS NOT NULL", t),
        "turned": lambda t: re.sub(r"<=? (\w+)\.as_of", r">= \1.as_of", t),
        "a week later": lambda t: re.sub(r"(<=?) (\w+)\.as_of", r"\1 DAYS_AFTER(\2.as_of, 7)", t),
        "or anything": lambda t: re.sub(r"(<=? \w+\.as_of)", r"\1 OR TRUE", t),
        "until the end": lambda t: re.sub(r"(<=?) (\w+)\.as_of", r"\1 $until", t),
    }
    return {
        f"{name}: {how}": risk_table(name, change(t.text))
        for name, t in SEEN.items()
        for how, change in changes.items()
    }


def joined():
    """Feature tables that look at the book, at a ledger or at a label beside what they may read."""
    sources = (
        "payments",
        "contacts",
        "events",
        "loans",
        "statuses",
        "done",
        "movements",
        "running",
        "outcomes",
        "money_after",
    )
    made = {}
    for name, source in [(n, s) for n in ("money", "touches", "habits") for s in sources][:30]:
        text = risk_tables()[name].text
        body = re.sub(r"\nFROM (\w+)\n", rf"\nFROM \1 AS own JOIN {source} AS other ON TRUE\n", text)
        made[f"{name} with {source}"] = risk_table(name, body)
    return made


PLANTED = {**unbounded(), **joined()}


def test_there_are_fifty_planted_leaks():
    assert len(PLANTED) >= 50
    assert all(t.text != risk_tables()[t.name].text for t in PLANTED.values())


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_leak_is_refused(planted):
    table = PLANTED[planted]
    with pytest.raises(WrongUse, match="could see the future"):
        refuse_leaks({**risk_tables(), table.name: table})


def test_shipped_tables_pass():
    refuse_leaks(risk_tables())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- Seen: done by done_on\nSELECT s.loan_id, d.done_on FROM subjects AS s JOIN done AS d USING (loan_id)",
         "done_on"),
        ("-- Seen: done by done_on\nSELECT s.loan_id, CASE WHEN d.done_on <= s.as_of THEN 1 ELSE d.done_on END AS x "
         "FROM subjects AS s JOIN done AS d ON d.loan_id = s.loan_id", "done_on"),
        ("-- Seen: payments by paid_on\nSELECT s.loan_id, p.amount FROM subjects AS s LEFT JOIN payments AS p "
         "ON p.loan_id = s.loan_id AND p.paid_on <= s.as_of", ""),
        ("-- Known: paid_on\nSELECT loan_id, amount FROM payments", "do not carry paid_on"),
        ("-- Known: due_on\nSELECT due_on FROM outcomes", "reads outcomes"),
        ("SELECT * FROM somewhere", "no table of the book"),
    ],
)  # fmt: skip
def test_subtler_ways_are_seen_too(text, said):
    found = leak(risk_table("planted", text), risk_tables())
    assert said in found
    assert bool(found) == bool(said)
