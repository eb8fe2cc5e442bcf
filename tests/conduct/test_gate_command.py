"""`forbear gate` as a stranger uses it: files in, verdicts and exit codes out, clear words for every mistake."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from one_rule import every, rule, write_pack

from forbear.basics import console
from forbear.cli import app
from forbear.conduct import shipped_names

ACTS = """act_id,borrower_id,channel,at
fine,B1,call,2026-03-02T12:00+08:00
late,B1,call,2026-03-02T22:10+08:00
lost,B2,call,2026-03-02T12:00+08:00
"""
FACTS = "borrower_id,time_zone,deceased\nB1,Asia/Shanghai,\nB2,Mars/Base,\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("gate")
    fresh = [
        {"name": "noon", "source": "own", "at": "2026-03-02T12:00+08:00", "act": {"channel": "call"}},
        {"name": "night", "source": "own", "at": "2026-03-02T23:00+08:00", "act": {"channel": "call"}},
    ]
    here = {"facts": {"time_zone": "Asia/Shanghai"}}
    examples = [
        {**fresh[0], **here, "expect": "allowed"},
        {**fresh[1], **here, "expect": "deferred", "until": "2026-03-03T08:00+08:00"},
    ]
    hours = rule("hours", "R-HOURS", open="08:00", close="22:00", examples=examples, article="5.2")
    cap = rule(
        "frequency",
        "R-FREQ",
        cap=2,
        window={"days": 1},
        channels=["call"],
        count="conversation",
        confidence="secondary",
        lifted="agreed_frequency",
    )
    write_pack(made / "own", "own", None, hours, cap)
    wrong = [{**example, "expect": "denied"} for example in examples[:1]]
    write_pack(made / "wrong", "wrong", None, rule("hours", open="08:00", close="22:00", examples=wrong))
    (made / "acts.csv").write_text(ACTS)
    (made / "facts.csv").write_text(FACTS)
    (made / "gb.csv").write_text("borrower_id,channel\n张三,call\n", encoding="gb18030")
    past = every("2026-03-02T09:00+08:00", 2, borrower_id="B1", channel="call", result="conversation")
    (made / "history.json").write_text(json.dumps([{**row, "at": row["at"].isoformat()} for row in past]))
    return made


@dataclass
class Ran:
    """What a run of the command came to."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture(autouse=True)
def _consoles():
    """The consoles are bound to the first streams they meet; each test gives them its own."""
    before = console.answers.file, console.words.file
    yield
    console.answers.file, console.words.file = before


def run(*words):
    """`forbear gate` within this process, which is quicker than a shell."""
    out, err = io.StringIO(), io.StringIO()
    console.answers.file, console.words.file = out, err
    with redirect_stdout(out):
        code = app(["gate", *map(str, words)], standalone_mode=False)
    return Ran(code or 0, out.getvalue(), err.getvalue())


def gate(folder, *words, pack="own"):
    return run(*words, "--pack", folder / pack)


def judged(folder, *words):
    files = ["--acts", folder / "acts.csv", "--facts", folder / "facts.csv"]
    return gate(folder, "judge", *files, *words)


def test_judge_tells_each_act_in_json(folder):
    result = judged(folder, "--format", "json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert [(v["act_id"], v["answer"], v["until"]) for v in said] == [
        ("fine", "allowed", None),
        ("late", "deferred", "2026-03-03T00:00:00+00:00"),
        ("lost", "denied", None),
    ]
    assert [a["rule_id"] for a in said[0]["answers"]] == ["R-HOURS", "R-FREQ"]
    assert said[2]["because"][0] == {
        "rule": "R-HOURS",
        "reason": "time_zone is 'Mars/Base', no name such as America/New_York",
    }


