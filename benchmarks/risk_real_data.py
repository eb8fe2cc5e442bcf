"""What the risk models are worth on real books, beside plain rivals on the same rows and features.

    .venv/bin/python benchmarks/risk_real_data.py [--only superlender_ng uci ...] [--out benchmarks/risk.md]

Every figure is of rows that no fit has seen: later moments of other borrowers (an account or loan with neither
dates nor several loans: other accounts). The rivals learn from the rows that the chain learned from:

- logistic: ridge logistic regression on the same columns (medians for missing values, a flag for each, standardized).
- lightgbm: a binary LightGBM for this column's horizon alone.
- rule: the share of events in cells that a manager would draw (named in the table).

The books lie outside the repository, in ../shared/data or $FORBEAR_SHARED/data.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from forbear.book import Book, open_book
from forbear.risk.chains import chains, labels
from forbear.risk.fit import _labels
from forbear.risk.frame import Frame, frame_of, moments_table
from forbear.risk.hazard import ChainModel
from forbear.risk.measures import Figures, auc, figures
from forbear.risk.panel import borrower_hash, training_frame
from forbear.risk.rehearsal import BY_BORROWER, Work, cuts_of, segment_traits, usable

DATA = Path(os.environ.get("FORBEAR_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
if not DATA.is_dir():
    DATA = Path("/work/shared/data")
MOST = 120_000
"""Rows a rival is fitted on."""
CREDIT_MOST = int(os.environ.get("FORBEAR_CREDIT_ROWS", "300000"))
"""Account-months of the credit record, drawn by account; fewer for a quick look."""


def opened(folder: str, mapping: str) -> Book:
    db = duckdb.connect()
    db.execute("SET threads = 2")
    return open_book(DATA / folder, db, mapping=mapping)


def plain_matrix(frame: Frame, train: np.ndarray) -> np.ndarray:
    """Numbers for logistic regression: medians for missing values with a flag, texts by value, all standardized."""
    x = frame.numbers.astype(np.float64)
    x = np.sign(x) * np.log1p(np.abs(x))
    gone = np.isnan(x)
    middle = np.nan_to_num(np.nanmedian(np.where(gone.all(axis=0), 0.0, x)[train], axis=0))
    parts = [np.where(gone, middle, x), gone[:, gone[train].any(axis=0)].astype(float)]
    for texts in frame.texts.values():
        names, counts = np.unique(texts[train].astype(str), return_counts=True)
        parts += [(texts == n).astype(float)[:, None] for n in names[np.argsort(-counts)][:20]]
    made = np.column_stack(parts)
    spread = made[train].std(axis=0)
    scaled: np.ndarray = ((made - made[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)).clip(-8, 8)
    return scaled


def tree_matrix(frame: Frame) -> np.ndarray:
    coded = [np.unique(t.astype(str), return_inverse=True)[1] for t in frame.texts.values()]
    return np.column_stack([frame.numbers, *coded]).astype(np.float32)


def thinned(rows: np.ndarray) -> np.ndarray:
    return rows if len(rows) <= MOST else np.random.default_rng(3).choice(rows, MOST, replace=False)


def rivals(
    frame: Frame, train: np.ndarray, y: np.ndarray, test: np.ndarray, cells: np.ndarray
) -> dict[str, np.ndarray]:
    import lightgbm
    from sklearn.linear_model import LogisticRegression

    train = thinned(train)
    plain = plain_matrix(frame.take(np.concatenate([train, test])), np.arange(len(train)))
    line = LogisticRegression(C=0.1, max_iter=300).fit(plain[: len(train)], y[train])
    settings = {"objective": "binary", "num_leaves": 12, "learning_rate": 0.05, "min_data_in_leaf": 60, "verbose": -1,
                "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0,
                "num_threads": 2, "seed": 1}  # fmt: skip
    trees = tree_matrix(frame)
    boosted = lightgbm.train(settings, lightgbm.Dataset(trees[train], y[train].astype(float)), 200)
    names, where = np.unique(cells, return_inverse=True)
    sums = np.bincount(where[train], weights=y[train].astype(float), minlength=len(names))
    counts = np.bincount(where[train], minlength=len(names))
    rule = (sums + 20 * y[train].mean()) / (counts + 20)
    return {
        "logistic": line.predict_proba(plain[len(train) :])[:, 1],
        "lightgbm": boosted.predict(trees[test], num_threads=2),
        "rule": rule[where[test]],
    }


def banded(values: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    return np.where(np.isnan(values), -1, np.digitize(np.nan_to_num(values), edges))


def event_cells(frame: Frame) -> np.ndarray:
    """Bucket now, and the share of all earlier installments that were late, in five bands."""
    bucket = np.ceil(np.minimum(frame.column("dpd"), 120) / 30)
    with np.errstate(all="ignore"):
        past = np.nanmean(np.column_stack([frame.column("late_share"), frame.column("others_late_share")]), axis=1)
    return np.char.add(
        bucket.astype(int).astype(str), np.char.add("/", banded(past, (0.001, 0.25, 0.5, 0.75)).astype(str))
    )


def record_cells(frame: Frame) -> np.ndarray:
    """State now and worst state of six months before."""
    now = frame.marks["kind_now"].astype(str)
    state = np.char.add(now, frame.marks["dpd_now"].astype(int).astype(str))
    return np.char.add(state, np.char.add("/", banded(frame.column("worst_6"), (1, 31, 61)).astype(str)))


Row = tuple[str, str, Figures, int]


def of_panel(
    name: str, frame: Frame, kind: str, outputs: tuple[str, ...]
) -> Iterator[tuple[str, str, str, Figures]]:
    """Figures of every wanted column on one later window of other borrowers, ours and the rivals'."""
    days, groups = frame.marks["as_of"].astype("datetime64[D]"), borrower_hash(frame)
    cells = event_cells(frame) if kind == "events" else record_cells(frame)
    for chain in chains(kind):
        if not set(outputs) & set(chain.outputs):
            continue
        known = _labels(chain, frame, None)
        work = Work(chain, frame, known, groups, days, cuts_of(days, usable(chain, known)))
        apart = (groups // 7) % 3 == 0
        late = np.ones(len(frame), bool) if work.cuts.test is None else days >= work.cuts.test
        model = work.rehearsal(~apart)
        if isinstance(model, str):
            print(name, chain.name, model, flush=True)
            continue
        for column, (step, is_end) in chain.outputs.items():
            if column not in outputs:
                continue
            on = known.known_for(step, chain.steps)
            y = known.stays(step, chain.steps) ^ is_end
            test = np.flatnonzero(apart & late & on)
            ripe = np.ones(len(frame), bool) if work.cuts.test is None else work.ripe(step) < work.cuts.test
            train = np.flatnonzero(~apart & on & ripe)
            if len(test) < 100 or y[test].sum() < 10 or y[train].sum() < 20:
                continue
            part = frame.take(test)
            stays = model.stays(part)[:, step]
            answers = {"forbear": 1 - stays if is_end else stays, **rivals(frame, train, y, test, cells)}
            if chain.has_card and step == 0 and model.card is not None:
                odds = model.card.odds(model.names()[:-1], model.numbers(part))
                answers["scorecard"] = 1 / (1 + np.exp(odds if is_end else -odds))
            segments = segment_traits(frame, test)
            new = frame.marks["first_time"].astype(bool)[test]
            for who, p in answers.items():
                yield column, who, "all", figures(y[test], p, segments)
                if new.sum() >= 100 and y[test][new].sum() >= 10:
                    yield column, who, "first-time", figures(y[test][new], p[new])


def superlender() -> Iterator[str]:
    frame = training_frame(opened("superlender_ng", "superlender_ng"), date(2017, 7, 31))
    yield heading(
        "superlender_ng: earlier loans", "open loans by the week and on the day of disbursal, up to 2017-07-31"
    )
    yield table(of_panel("superlender_ng", frame, "events", ("p_late_next", "p_late_7", "p_cure_7", "p_cure_30")))
    yield self_curers(frame)
    yield heading(
        "superlender_ng_next: the flagged next loan", "on the day of its approval, five folds of customers"
    )
    yield table(next_loan())


def next_loan() -> Iterator[tuple[str, str, str, Figures]]:
    """The flagged loans, each predicted on its day of approval by a fit on other customers."""
    book = opened("superlender_ng", "superlender_ng_next")
    flagged = book.connection.sql(
        "SELECT loan_id, disbursed_on AS as_of FROM book.loans WHERE loan_id NOT IN"
        " (SELECT loan_id FROM book.payments WHERE source <> 'flag') ORDER BY loan_id"
    ).to_arrow_table()
    whole = training_frame(book, date(2017, 12, 31))
    asked = frame_of(book, moments_table(flagged), date(2017, 12, 31), outcomes=True)
    chain = chains("events")[0]
    known, groups, own = labels(chain, whole), borrower_hash(whole), borrower_hash(asked)
    y = labels(chain, asked).stays(0, chain.steps)
    answers = {n: np.full(len(asked), np.nan) for n in ("forbear", "logistic", "lightgbm", "rule", "scorecard")}
    first = whole.column("age_days") == 0
    both = _joined(whole, asked)
    for fold in range(5):
        work = Work(
            chain,
            whole,
            known,
            groups,
            whole.marks["as_of"].astype("datetime64[D]"),
            BY_BORROWER,
        )
        part = groups % 5 == 4
        mine = (groups // 7) % 5 != fold
        model = work.fit([~part & mine] * 5, [part & mine & first] * 5)
        test = np.flatnonzero((own // 7) % 5 == fold)
        rows = asked.take(test)
        answers["forbear"][test], answers["scorecard"][test] = both_ways(model, rows)
        train = np.flatnonzero(mine & known.at_risk(0, chain.steps) & first)
        labels_of_both = np.concatenate([known.stays(0, chain.steps), y])
        for who, p in rivals(both, train, labels_of_both, test + len(whole), event_cells(both)).items():
            answers[who][test] = p
    new = asked.marks["first_time"].astype(bool)
    for who, p in answers.items():
        yield "p_late_next", who, "all", figures(y, p)
        yield "p_late_next", who, "first-time", figures(y[new], p[new])
    share = np.nan_to_num(asked.column("others_late_share"), nan=0.15)
    print("earlier late share alone", round(auc(y, share), 4), flush=True)


def both_ways(model: ChainModel | str, rows: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Chance of the first step's staying by the model and by its scorecard alone."""
    assert isinstance(model, ChainModel), model
    assert model.card is not None
    odds = model.card.odds(model.names()[:-1], model.numbers(rows))
    return model.stays(rows)[:, 0], 1 / (1 + np.exp(-odds))


def _joined(a: Frame, b: Frame) -> Frame:
    return Frame(
        a.columns,
        np.concatenate([a.numbers, b.numbers]),
        {n: np.concatenate([v, b.texts[n]]) for n, v in a.texts.items()},
        {n: np.concatenate([v.astype(object), b.marks[n].astype(object)]) for n, v in a.marks.items()},
    )


def self_curers(frame: Frame) -> str:
    """At 95 % precision, the share of overdue moments that would be paid within a week if left in peace."""
    days, groups = frame.marks["as_of"].astype("datetime64[D]"), borrower_hash(frame)
    chain = next(c for c in chains("events") if c.name == "cure")
    known = _labels(chain, frame, None)
    work = Work(chain, frame, known, groups, days, cuts_of(days, usable(chain, known)))
    late = days >= work.cuts.test
    got = []
    for fold in range(3):
        apart = (groups // 7) % 3 == fold
        model = work.rehearsal(~apart)
        assert isinstance(model, ChainModel), model
        rows = np.flatnonzero(apart & late & known.known_for(1, chain.steps))
        got.append((1 - model.stays(frame.take(rows))[:, 1], ~known.stays(1, chain.steps)[rows]))
    p, y = (np.concatenate(x) for x in zip(*got, strict=True))
    order = np.argsort(-p)
    precision = np.cumsum(y[order]) / np.arange(1, len(p) + 1)
    held = np.flatnonzero((precision >= 0.95) & (np.arange(1, len(p) + 1) >= 20))
    share = (held[-1] + 1) / len(p) if len(held) else 0.0
    return (
        f"\nSelf-curers: of {len(p)} overdue moments {100 * y.mean():.1f} % were paid within 7 days. At 95 % precision "
        f"{100 * share:.1f} % of them can be left in peace for a week; each saves the contacts of that week "
        f"({100 * share:.1f} of 100 overdue loans). Threshold chosen on the same rows it is told for.\n"
    )


def credit() -> Iterator[str]:
    book = opened("credit_record_monthly", "credit_record_monthly")
    frame = training_frame(book, date(2020, 1, 1), most=CREDIT_MOST // 4)
    yield heading("credit_record_monthly", f"{len(frame):,} account-months up to 2020-01-01")
    yield table(
        of_panel(
            "credit_record_monthly",
            frame,
            "statuses",
            ("p_roll", "p_cure_30", "p_60_in_6m", "p_60_in_12m", "p_90_in_12m"),
        )
    )
    six = frame.take((frame.column("months_on_book") >= 5) & (frame.column("months_on_book") < 7))
    yield heading("credit_record_monthly, from the first six months", "60 or more days within six months more")
    yield table(of_panel("credit_record_monthly", six, "statuses", ("p_60_in_6m",)))


def uci() -> Iterator[str]:
    book = opened("uci_credit_default", "uci_credit_default")
    frame = training_frame(book, date(2005, 12, 31))
    frame = frame.take(frame.column("age_days") == 0)
    yield heading("uci_credit_default", "default in the next month; 5 x 2 cross-validation over accounts")
    chain = chains("events")[0]
    known, y = labels(chain, frame), labels(chain, frame).stays(0, chain.steps)
    answers: dict[str, list[Figures]] = {}
    every = np.arange(len(frame))
    cells = np.char.add(frame.column("x_status_0").astype(int).astype(str), "")
    for seed in range(5):
        half = np.random.default_rng(seed).permutation(len(frame)) % 2
        for side in (0, 1):
            train, test = half == side, half != side
            groups = np.random.default_rng(10 + seed).permutation(len(frame))
            part = groups % 6 == 5
            work = Work(
                chain,
                frame,
                known,
                groups,
                frame.marks["as_of"].astype("datetime64[D]"),
                BY_BORROWER,
            )
            model = work.fit([train & ~part] * 5, [train & part] * 5)
            rows = frame.take(test)
            told = dict(zip(("forbear", "scorecard"), both_ways(model, rows), strict=True))
            told |= rivals(frame, every[train], y, every[test], cells)
            for who, p in told.items():
                answers.setdefault(who, []).append(figures(y[test], p))
    yield table(("p_late_next", who, "mean of 10", mean_of(found)) for who, found in answers.items())


def mean_of(found: list[Figures]) -> Figures:
    keys = ("rate", "mean", "auc", "ks", "brier", "log_loss", "slope", "intercept", "error")
    means: dict[str, Any] = {k: float(np.mean([getattr(f, k) for f in found])) for k in keys}
    return Figures(int(np.mean([f.rows for f in found])), int(np.mean([f.events for f in found])), **means)


def xente() -> Iterator[str]:
    frame = training_frame(opened("xente_ug", "xente_ug"), date(2019, 7, 15))
    yield heading("xente_ug", "open loans by the week and on the day of disbursal, up to 2019-07-15")
    yield table(
        of_panel("xente_ug", frame, "events", ("p_late_next", "p_late_7", "p_cure_7", "p_cure_30", "p_roll"))
    )


def sba() -> Iterator[str]:
    """Years to charge-off from disbursal: a chain of ten steps on what the loan was, against Kaplan-Meier."""
    from risk_sba import integrated

    yield heading("sba_7a", "time to charge-off, from what was known at disbursal; fitted on earlier disbursals")
    yield integrated(opened("sba_7a", "sba_7a"))


def heading(name: str, words: str) -> str:
    return f"\n## {name}\n\n{words[0].upper()}{words[1:]}.\n"


HEAD = "| column | who | rows | events | AUC | KS | Brier | slope | error | worst segment |"
RULE = "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"


def table(rows: Iterator[tuple[str, str, str, Figures]]) -> str:
    lines = [HEAD, RULE]
    for column, who, of, f in rows:
        worst = f"{f.worst} {f.worst_error:.3f}" if f.worst else ""
        name = who if of == "all" else f"{who}, {of}"
        lines.append(
            f"| `{column}` | {name} | {f.rows:,} | {f.events:,} | {f.auc:.4f} | {f.ks:.3f} | {f.brier:.4f} "
            f"| {f.slope:.3f} | {f.error:.4f} | {worst} |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


SETS = {"superlender_ng": superlender, "uci": uci, "xente_ug": xente, "credit": credit, "sba_7a": sba}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", nargs="+", choices=tuple(SETS), default=tuple(SETS))
    asked.add_argument("--out", type=Path)
    args = asked.parse_args()
    today = date.today()  # noqa: DTZ011
    page = [
        "# Risk on real books",
        "",
        f"{today}, {os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}. Command:"
        f" `.venv/bin/python benchmarks/risk_real_data.py`. What is measured stands at the head of the script.",
        "",
    ]
    for name in args.only:
        began = time.perf_counter()
        page += list(SETS[name]())
        print(name, f"{time.perf_counter() - began:.0f} s", flush=True)
        if args.out:
            args.out.write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
