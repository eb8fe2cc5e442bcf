"""The night's decisions: lawful before valuable, within capacity, the same each time, and told in words."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from forbear.basics.console import answers
from forbear.basics.errors import AnswerIsNo, UnreadableFile, WrongUse
from forbear.book.sample import make_sample
from forbear.commands.close import _tell
from forbear.conduct import judge, load_packs
from forbear.night import close
from forbear.treatment.certify import certify
from forbear.treatment.strategy import read_strategy
from forbear.treatment.telling import SENTENCES, why

AS_OF = date(2026, 6, 30)
VOUCHED = {"identified": "true", "recorded": "true", "number_source": "contract", "legality_cleared": "true"}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decide") / "book"
    make_sample(folder, loans=4_000, as_of=AS_OF, seed=5)
    return folder


def decided(book, out, strategy="sample", **more):
    closed = close(book, as_of=AS_OF, out=out, strategy=strategy, **more)
    return closed, pq.read_table(out / "decisions.parquet").to_pylist()


@pytest.fixture(scope="module")
def night(book, tmp_path_factory):
    return decided(book, tmp_path_factory.mktemp("close"))


def asked(query):
    """Rows, by a connection of their own."""
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def own(tmp_path: Path, text: str) -> str:
    file = tmp_path / "own.toml"
    file.write_text(f'extends = "sample"\nname = "own"\nversion = "7"\n{text}', encoding="utf-8")
    return str(file)


def test_everyone_in_arrears_is_looked_at_once(book, night):
    closed, rows = night
    late = asked(f"SELECT DISTINCT borrower_id FROM '{closed.out}/accounts.parquet' WHERE arrears_total > 0")
    assert [r["borrower_id"] for r in rows] == sorted(row[0] for row in late)
    assert {r["action"] for r in rows} > {"wait"}
    told = closed.portfolio["decisions"]
    assert told["looked_at"] == len(rows)
    assert told["treated"] == sum(r["action"] != "wait" for r in rows)
    assert sum(w["borrowers"] for w in told["waiting"]) == len(rows) - told["treated"]


def test_the_gate_alone_says_the_same_of_every_decision(book, night):
    """Judged one by one by the other evaluator, at the instant named, every decided step is allowed."""
    _, rows = night
    done = [r for r in rows if r["action"] != "wait"][:150]
    zones = dict(asked(f"SELECT borrower_id, time_zone FROM '{book}/borrowers.parquet'"))
    names = ("contact_id", "borrower_id", "channel", "direction", "result", "party", "sender", "at")
    past = asked(
        f"""SELECT CAST(contact_id AS VARCHAR) AS contact_id, CAST(borrower_id AS VARCHAR) AS borrower_id, channel,
            direction, result, party, sender, strftime(c.at, '%Y-%m-%dT%H:%M:%S+00:00') AS "at"
        FROM '{book}/contacts.parquet' AS c WHERE CAST(c.at AS DATE) <= DATE '{AS_OF}'"""
    )
    history = [dict(zip(names, row, strict=True)) for row in past]
    people = {r["borrower_id"] for r in done}
    channels = {"human_call": "call", "sms": "sms", "app_push": "app_push"}
    acts = [
        {"act_id": r["act_id"], "borrower_id": str(r["borrower_id"]), "channel": channels[r["action"]],
         "at": r["not_before"].isoformat() + "+00:00", "loan_id": "|".join(map(str, r["loan_ids"])), **VOUCHED}
        for r in done
    ]  # fmt: skip
    facts = [{"borrower_id": str(b), "fact": "time_zone", "value": zones[b]} for b in people]
    known = [h for h in history if int(h["borrower_id"]) in people]
    verdicts = judge(acts, known, None, load_packs(["cn-lender"]), facts=facts)
    assert [str(v.answer) for v in verdicts] == ["allowed"] * len(acts)


def test_nothing_goes_out_that_the_gate_does_not_allow(book, tmp_path):
    """The careful strategy vouches for nothing, so nothing is allowed, whatever it would bring."""
    closed, rows = decided(book, tmp_path / "out", "careful")
    assert {r["action"] for r in rows} == {"wait"}
    assert {r["reasons"][0] for r in rows} <= {"gate_holds_back", "no_step_open"}
    assert {"CN-ID-01", "CN-REC-01"} <= {h["rule"] for h in closed.portfolio["decisions"]["held_back"]}


def test_facts_of_a_person_bar_her(book, night, tmp_path):
    _, rows = night
    called = next(r["borrower_id"] for r in rows if r["action"] == "human_call")
    facts = tmp_path / "facts.csv"
    facts.write_text(f"borrower_id,fact,value,since\n{called},deceased,true,2026-05-01T00:00:00+08:00\n")
    _, after = decided(book, tmp_path / "out", facts=facts)
    row = next(r for r in after if r["borrower_id"] == called)
    assert (row["action"], row["reasons"][0]) == ("wait", "gate_holds_back")


def test_a_channel_that_she_declined_is_not_proposed_and_said_to_be_why(book, night, tmp_path):
    _, rows = night
    other, *declined = [r["borrower_id"] for r in rows if r["action"] == "sms"]
    facts = [tmp_path / "facts.csv", tmp_path / "more.csv"]
    facts[0].write_text("borrower_id,fact,channel\n" + "".join(f"{one},channel_declined,sms\n" for one in declined))
    facts[1].write_text(f"borrower_id,fact,channel,until\n{other},channel_declined,,2026-06-30T00:00:00Z\n")
    closed, after = decided(book, tmp_path / "out", facts=facts)
    steps = {r["borrower_id"]: r["action"] for r in after}
    assert "sms" not in {steps[one] for one in declined}
    assert steps[other] == "sms", "that was over before"
    held = {row["rule"]: row["channels"] for row in closed.portfolio["decisions"]["held_back"]}
    assert held["channel_declined"] == "sms"
    assert {"sms": "channel_declined"}.items() <= {
        step["channel"]: step["because"] for step in why(closed.out, str(declined[0])).steps
    }.items()
    assert len(json.loads((closed.out / "manifest.json").read_text())["facts"]) == 2


def test_capacities_hold_and_the_certificate_proves_the_rest(night, book, tmp_path):
    _, rows = night
    calls = sum(r["action"] == "human_call" for r in rows)
    assert calls > 12
    closed, fewer = decided(book, tmp_path / "out", own(tmp_path, "[capacities]\nagent_minutes = 60\n"))
    assert sum(r["action"] == "human_call" for r in fewer) == 10
    minutes = next(c for c in closed.portfolio["decisions"]["capacities"] if c["capacity"] == "agent_minutes")
    assert minutes["used"] <= minutes["limit"] == 60
    assert minutes["price"] > 0
    best = [r["expected_gain"] for r in fewer if r["action"] == "human_call"]
    assert min(best) > 0
    assert json.loads((tmp_path / "out" / "allocation.json").read_text())["gap"] < 1e-2


def test_no_capacity_no_contact(book, tmp_path):
    none = "[capacities]\n" + "".join(f"{c} = 0\n" for c in read_strategy("sample").actions.capacities())
    _, rows = decided(book, tmp_path / "out", own(tmp_path, none))
    assert {r["action"] for r in rows} == {"wait"}


def test_the_standing_slice_is_left_alone_with_its_chance(night):
    _, rows = night
    left = [r for r in rows if r["reasons"][0] == "peace_slice"]
    assert left
    assert all(r["action"] == "wait" and r["propensity"] == pytest.approx(0.05) for r in left)
    assert all(r["propensity"] == pytest.approx(0.95) for r in rows if r["action"] != "wait")
    assert len(left) < 0.15 * len(rows)


def test_who_pays_alone_is_left_in_peace(book, tmp_path):
    strategy = own(tmp_path, 'peace_above = "0.40"\n')
    _, rows = decided(book, tmp_path / "out", strategy)
    for row in rows:
        if row["pays_alone"] >= 0.40:
            assert (row["action"], row["reasons"][0]) == ("wait", "pays_alone")


def test_burden_is_a_cost(night, book, tmp_path):
    _, rows = night
    _, dear = decided(book, tmp_path / "out", own(tmp_path, 'burden_price = "30"\n'))
    assert 0 < sum(r["action"] != "wait" for r in dear) < sum(r["action"] != "wait" for r in rows)
    assert all(r["expected_gain"] > r["cost"] + 30 * r["burden"] for r in dear if r["action"] != "wait")


def test_soft_comes_before_hard(night, book):
    """Nobody is called by a person who had no gentle step two days ago or earlier."""
    _, rows = night
    gentle = "('app_push', 'sms', 'email', 'chat', 'voice', 'plan')"
    first = dict(
        asked(
            f"""SELECT borrower_id, min(CAST(c.at AS DATE)) FROM '{book}/contacts.parquet' AS c
            WHERE direction = 'out' AND channel IN {gentle} AND CAST(c.at AS DATE) <= DATE '{AS_OF}' GROUP BY 1"""
        )
    )
    for row in rows:
        if row["action"] == "human_call":
            assert (AS_OF - first[row["borrower_id"]]).days >= 2


def test_same_inputs_same_bytes(book, night, tmp_path):
    closed, _ = night
    close(book, as_of=AS_OF, out=tmp_path / "out", strategy="sample", threads=1)
    for name in ("decisions.parquet", "verdicts.parquet", "allocation.json", "portfolio.json", "manifest.json"):
        assert (tmp_path / "out" / name).read_bytes() == (closed.out / name).read_bytes(), name


def test_a_close_without_a_strategy_leaves_no_old_decisions(book, tmp_path):
    decided(book, tmp_path / "out")
    close(book, as_of=AS_OF, out=tmp_path / "out")
    assert not (tmp_path / "out" / "decisions.parquet").exists()
    with pytest.raises(UnreadableFile, match="decisions"):
        why(tmp_path / "out", "1")


def test_the_command_tells_what_was_decided_and_where_it_stands(night):
    closed, rows = night
    with answers.capture() as shown:
        _tell(closed)
    printed = "".join(shown.get().split())
    sms, waiting = (sum(row["action"] == action for row in rows) for action in ("sms", "wait"))
    assert f"sms{sms:,}" in printed
    assert f"{waiting:,}of{len(rows):,}leftinpeace" in printed
    for name in ("decisions.parquet", "verdicts.parquet", "allocation.json"):
        assert str(closed.out / name) in printed


def test_why_says_it_in_a_sentence_for_each_decision(night):
    closed, rows = night
    for kind in {r["reasons"][0] for r in rows}:
        row = next(r for r in rows if r["reasons"][0] == kind)
        for language in SENTENCES:
            told = why(closed.out, str(row["borrower_id"]), language)
            assert str(row["borrower_id"]) in told.sentence
            assert "{" not in told.sentence
        assert told.decision == row
        assert all(step["answer"] in ("allowed", "deferred", "denied") for step in told.steps)
    assert set(SENTENCES["en"]) == set(SENTENCES["zh"])


def test_why_of_somebody_undecided_tells_whether_there_is_such_a_borrower(night):
    closed, rows = night
    accounts = f"'{closed.out}/accounts.parquet'"
    looked_at = {row["borrower_id"] for row in rows}
    on_time = next(b for (b,) in asked(f"SELECT borrower_id FROM {accounts} ORDER BY 1") if b not in looked_at)
    with pytest.raises(AnswerIsNo, match=f"nothing was decided for borrower {on_time}"):
        why(closed.out, str(on_time))
    with pytest.raises(AnswerIsNo, match="has no borrower nobody"):
        why(closed.out, "nobody")
    owners = (
        f"SELECT loan_id, borrower_id FROM {accounts} WHERE loan_id NOT IN (SELECT borrower_id FROM {accounts})"
    )
    loan, owner = asked(f"{owners} ORDER BY 1 LIMIT 1")[0]
    with pytest.raises(AnswerIsNo) as refused:
        why(closed.out, str(loan))
    assert refused.value.hint == f"loan {loan} is borrower {owner}'s"


def test_the_report_tells_it_in_both_languages(night, book, tmp_path):
    closed, _ = night
    assert "拟采取的措施" in (closed.out / "report.html").read_text(encoding="utf-8")
    close(book, as_of=AS_OF, out=tmp_path / "out", strategy="sample", language="en")
    assert "What will be done, and what not" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_facts_without_a_strategy_are_refused(book, tmp_path):
    with pytest.raises(WrongUse, match="strategy"):
        close(book, as_of=AS_OF, out=tmp_path / "out", facts=tmp_path / "facts.csv")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[capacities]\nspaceships = 3\n", "no action uses spaceships"),
        ('peace_share = "1.5"\n', "peace_share"),
        ("[self_cure]\n7 = \"2\"\n", "self_cure"),
        ("nonsense = 1\n", "nonsense"),
        ("at = [1]\n", "at"),
        ("x =\n", "not TOML"),
    ],
)  # fmt: skip
def test_a_wrong_strategy_is_refused_by_name(tmp_path, text, told):
    with pytest.raises(UnreadableFile, match=told):
        read_strategy(own(tmp_path, text))


def test_an_own_strategy_adds_to_the_one_it_extends(tmp_path):
    made = read_strategy(own(tmp_path, "[capacities]\nletters = 5\n")).strategy
    base = read_strategy("sample").strategy
    assert made.capacities == {**base.capacities, "letters": Decimal(5)}
    assert (made.name, made.version, made.vouched) == ("own", "7", base.vouched)
    (tmp_path / "two.toml").write_text('extends = "/etc/passwd"\n')
    with pytest.raises(UnreadableFile, match="no shipped strategy"):
        read_strategy(str(tmp_path / "two.toml"))
    with pytest.raises(UnreadableFile, match="no strategy can be read"):
        read_strategy("nosuch")


def test_effects_name_their_source():
    effects = read_strategy("careful").effects
    for name, effect in effects.actions.items():
        assert (
            effect.source == "assumed" or any(c.isdigit() for c in effect.source) or "forthcoming" in effect.source
        ), name
        assert effect.low <= effect.mid


def test_certify_checks_the_night(night, tmp_path):
    """The certificate stands on what was allocated: its value is the sum of what was decided."""
    closed, rows = night
    told = json.loads((closed.out / "allocation.json").read_text())
    assert told["treated"] == sum(r["action"] != "wait" for r in rows)
    net = sum(r["expected_gain"] - r["cost"] - 0.5 * r["burden"] for r in rows if r["action"] != "wait")
    assert told["value"] == pytest.approx(net, abs=0.01 * len(rows))
    assert callable(certify)
    assert isinstance(next(r for r in rows if r["action"] != "wait")["not_before"], datetime)


def with_values(tmp_path, columns, mean=0.08, deviation=0.01):
    """A strategy that names learned values: of a call alone, the same for all."""
    from forbear.treatment.values import Mean, Prior, Values
    from forbear.treatment.values_folder import save

    prior = Prior(0.02, 0.05, "study")
    means = (
        Mean("wait", 900, 0, 0, Prior(0, 0, ""), 1, 0, 0),
        Mean("human_call", 900, 0.08, 0.01, prior, 0.95, mean, deviation),
    )
    made = Values(columns, ("wait", "human_call"), means, 0.0, 0.0, 0.0, (), None, (0.0, 0.0), None, 1800, 400)
    save(made, tmp_path / "values", {})
    return own(tmp_path, 'values = "values"\n')


def test_learned_values_take_the_place_of_studies(book, night, tmp_path):
    closed, rows = decided(book, tmp_path / "close", with_values(tmp_path, ("dpd", "contacts_7")))
    calls = [r for r in rows if r["action"] == "human_call"]
    assert calls
    assert {r["gain_source"] for r in calls} == {"learned"}
    assert {r["gain_source"] for r in rows if r["action"] == "sms"} <= {"study"}
    assert all(r["gain_source"] is None for r in rows if r["action"] == "wait")
    for row in calls[:50]:
        assert row["expected_gain"] == pytest.approx(row["at_stake"] * (0.08 - 1.282 * 0.01), abs=0.01)
    assert {r["gain_source"] for r in night[1]} == {"study", None}
    assert closed.portfolio["decisions"]["treated"] == sum(r["action"] != "wait" for r in rows)


def test_values_that_bring_nothing_stop_the_calls(book, tmp_path):
    _, rows = decided(book, tmp_path / "close", with_values(tmp_path, ("dpd",), mean=-0.01))
    assert not [r for r in rows if r["action"] == "human_call"]


def test_values_that_want_what_the_night_does_not_know_are_refused(book, tmp_path):
    with pytest.raises(WrongUse, match="shoe_size"):
        decided(book, tmp_path / "close", with_values(tmp_path, ("dpd", "shoe_size")))
    (tmp_path / "values" / "values.json").unlink()
    with pytest.raises(UnreadableFile, match=r"values\.json"):
        read_strategy(str(tmp_path / "own.toml"))