def test_judge_tells_people_why(folder):
    lines = judged(folder).stdout.splitlines()
    assert lines[0] == "fine  call  allowed"
    assert lines[1] == "late  call  deferred until 2026-03-03T00:00:00+00:00"
    assert lines[2] == "    R-HOURS: outside 08:00 to 22:00 in Asia/Shanghai [Trial 5.2]"
    assert lines[-1].endswith("[Trial 1] (unverified)")


def test_judge_counts_the_history(folder):
    result = judged(folder, "--history", folder / "history.json", "--format", "json")
    assert json.loads(result.stdout)[0]["because"] == [{"rule": "R-FREQ", "reason": "2 of 2 used"}]


def test_judge_names_results_it_does_not_know(folder, tmp_path):
    told = "B1,2026-03-02T09:00+08:00,call,"
    (tmp_path / "past.csv").write_text(f"borrower_id,at,channel,result\n{told}Talked\n{told}\n{told}No_Answer\n")
    assert judged(folder, "--history", tmp_path / "past.csv").stderr.splitlines()[-2:] == [
        "contacts with the result 'Talked', which is not known: 1, each counted as a conversation too",
        "contacts without a result: 1, each counted as a conversation too",
    ]


def test_explain_tells_a_name_that_comes_near():
    from forbear.basics.errors import WrongUse

    with pytest.raises(WrongUse) as refused:
        run("explain", "US-FREQ-1")
    assert "US-FREQ-01 meant" in refused.value.hint


def test_judge_is_done_when_all_are_allowed(folder, tmp_path):
    (tmp_path / "acts.csv").write_text("".join(ACTS.splitlines(keepends=True)[:2]))
    result = gate(folder, "judge", "--acts", tmp_path / "acts.csv", "--facts", folder / "facts.csv")
    assert (result.exit_code, result.stdout) == (0, "fine  call  allowed\n")


def test_judge_takes_one_instant_for_all(folder, tmp_path):
    (tmp_path / "acts.csv").write_text("borrower_id,channel\nB1,call\n")
    files = ["--acts", tmp_path / "acts.csv", "--facts", folder / "facts.csv", "--format", "json"]
    said = json.loads(gate(folder, "judge", *files, "--at", "2026-03-02T22:00+08:00").stdout)
    assert (said[0]["at"], said[0]["answer"]) == ("2026-03-02T14:00:00+00:00", "deferred")


def test_judge_as_then_leaves_out_what_came_later(folder, tmp_path):
    (tmp_path / "acts.csv").write_text("borrower_id,channel,at\nB1,call,2026-03-02T09:00:30+08:00\n")
    files = ["--acts", tmp_path / "acts.csv", "--facts", folder / "facts.csv"]
    files += ["--history", folder / "history.json"]
    now = gate(folder, "judge", *files)
    assert now.exit_code == 1
    assert "FORBEAR-CLOCK" in now.stdout
    assert gate(folder, "judge", *files, "--as-then").exit_code == 0


def nexts(folder, at, *words):
    files = ["--facts", folder / "facts.csv", "--history", folder / "history.json"]
    return gate(folder, "next", "--borrower", "B1", "--channel", "call", "--at", at, *files, *words)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-01T22:30+08:00", None),
        ("2026-03-02T12:00+08:00", "2026-03-03T00:00:00+00:00"),
        ("2026-03-03T08:00+08:00", "2026-03-03T00:00:00+00:00"),
        ("2026-03-03T22:00+08:00", "2026-03-04T00:00:00+00:00"),
    ],
)
def test_next_names_the_instant(folder, at, expected):
    result = nexts(folder, at)
    if expected is None:  # the history lies ahead of that instant: a clock is wrong
        assert result.exit_code == 1
        assert "FORBEAR-CLOCK" in result.stdout
    else:
        assert (result.exit_code, result.stdout) == (0, f"{expected}\n")


