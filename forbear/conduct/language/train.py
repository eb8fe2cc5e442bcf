"""Train the second layer from the tuning messages: `python -m forbear.conduct.language.train`.

Full-batch logistic regression with a fixed number of Adam steps and an L2 penalty. There is no chance in it: the same
messages give the same weights. Held-out files are never read. To know what to expect of messages by a hand never met,
and to set the threshold that is written beside the weights, all parts by one hand are left out in turn. What the rules
forbid whatever the wording (a name missing on a first contact, a missing way to stop) teaches nothing about wording and
is left out of the training.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from forbear.conduct.language.check import missing
from forbear.conduct.language.hints import LENGTH, chance, features, laid_out, together
from forbear.conduct.language.measure import DATA, LAWFUL, Labelled, read
from forbear.conduct.language.reading import Language, read_message
from forbear.conduct.language.stretches import LONG, TAUGHT, stretches

Floats = NDArray[np.float64]
STEPS = 200
RATE = 0.03
PENALTY = {"en": 0.5, "zh": 0.5}
"""Strength of the L2 penalty, for all messages together."""
FOLDS = 3
"""Trainings with hands left out."""
SCALE = 100
"""Weights and worths are kept as whole hundredths."""
RARITY = 2.5
"""Power of the logarithm by which rare features count for more."""
CIRCUMSTANCE = {"en": 3.0, "zh": 2.0}
"""How many times more than a letter piece a concept, a rule or a fact counts."""
LEAST_SEEN = 2
"""Messages in which a feature must have been seen."""
KEPT = {"en": 40_000, "zh": 35_000}
"""Features kept: those that move the verdict most."""
SMALLEST_KIND = 0.3
"""Weights for the category below this are not kept."""
ALARMS_ALLOWED: dict[Language, float] = {"en": 0.025, "zh": 0.02}
"""Share of the lawful messages of a hand that may be forbidden when it is left out, on average of the usual hands."""
HARD = frozenset({"fifth", "sixth", "eighth"})
"""Hands asked for hard messages above all: left out and shown like the others, but no measure of usual messages."""
_LATER = {
    "third": ("70",),
    "fourth": ("72",),
    "fifth": ("80",),
    "sixth": ("81",),
    "seventh": ("88",),
    "eighth": ("89",),
}
HANDS: dict[Language, dict[str, tuple[str, ...]]] = {
    "en": {"first": ("16", "17"), "second": ("57",), **_LATER},
    "zh": {"first": ("10", "11"), "second": ("32",), **_LATER},
}
"""The parts that were written to measure with, by the hand that wrote them: no hand of patterns and of other tuning
messages. The threshold is set on them alone. Where there is none of them (a trial) it is set on all messages."""
WRITTEN_AFTER = {
    "fifth": ("82", "83", "84", "85", "86", "87"),
    "sixth": ("85", "86", "87"),
    "eighth": ("90",),
}
"""Parts written after a look at what was missed of a hand: left out with it, since they would flatter."""
WEIGHED = frozenset({"82", "83", "84", "85", "86", "87", "90"})
"""Further parts that count as much as those of the hands in the training: written like them, of every kind."""
WEIGHT = 3.0
"""How many times another message one of these counts in the training."""
TWIN = "twin"
"""Trick of a lawful message that was written as the near copy of a forbidden one. It teaches the difference, but is
harder than what a lender sends, so the threshold is not set on it."""
SHOWN = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""Thresholds at which the figures of hands left out are written beside the weights."""
OUT = Path(__file__).parent / "data"


def presence(found: list[set[str]], columns: dict[str, int]) -> sparse.csr_array:
    """A row of ones for each set of features, in the columns of `columns`; features without a column are left out."""
    chosen = [np.array(sorted(columns[name] for name in one if name in columns), dtype=np.int32) for one in found]
    starts = np.cumsum([0, *(len(of) for of in chosen)])
    at = np.concatenate([np.empty(0, dtype=np.int32), *chosen])
    return sparse.csr_array((np.ones(len(at), dtype=np.float32), at, starts), shape=(len(found), len(columns)))


