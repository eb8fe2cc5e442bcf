"""One decision in words: a sentence for anybody, then everything behind it.

Reads what a close wrote (`decisions.parquet`, `verdicts.parquet`, `portfolio.json`); decides nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from forbear.basics.errors import AnswerIsNo, UnreadableFile

SENTENCES = {
    "en": {
        "best_net_value": "{who}: {step} from {when} on, since of all steps that the gate allows it should bring most "
        "({gain}, of {stake} at stake) after its cost ({cost}) and burden (contact points: {burden}).",
        "pays_alone": "{who} is left in peace: {chance} of borrowers like this one pay within 30 days unasked.",
        "not_worth_it": "{who} is left in peace: no step should bring more than its cost and burden.",
        "capacity": "{who} waits: what there is today of shared capacity brings more elsewhere.",
        "gate_holds_back": "{who} is left in peace: the gate allows no step ({rules}).",
        "no_step_open": "{who} is left in peace: no step is possible yet; softer ones and some days come first.",
        "peace_slice": "{who} is left in peace by lot: some are, so that it can be known who pays unasked.",
        "disputed": "{who} is not asked for money: the debt is disputed, and a person looks first.",
    },
    "zh": {
        "best_net_value": "{who}：自 {when} 起采取“{step}”。在闸门允许的措施中，扣除成本（{cost}）与"
        "打扰（{burden} 接触分）后，它预期带来的最多（{gain}，涉及 {stake}）。",
        "pays_alone": "{who}：不打扰。类似借款人中有 {chance} 会在 30 天内自行还款。",
        "not_worth_it": "{who}：不打扰。没有一项措施的收益高于其成本与打扰。",
        "capacity": "{who}：等待。当日共享资源用于他处收益更高。",
        "gate_holds_back": "{who}：不打扰。闸门不允许任何措施（{rules}）。",
        "no_step_open": "{who}：不打扰。暂无可采取的措施，须先采取更温和的措施并间隔数日。",
        "peace_slice": "{who}：抽签留出、不打扰，用以了解哪些人会自行还款。",
        "disputed": "{who}：不催收。债务存在异议，先由人工核查。",
    },
}


@dataclass(frozen=True)
class Why:
    """A decision, told.

    Attributes:
        sentence: for anybody.
        decision: its row.
        steps: every possible step with the gate's answer.
        strategy: name, version, fingerprint and packs.
    """

    sentence: str
    decision: dict[str, Any]
    steps: list[dict[str, Any]]
    strategy: dict[str, Any]


def why(close: Path, borrower: str, language: str = "en") -> Why:
    """Why a night decided as it did for one borrower.

    Args:
        close: folder of a close that was given a strategy.
        borrower: the id.
        language: en or zh.

    Raises:
        UnreadableFile: the folder holds no decisions.
        AnswerIsNo: nothing was decided for such a borrower.
    """
    rows = _rows(close, "decisions.parquet", borrower)
    if not rows:
        raise _undecided(close, borrower)
    told = json.loads((close / "portfolio.json").read_text(encoding="utf-8"))
    steps = _rows(close, "verdicts.parquet", borrower)
    return Why(sentence(rows[0], steps, told, language), rows[0], steps, dict(told["decisions"]["strategy"]))


def _undecided(close: Path, borrower: str) -> AnswerIsNo:
    """Why there is no decision: not late, not in the book, or a loan's id instead of a borrower's."""
    if (close / "accounts.parquet").exists():
        accounts = pq.read_table(close / "accounts.parquet", columns=["loan_id", "borrower_id"])
        ids = {name: pc.cast(accounts[name], "string") for name in accounts.column_names}
        if not pc.any(pc.equal(ids["borrower_id"], borrower)).as_py():
            owner = ids["borrower_id"].filter(pc.equal(ids["loan_id"], borrower)).drop_null().to_pylist()
            hint = f"loan {borrower} is borrower {owner[0]}'s" if owner else "give a borrower_id of the book"
            return AnswerIsNo(f"{close}: the book that was closed has no borrower {borrower}", hint)
    return AnswerIsNo(
        f"{close}: nothing was decided for borrower {borrower}",
        "decisions are for borrowers in arrears, and for those who are likely to be late soon",
    )


def _rows(close: Path, name: str, borrower: str) -> list[dict[str, Any]]:
    if not (close / name).exists():
        raise UnreadableFile(f"{close / name}: no such file", "close the book with --strategy, then ask again")
    table = pq.read_table(close / name)
    found: list[dict[str, Any]] = table.filter(
        pc.equal(pc.cast(table["borrower_id"], "string"), borrower)
    ).to_pylist()
    return found


def sentence(row: dict[str, Any], steps: list[dict[str, Any]], told: dict[str, Any], language: str) -> str:
    """A decision in one sentence.

    Args:
        row: of decisions.parquet.
        steps: its rows of verdicts.parquet.
        told: portfolio.json.
        language: en or zh.
    """
    titles = {one["action"]: one["title"][language] for one in told["decisions"]["by_action"]}
    rules = sorted({rule for step in steps for rule in (step["because"] or "").split("|") if rule})
    currency = told["currency"]
    return SENTENCES[language][row["reasons"][0]].format(
        who=("Borrower " if language == "en" else "借款人 ") + str(row["borrower_id"]),
        step=titles.get(row["action"], row["action"]),
        when=f"{row['not_before']:%Y-%m-%d %H:%M} UTC" if row["not_before"] else "",
        gain=f"{currency} {row['expected_gain']:,.2f}",
        stake=f"{currency} {row['at_stake']:,.2f}",
        cost=f"{currency} {row['cost']:,.2f}",
        burden=f"{row['burden']:g}",
        chance=f"{100 * float(row['pays_alone']):.0f} %",
        rules=", ".join(rules),
    )
