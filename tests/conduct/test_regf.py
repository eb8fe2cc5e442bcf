"""Regulation F: every worked example comes out as it says, through Python and through the shell, and counts are right.

The examples stand beside these tests; where the folder they were collected in is there too, its file is read instead.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from forbear.basics.console import answers
from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.cli import app
from forbear.conduct import judge, load_packs
from forbear.conduct.regf import check, check_all, read_examples
from forbear.conduct.regf_flags import flag
from forbear.conduct.regf_rows import PERSON, told

COPY = Path(__file__).parent / "data" / "regf_examples.json"
SHARED = Path(__file__).parents[3] / "shared" / "conduct" / "regf_examples.json"
FILE = SHARED if SHARED.is_file() else COPY
REFUTED: frozenset[str] = frozenset()
"""Examples refuted in docs/regf-examples.md; there are none."""
EXAMPLES = read_examples(FILE)
NEW_YORK = ZoneInfo("America/New_York")


US = load_packs(["us"])


@pytest.fixture(scope="module")
def us():
    return US


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e["id"])
def test_example(example, us):
    checked = check(example, us)
    wrong = {name: (checked.got.get(name), checked.expected[name]) for name in (*checked.differs, *checked.unknown)}
    assert checked.passed or example["id"] in REFUTED, wrong


MORE = read_examples(COPY.with_name("regf_more.json"))


@pytest.mark.parametrize("example", MORE, ids=lambda e: e["id"])
def test_example_of_our_own(example, us):
    checked = check(example, us)
    assert checked.passed, (checked.fault, checked.got, checked.expected)


def test_the_copy_holds_every_example():
    assert read_examples(COPY) == EXAMPLES


OTHERWISE = {
    "compliance": "violation",
    "violation": "compliance",
    "within": "exceeded",
    "exceeded": "within",
    "allowed": "blocked",
    "blocked": "allowed",
    "counts": "allowed",
    True: False,
    False: True,
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e["id"])
def test_an_example_that_says_otherwise_fails(example, us):
    """Each finding by itself: told wrongly, it differs, and no other does."""
    for name, value in example["expected"].items():
        if name == "note":
            continue
        other = OTHERWISE.get(value, "something else") if isinstance(value, str | bool) else [value]
        checked = check({**example, "expected": {**example["expected"], name: other}}, us)
        assert checked.differs == (name,)


# --- through the shell --------------------------------------------------------------------------------------------


def _files(folder: Path, acts, history, facts) -> list[str]:
    words = ["gate", "judge", "--pack", "us", "--format", "json"]
    for name, rows in (("acts", acts), ("history", history), ("facts", facts)):
        file = folder / f"{name}.json"
        file.write_text(json.dumps(rows, default=lambda at: at.isoformat()))
        words += [f"--{name}", str(file)]
    return words


WITH_CALLS = [e for e in EXAMPLES if isinstance(e["facts"].get("events"), list)]


@pytest.mark.parametrize("example", WITH_CALLS, ids=lambda e: e["id"])
def test_files_of_an_example_give_the_shell_what_python_says(example, tmp_path, us):
    """Acts, history and facts written as a stranger would; each call the collector made and each candidate is asked."""
    rows = told(example["facts"])
    asked = example["facts"].get("candidate_calls") or [example["facts"].get("candidate_call")]
    candidates = [
        {
            "borrower_id": PERSON,
            "channel": "call",
            "at": rows.at(c["date"]),
            "sender": "C1",
            "loan_id": c.get("debts", rows.debts),
        }
        for c in asked
        if c
    ]
    made = [{k: v for k, v in row.items() if k not in ("direction", "result")} for row in rows.placed]
    acts = [{**row, "act_id": str(n)} for n, row in enumerate([*candidates, *made])]
    # A call is asked as on its day: what came later, and the call itself, is not yet history.
    for act in acts:
        past = [row for row in rows.history if row["at"] < act["at"]]
        said = CliRunner().invoke(app, _files(tmp_path, [act], past, rows.facts))
        (verdict,) = json.loads(said.stdout)
        (expected,) = judge([act], past, None, us, facts=rows.facts)
        assert verdict["answer"] == expected.answer
        assert said.exit_code == (0 if expected.allowed else 1)
    if candidates and isinstance(example["expected"].get("candidates"), list):
        verdicts = judge(acts[: len(candidates)], rows.history, None, us, facts=rows.facts)
        words = ["allowed" if v.allowed else "blocked" for v in verdicts]
        assert words == example["expected"]["candidates"]


def test_the_command_tells_which_examples_fail(tmp_path):
    assert CliRunner().invoke(app, ["gate", "examples", str(COPY), "--pack", "us"]).exit_code == 0
    wrong = {**EXAMPLES[0], "expected": {**EXAMPLES[0]["expected"], "calls_in_window": 6, "weather": "fair"}}
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps([wrong]))
    with answers.capture() as shown:
        said = CliRunner().invoke(app, ["gate", "examples", str(file), "--pack", "us"])
    assert said.exit_code == 1
    assert shown.get().splitlines() == [
        "FAILED 14b2i-1.i calls_in_window: expected 6, got 7",
        "FAILED 14b2i-1.i weather: expected fair, got no answer to such a question",
    ]
    (told_json,) = json.loads(
        CliRunner().invoke(app, ["gate", "examples", str(file), "--pack", "us", "--format", "json"]).stdout
    )
    assert (told_json["passed"], told_json["differs"], told_json["unknown"]) == (
        False,
        ["calls_in_window"],
        ["weather"],
    )


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("{", UnreadableFile, "cannot be read"),
        ("{}", WrongUse, "a list under examples"),
        ('[{"id": "x", "facts": {}}]', WrongUse, "example 1: expected is missing"),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, error, words):
    file = tmp_path / "broken.json"
    file.write_text(text)
    with pytest.raises(error, match=words):
        read_examples(file)


def test_an_example_that_cannot_be_read_fails_and_the_rest_go_on(us):
    odd = {
        "id": "odd",
        "facts": {"events": [{"date": "2026-04-01", "type": "telegram"}]},
        "expected": {"presumption": "?"},
    }
    undated = {**odd, "id": "undated", "facts": {"events": [{"date": "soon", "type": "call_placed"}]}}
    checked = list(check_all([odd, undated, EXAMPLES[0]], us))
    assert [c.passed for c in checked] == [False, False, True]
    assert "telegram" in checked[0].fault
    assert "soon" in checked[1].fault


def test_examples_in_words_of_the_same_kind(us):
    """Nine calls in a week by one agency are too many; by two, five and four, they are not."""

    def presumed(events):
        facts = {"events": events}
        return next(
            check_all([{"id": "w", "facts": facts, "expected": {"presumption": "?"}}], us)
        ).got["presumption"]  # fmt: skip

    assert presumed("9 calls, one loan, 7 days") == "violation"
    assert presumed("7 calls, one loan, 7 days") == "compliance"
    assert presumed("5 calls by agency one + 4 calls by agency two, same debt") == "none_for_each"
    assert presumed("8 calls by agency one + 4 calls by agency two, same debt") == "violation"


# --- counting, against an oracle of its own -----------------------------------------------------------------------

REACHED = {"no_answer", "voicemail", "voicemail_limited_content", "dropped", "conversation"}
PAST = st.tuples(
    st.integers(0, 12 * 24 - 1),
    st.sampled_from(["no_answer", "voicemail", "voicemail_limited_content", "dropped", "busy", "not_in_service"] * 3
                    + ["conversation"]),
    st.sampled_from(["A", "A", "A", "B", "A|B"]),
    st.sampled_from(["C1", "C1", "C1", "C2"]),
    st.sampled_from(["borrower", "borrower", "borrower", "spouse"]),
    st.sampled_from(["call", "call", "call", "sms"]),
)  # fmt: skip
START = {
    "plain": date(2026, 6, 1),
    "spring": date(2026, 3, 2),
    "autumn": date(2026, 10, 26),
    "leap": date(2028, 2, 24),
}


def _dates_that_count(past, first, debt):
    """The dates of calls that count for C1 and the borrower about a debt, and of conversations about it."""
    mine = [p for p in past if debt in p[2].split("|") and p[3] == "C1" and p[4] == "borrower" and p[5] == "call"]
    calls = [first + timedelta(days=p[0] // 24) for p in mine if p[1] in REACHED]
    talks = [first + timedelta(days=p[0] // 24) for p in mine if p[1] == "conversation"]
    return calls, talks


@settings(max_examples=120, deadline=None)
@given(
    past=st.lists(PAST, max_size=40),
    season=st.sampled_from(sorted(START)),
    day=st.integers(6, 16),
    loans=st.sampled_from([["A"], ["B"], ["A", "B"]]),
)
def test_counts_agree_with_dates_counted_by_hand(past, season, day, loans):
    """Seven calendar dates for each person, debt and collector, whatever the history; the answer is by dates alone."""
    first = START[season]
    today = first + timedelta(days=day)
    at = datetime.combine(today, time(12), NEW_YORK)
    history = [
        {"borrower_id": PERSON, "channel": p[5], "result": p[1], "loan_id": p[2], "sender": p[3], "party": p[4],
         "at": datetime.combine(first + timedelta(days=p[0] // 24), time(p[0] % 24, 30), NEW_YORK)}
        for p in past
    ]  # fmt: skip
    known = [row for row in history if row["at"] <= at]
    kept = [p for p, row in zip(past, history, strict=True) if row["at"] <= at]
    act = {
        "borrower_id": PERSON,
        "channel": "call",
        "sender": "C1",
        "loan_id": loans,
        "at": at,
        "time_zone": str(NEW_YORK),
    }
    (verdict,) = judge([act], known, None, US)
    said = {a.rule_id: a for a in verdict.answers}
    counts, waits = [], []
    for debt in loans:
        calls, talks = _dates_that_count(kept, first, debt)
        counts.append(sum((today - d).days < 7 for d in calls))
        waits += [d for d in talks if (today - d).days < 7]
    assert said["US-FREQ-01"].facts["count"] == max(counts)
    assert (said["US-FREQ-01"].answer == "allowed") == (max(counts) < 7)
    assert (said["US-FREQ-02"].answer == "allowed") == (not waits)
    if waits:
        free = datetime.combine(max(waits) + timedelta(days=7), time(), NEW_YORK).astimezone(UTC)
        assert said["US-FREQ-02"].until == free


def _at(first, hours):
    """An instant some hours after the first date's midnight, at half past, by her clock."""
    return datetime.combine(first + timedelta(days=hours // 24), time(hours % 24, 30), NEW_YORK)


def _consent_ends(given, past, first, debt):
    """Consent ends with its seventh date, and with a conversation about the debt after it was given."""
    last = datetime.combine(given.date() + timedelta(days=7), time(), NEW_YORK)
    mine = [p for p in past if debt in p[2].split("|") and p[3] == "C1" and p[4] == "borrower" and p[5] == "call"]
    talks = [_at(first, p[0]) for p in mine if p[1] == "conversation" and _at(first, p[0]) > given]
    return min([last, *talks])


@settings(max_examples=200, deadline=None)
@given(
    past=st.lists(PAST, min_size=5, max_size=40),
    season=st.sampled_from(sorted(START)),
    given_after=st.integers(0, 4 * 24),
    days_later=st.integers(0, 9),
    agreed=st.sampled_from(["", "A", "B"]),
    loans=st.sampled_from([["A"], ["B"], ["A", "B"]]),
)
def test_consent_agrees_with_dates_counted_by_hand(past, season, given_after, days_later, agreed, loans):
    """Consent takes calls out of the count debt by debt, for seven dates or until they spoke about that debt."""
    first = START[season]
    given = datetime.combine(first, time(8), NEW_YORK) + timedelta(hours=given_after)
    at = datetime.combine(given.date() + timedelta(days=days_later), time(23, 45), NEW_YORK)
    past = [p for p in past if _at(first, p[0]) < at]
    columns = ("result", "loan_id", "sender", "party", "channel")
    history = [
        {"borrower_id": PERSON, "at": _at(first, p[0]), **dict(zip(columns, p[1:], strict=True))} for p in past
    ]
    fact = {"borrower_id": PERSON, "fact": "consent_to_call", "since": given, "loan_id": agreed}
    act = {"borrower_id": PERSON, "channel": "call", "sender": "C1", "loan_id": loans, "at": at}
    (verdict,) = judge([{**act, "time_zone": str(NEW_YORK)}], history, None, US, facts=[fact])
    calls, talks = [], []
    for debt in loans:
        ends = _consent_ends(given, past, first, debt) if agreed in ("", debt) else given
        if at < ends:
            continue
        counted = [p for p in past if not given <= _at(first, p[0]) < ends]
        calls.append(sum((at.date() - d).days < 7 for d in _dates_that_count(counted, first, debt)[0]))
        # A conversation starts the wait whatever was agreed: it is what ends consent.
        talks.append(any((at.date() - d).days < 7 for d in _dates_that_count(past, first, debt)[1]))
    said = {a.rule_id: a for a in verdict.answers}
    counting, waiting = said["US-FREQ-01"], said["US-FREQ-02"]
    assert ("except" in counting.facts) == ("except" in waiting.facts) == (not calls)
    assert (counting.answer == "allowed") == all(count < 7 for count in calls)
    assert (waiting.answer == "allowed") == (not any(talks))
    if len(calls) == 1:
        assert counting.facts["count"] == calls[0]


# --- circumstances ------------------------------------------------------------------------------------------------


def _calls(*clocks, number="n1", result="no_answer"):
    return [
        {"channel": "call", "at": datetime.fromisoformat(at), "number": number, "result": result} for at in clocks
    ]


@pytest.mark.parametrize(
    ("placed", "expected"),
    [
        (_calls("2026-06-01T09:00", "2026-06-01T09:05"), "rapid_succession"),
        (_calls("2026-06-01T09:00", "2026-06-01T09:06"), ""),
        (_calls("2026-06-01T09:00") + _calls("2026-06-01T09:01", number="n2"), ""),
        (_calls("2026-06-01T09:00", "2026-06-01T09:01", result="conversation"), ""),
        (_calls(*(f"2026-06-01T{h:02d}:00" for h in range(9, 16))), "highly_concentrated"),
        (_calls(*(f"2026-06-01T{h:02d}:00" for h in range(9, 15))), ""),
        (_calls("2026-06-02T09:00", "2026-06-07T09:00", "2026-07-03T09:00"), "inconvenient_days"),
        (_calls("2026-06-02T09:00", "2026-06-07T09:00"), ""),
    ],
)
def test_circumstances_are_read_from_the_calls(placed, expected):
    """Five minutes and a number; a day of seven; most of them on Sundays and holidays (3 July 2026 is observed)."""
    assert flag({}, placed) == expected