def weighed(rows: sparse.csr_array, worth: Floats) -> sparse.csr_array:
    """Rows of ones turned into what each feature is worth, each row scaled as `hints.leaning` scales it."""
    value = worth.astype(np.float32)[rows.indices]
    x = sparse.csr_array((value, rows.indices, rows.indptr), shape=rows.shape)
    norms = np.sqrt(np.maximum(1e-9, np.asarray((x * x).sum(axis=1)).ravel()))
    x.data = value * np.repeat((LENGTH / norms).astype(np.float32), np.diff(rows.indptr))
    return x


def fitted(x: sparse.csr_array, y: Floats, penalty: float, counts: Floats | None = None) -> tuple[Floats, float]:
    """Weights and bias of an L2-penalised logistic regression by Adam; `counts` says what each row counts for."""
    each = np.ones(len(y)) if counts is None else counts
    rows, turned = each.sum(), x.T.tocsr()
    theta, mean, square = (np.zeros(x.shape[1] + 1) for _ in range(3))
    for step in range(1, STEPS + 1):
        logits = x @ theta[:-1].astype(np.float32) + theta[-1]
        error = each * (1 / (1 + np.exp(-logits)) - y) / rows
        slope = np.append(turned @ error.astype(np.float32) + penalty / rows * theta[:-1], error.sum())
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope * slope
        theta -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return theta[:-1], float(theta[-1])