def test_next_in_json_and_with_facts_of_the_act(folder):
    said = json.loads(nexts(folder, "2026-03-02T12:00+08:00", "--format", "json").stdout)
    assert (said["answer"], said["until"]) == ("deferred", "2026-03-03T00:00:00+00:00")
    agreed = nexts(folder, "2026-03-02T12:00+08:00", "--fact", "agreed_frequency=true")
    assert (agreed.exit_code, agreed.stdout) == (0, "2026-03-02T04:00:00+00:00\n")


def test_next_of_one_whose_place_is_unknown_is_denied(folder):
    words = ["--borrower", "B9", "--channel", "call", "--at", "2026-03-02T12:00+08:00"]
    result = gate(folder, "next", *words)
    assert result.exit_code == 1
    assert "denied" in result.stdout


def test_next_without_an_instant_looks_from_now_on(folder):
    asked = ["--borrower", "B1", "--channel", "call", "--facts", folder / "facts.csv", "--format", "json"]
    result = gate(folder, "next", *asked)
    asked_at = datetime.fromisoformat(json.loads(result.stdout)["at"])
    assert timedelta(0) <= datetime.now(UTC) - asked_at < timedelta(minutes=10)


def test_acts_that_name_no_sender_are_told_where_rules_bind_agencies_alone(tmp_path):
    """Regulation F binds no lender in its own name: seven calls before this one, and only a collector is refused."""
    zone, day = {"borrower_id": "B1", "fact": "time_zone", "value": "America/New_York"}, "2026-06-0{}T15:00:00Z"
    history = [
        {"borrower_id": "B1", "channel": "call", "at": day.format(n), "result": "no_answer"} for n in range(1, 8)
    ]
    act = {"borrower_id": "B1", "channel": "call", "at": "2026-06-07T17:00:00Z"}
    for name, rows in (
        ("facts", [zone]),
        ("history", history),
        ("own", [act]),
        ("named", [act | {"sender": "C1"}]),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    files = ["--history", tmp_path / "history.json", "--facts", tmp_path / "facts.json", "--pack", "us"]
    own = run("judge", "--acts", tmp_path / "own.json", *files)
    assert own.exit_code == 0
    assert "acts that name no sender: 1" in own.stderr
    assert "no sender" not in run("judge", "--acts", tmp_path / "named.json", *files).stderr
    asked = ["next", "--borrower", "B1", "--channel", "call", "--at", "2026-06-07T22:30-04:00", *files]
    assert "acts that name no sender: 1" in run(*asked).stderr
    assert "no sender" not in run(*asked, "--sender", "C1").stderr


def test_a_misspelt_fact_is_told(folder, tmp_path):
    """A state under another name would stand for one that is not on record."""
    (tmp_path / "acts.csv").write_text(ACTS.replace("at\n", "at,recordd\n", 1).replace(":00\n", ":00,true\n"))
    (tmp_path / "facts.csv").write_text(
        "borrower_id,fact,value\nB1,time_zone,Asia/Shanghai\nB1,agreed_frequencies,true\n"
    )
    result = gate(folder, "judge", "--acts", tmp_path / "acts.csv", "--facts", tmp_path / "facts.csv")
    assert result.stderr.splitlines() == [
        "no rule of these packs reads agreed_frequencies; is agreed_frequency meant?",
        "no rule of these packs reads recordd",
    ]


def test_next_may_be_about_another_person(tmp_path):
    own = write_pack(tmp_path / "own", "own", None, rule("party", allow=["borrower"]))
    words = ["--borrower", "B1", "--channel", "call", "--at", "2026-03-02T12:00Z", "--pack", own]
    assert run("next", *words).exit_code == 0
    assert "spouse may not be addressed" in run("next", *words, "--party", "spouse").stdout


def test_rules_are_listed_with_citations(folder):
    text = gate(folder, "rules").stdout
    assert "R-HOURS" in text
    assert "[Trial 5.2; law]\n" in text
    assert "[Trial 1; law]  unverified\n" in text
    listed = json.loads(gate(folder, "rules", "--format", "json").stdout)
    assert [(r["id"], r["pack"], r["verified"]) for r in listed] == [
        ("R-HOURS", "own", True),
        ("R-FREQ", "own", False),
    ]
    assert listed[1]["parameters"][0]["cap"] == 2
    table = gate(folder, "rules", "--format", "markdown").stdout.splitlines()
    assert table[0].startswith("| rule |")
    assert len(table) == 4
    assert "试" in gate(folder, "rules", "--language", "zh").stdout


def test_explain_tells_one_rule(folder):
    text = gate(folder, "explain", "R-FREQ").stdout
    for part in (
        "R-FREQ  trial",
        "Trial 1; law; in force from 2000-01-01",
        "counted by person",
        "cap 2",
        "agreed_frequency",
    ):
        assert part in text
    assert "secondary; read at its strictest" in text
    assert "strictest" not in gate(folder, "explain", "R-HOURS").stdout
    assert json.loads(gate(folder, "explain", "R-FREQ", "--format", "json").stdout)["mechanism"] == "frequency"


def test_the_worked_examples_run(folder):
    good = gate(folder, "test")
    assert good.exit_code == 0
    assert "2 of 2 examples hold" in good.stderr
    bad = gate(folder, "test", pack="wrong")
    assert bad.exit_code == 1
    assert "FAILED R-1 noon: expected denied, got allowed" in bad.stdout
    told = json.loads(gate(folder, "test", "--format", "json", pack="wrong").stdout)
    assert (told[0]["rule_id"], told[0]["passed"], told[0]["got"]) == ("R-1", False, "allowed")


def shell(*words):
    return subprocess.run(
        [sys.executable, "-c", "from forbear.cli import main; main()", "gate", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["judge", "--acts", "{f}/gone.csv", "--pack", "{f}/own"], "gone.csv: cannot be read"),
        (["judge", "--acts", "{f}/acts.csv", "--pack", "atlantis"], "no pack 'atlantis'"),
        (["judge", "--acts", "{f}/facts.csv", "--pack", "{f}/own"], "facts.csv, row 1: at is missing"),
        (
            ["next", "--borrower", "B1", "--channel", "pigeon", "--at", "2026-03-02T12:00Z", "--pack", "{f}/own"],
            "channel is 'pigeon'",
        ),
        (
            ["next", "--borrower", "B1", "--channel", "call", "--at", "noon", "--pack", "{f}/own"],
            "--at: 'noon' is not",
        ),
        (
            ["next", "--borrower", "B1", "--channel", "call", "--at", "2026-03-02T12:00Z", "--fact", "recorded"],
            "--fact: 'recorded' has no value write name=value",
        ),
        (["judge", "--acts", "{f}/gb.csv", "--pack", "{f}/own"], "gb.csv: cannot be read: not UTF-8"),
        (["explain", "NO-RULE", "--pack", "{f}/own"], "no rule 'NO-RULE' in own"),
    ],
)
def test_wrong_use_is_told_in_words(folder, words, complaint):
    result = shell(*(word.format(f=folder) for word in words))
    assert result.returncode == 2
    assert complaint in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("pack", shipped_names())
def test_every_shipped_pack_is_fail_safe(folder, pack):
    """Nothing known of her, no call: no shipped pack calls somebody whose place it does not know."""
    words = ["--borrower", "B9", "--channel", "call", "--at", "2026-09-02T06:00Z", "--sender", "A1"]
    result = run("next", *words, "--pack", pack)
    assert result.exit_code == 1
    assert "denied" in result.stdout


@pytest.mark.parametrize(
    "wrong", [("rules", "--language", "fr"), ("rules", "--format", "xml"), ("facts", "--format", "csv")]
)
def test_an_unknown_language_or_form_is_wrong_use(wrong):
    result = shell(*wrong)
    assert (result.returncode, result.stdout) == (2, "")
    assert wrong[2] in result.stderr