@dataclass(frozen=True, slots=True)
class Learnable:
    """Messages to learn from: a row of features each, a row for each of their sentences, and who is long.

    `of` has for each sentence the number of its message. `names` are the features in the order of the columns.
    """

    messages: list[Labelled]
    names: list[str]
    rows: sparse.csr_array
    sentences: sparse.csr_array
    of: NDArray[np.int64]
    long: NDArray[np.bool_]

    @property
    def lawless(self) -> Floats:
        """For each message whether it is forbidden, as 1 and 0."""
        return np.array([float(LAWFUL not in m.labels) for m in self.messages])

    @property
    def parts(self) -> NDArray[np.str_]:
        """The part that each message stands in."""
        return np.array([m.part for m in self.messages])

    def lessons(self, chosen_ones: NDArray[np.bool_], language: Language) -> Lessons:
        """What to learn from: messages, then the sentences of the lawful ones, counting as their message does."""
        lawless = self.lawless
        heavy = WEIGHED.union(*HANDS[language].values())
        counts = np.where(np.isin(self.parts, sorted(heavy)), WEIGHT, 1.0)
        lawful = (chosen_ones & (lawless == 0))[self.of]
        rows = sparse.vstack([self.rows[chosen_ones], self.sentences[lawful]], format="csr")
        y = np.append(lawless[chosen_ones], np.zeros(lawful.sum()))
        return Lessons(rows, y, np.append(counts[chosen_ones], counts[self.of[lawful]]))


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is learned from: rows of features, verdicts (1 forbidden, 0 lawful), and what each counts for."""

    rows: sparse.csr_array
    y: Floats
    counts: Floats

    def learned(self, worth: Floats, language: Language) -> tuple[Floats, float]:
        """Weights and bias, features being worth `worth`; those of no worth have none."""
        known = np.flatnonzero(worth)
        weights = np.zeros(len(worth))
        own, bias = fitted(weighed(self.rows[:, known], worth[known]), self.y, PENALTY[language], self.counts)
        weights[known] = own
        return weights, bias


def worths(lessons: Lessons, names: list[str], language: Language) -> Floats:
    """What each feature counts for before any weight: the rarer the more, and nothing if it was hardly seen."""
    seen = np.asarray(lessons.rows.sum(axis=0)).ravel()
    telling = np.array([CIRCUMSTANCE[language] if _circumstance(name) else 1.0 for name in names])
    rarity = np.log(1 + lessons.rows.shape[0] / np.maximum(1, seen)) ** RARITY
    return np.where(seen >= LEAST_SEEN, np.round(rarity * telling, 2), 0.0)


def _circumstance(name: str) -> bool:
    return name == "R" or name[:2] in {"C:", "R:", "H:", "F:"}


def chosen(lessons: Lessons, names: list[str], language: Language) -> Floats:
    """The worths of the features that move most verdicts most in a first training on all of them; of others nothing.

    How often a feature is met counts too: one that two messages have moves those far, and hardly ever another.
    """
    worth = worths(lessons, names, language)
    weights, _ = lessons.learned(worth, language)
    seen = np.asarray(lessons.rows.sum(axis=0)).ravel()
    strongest = np.argsort(-np.abs(weights) * worth * seen, kind="stable")[: KEPT[language]]
    kept = np.zeros(len(worth))
    kept[strongest] = worth[strongest]
    return kept


def left_out(of: Learnable, language: Language) -> tuple[Floats, NDArray[np.str_]]:
    """For each message by a hand of `HANDS` the probability from a model that has seen nothing by it, and the hand.

    Hands are left out two or so at a time. A message by no such hand has a probability of 0 and no hand.
    """
    chances, hands = np.zeros(len(of.messages)), np.full(len(of.messages), "", dtype="<U16")
    for hand, parts in hands_of(of.parts, language).items():
        hands[np.isin(of.parts, parts)] = hand
    names = sorted(set(hands.tolist()) - {""})
    for fold in range(FOLDS):
        out = np.isin(hands, names[fold::FOLDS])
        if out.any():
            flattering = [part for hand in names[fold::FOLDS] for part in WRITTEN_AFTER.get(hand, ())]
            lessons = of.lessons(~out & ~np.isin(of.parts, flattering), language)
            worth = chosen(lessons, of.names, language)
            weights, bias = lessons.learned(worth, language)
            chances[out] = _chances(of, worth, weights, bias)[out]
    return chances, hands


def _chances(of: Learnable, worth: Floats, weights: Floats, bias: float) -> Floats:
    """The probability of each message, by the whole and, if it is long, by its worst sentence."""
    whole = np.clip(weighed(of.rows, worth) @ weights + bias, -30, 30)
    each = np.clip(weighed(of.sentences, worth) @ weights + bias, -30, 30)
    worst = np.full(len(whole), -30.0)
    np.maximum.at(worst, of.of, each)
    worst[~of.long] = -30.0
    return np.array([chance(together(a, b)) for a, b in zip(whole.tolist(), worst.tolist(), strict=True)])


def hands_of(parts: NDArray[np.str_], language: Language) -> dict[str, tuple[str, ...]]:
    """The hands with messages among these parts; where there is none, two halves of the parts."""
    there = set(parts.tolist())
    known = {hand: own for hand, own in HANDS[language].items() if there & set(own)}
    if known:
        return known
    names = sorted(there)
    return {"one half": tuple(names[::2]), "other half": tuple(names[1::2])} if len(names) > 1 else {}


def threshold(lawful: list[Floats], allowed: float) -> float:
    """The lowest of the hundredths with no more lawful messages forbidden than allowed; one half if no hand tells.

    Args:
        lawful: for each hand the probabilities of its lawful messages.
        allowed: share of them that may be forbidden, on average of the hands.
    """
    if not lawful:
        return 0.5
    hundredths = [at / 100 for at in range(20, 100)]
    alarms = {at: [float((own >= at).mean()) for own in lawful] for at in hundredths}
    return min((at for at in hundredths if sum(alarms[at]) <= allowed * len(lawful)), default=0.99)


def _kinds(of: Learnable, worth: Floats, language: Language) -> dict[str, Any]:
    """For each category the weights that tell it from the other forbidden messages, and the bias."""
    known = np.flatnonzero(worth)
    bad = np.flatnonzero(of.lawless)
    x = weighed(of.rows[bad][:, known], worth[known])
    kinds = {}
    for label in sorted({label for m in of.messages for label in m.labels} - {LAWFUL, "missing_opt_out"}):
        own = np.array([float(label in of.messages[at].labels) for at in bad])
        weights, bias = fitted(x, own, PENALTY[language])
        kept = {
            of.names[at]: round(float(w) * SCALE)
            for at, w in zip(known, weights, strict=True)
            if abs(w) >= SMALLEST_KIND
        }
        kinds[label] = [kept, round(bias, 4)]
    return kinds


def learnable(messages: Iterable[Labelled], language: Language) -> Learnable:
    """The messages whose verdict hangs on their wording, read."""
    kept: list[Labelled] = []
    found: list[set[str]] = []
    sentences: list[tuple[int, set[str]]] = []
    long: list[bool] = []
    for message in messages:
        read_one = read_message(message.text, language, message.facts)
        by_fact = missing(read_one, message.text, language, message.facts)
        if any(finding.severity == "forbidden" for finding in by_fact):
            continue
        laid = list(laid_out(read_one.flow.text, language))
        places = stretches(read_one, language, message.facts, laid, TAUGHT[language])
        sentences += [(len(kept), place.features) for place in places]
        kept.append(message)
        found.append(features(laid, read_one, message.facts))
        long.append(len(read_one.flow.text) >= LONG[language])
    names = sorted(set().union(*found))
    columns = {name: at for at, name in enumerate(names)}
    return Learnable(
        kept,
        names,
        presence(found, columns),
        presence([one for _, one in sentences], columns),
        np.array([at for at, _ in sentences], dtype=np.int64),
        np.array(long, dtype=np.bool_),
    )


def trained(messages: Iterable[Labelled], language: Language) -> dict[str, Any]:
    """The model of one language, as plain data."""
    of = learnable(messages, language)
    y = of.lawless
    chances, hands = left_out(of, language)
    usual = np.array([m.trick != TWIN for m in of.messages])
    setting = sorted(set(hands.tolist()) - {""} - HARD)
    lawful = [chances[(hands == hand) & usual & (y == 0)] for hand in setting]
    forbid_at = threshold([own for own in lawful if len(own)], ALARMS_ALLOWED[language])
    lessons = of.lessons(np.ones(len(y), dtype=np.bool_), language)
    worth = chosen(lessons, of.names, language)
    weights, bias = lessons.learned(worth, language)
    return {
        "scale": SCALE,
        "pieces": {
            of.names[at]: [round(float(worth[at]) * SCALE), round(float(weights[at]) * SCALE)]
            for at in np.flatnonzero(worth)
        },
        "bias": round(bias, 4),
        "kinds": _kinds(of, worth, language),
        "forbid_at": forbid_at,
        "left_out": left_out_figures(chances, y, np.where(usual, hands, "")),
    }


def left_out_figures(chances: Floats, y: Floats, hands: NDArray[np.str_]) -> dict[str, Any]:
    """For each hand left out: forbidden and lawful messages, and how many of each are forbidden at some thresholds."""
    figures = {}
    for hand in sorted(set(hands.tolist()) - {""}):
        bad, good = chances[(hands == hand) & (y == 1)], chances[(hands == hand) & (y == 0)]
        rows = [[at, int((bad >= at).sum()), int((good >= at).sum())] for at in SHOWN]
        figures[hand] = {"forbidden": len(bad), "lawful": len(good), "at": rows}
    return figures


def main() -> None:
    """Train both languages and write their weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--language", choices=["en", "zh"], action="append", help="default: both")
    asked = parser.parse_args()
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        if asked.language and language not in asked.language:
            continue
        messages = read(asked.data / f"{language}_tuning.csv")
        weights = trained(messages, language)
        print(
            f"{language}: forbidden from {weights['forbid_at']} on; {json.dumps(weights['left_out'])}", flush=True
        )
        text = json.dumps(weights, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        (asked.out / f"hints.{language}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
