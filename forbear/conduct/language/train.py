"""Train the second layer from the tuning messages: `python -m forbear.conduct.language.train`.

Two regressions (`fitting`): one of forbidden against lawful, one with a score for each category; their mean decides, so
that a message is as bad as its worst category and not as an average one. There is no chance in it: the same messages
give the same weights. Held-out files are never read. To know what to expect of messages by a hand never met,
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
from forbear.conduct.language.fitting import Floats, Singles, fitted, fitted_kinds, presence, weighed
from forbear.conduct.language.hints import chance, features, laid_out, together
from forbear.conduct.language.measure import DATA, LAWFUL, Labelled, read
from forbear.conduct.language.reading import Language, read_message
from forbear.conduct.language.stretches import LONG, TAUGHT, stretches

PENALTY = {"en": 0.5, "zh": 0.5}
"""Strength of the L2 penalty, for all messages together."""
PENALTY_OF_KINDS = {"en": 0.2, "zh": 0.2}
"""That of the scores of categories."""
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
NO_WORDING = frozenset({LAWFUL, "missing_opt_out"})
"""Labels that are no category of wording."""
ALARMS_ALLOWED = {"en": 0.015, "zh": 0.02}
"""Share of the lawful messages of a hand that may be forbidden when it is left out, on average of the usual hands."""
HARD = frozenset({"fifth", "sixth", "eighth", "tenth"})
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
    "en": {"first": ("16", "17"), "second": ("57",), **_LATER, "tenth": ("91",)},
    "zh": {"first": ("10", "11"), "second": ("32",), **_LATER},
}
"""The parts that were written to measure with, by the hand that wrote them: no hand of patterns and of other tuning
messages. The threshold is set on them alone. Where there is none of them (a trial) it is set on all messages."""
WRITTEN_AFTER = {
    "fifth": ("82", "83", "84", "85", "86", "87"),
    "sixth": ("85", "86", "87"),
    "eighth": ("90",),
    "tenth": ("92", "93"),
}
"""Parts written after a look at what was missed of a hand: left out with it, since they would flatter."""
WEIGHED = frozenset({"82", "83", "84", "85", "86", "87", "90", "92", "93"})
"""Further parts that count as much as those of the hands in the training: written like them, of every kind."""
WEIGHT = 3.0
"""How many times another message one of these counts in the training."""
TWIN = "twin"
"""Trick of a lawful message that was written as the near copy of a forbidden one. It teaches the difference, but is
harder than what a lender sends, so the threshold is not set on it."""
SHOWN = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""Thresholds at which the figures of hands left out are written beside the weights."""
OUT = Path(__file__).parent / "data"


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
    def categories(self) -> list[str]:
        """The categories among the labels, in order."""
        return sorted({label for m in self.messages for label in m.labels} - NO_WORDING)

    @property
    def kinds(self) -> Singles:
        """For each message the share of each of `categories`; of a lawful one none."""
        names = self.categories
        rows = np.array([[name in m.labels for name in names] for m in self.messages], dtype=np.float32)
        shares: Singles = rows / np.maximum(1, rows.sum(axis=1, keepdims=True))
        return shares

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
        own = self.kinds
        kinds = np.vstack([own[chosen_ones], np.zeros((lawful.sum(), own.shape[1]), dtype=np.float32)])
        return Lessons(rows, y, kinds, np.append(counts[chosen_ones], counts[self.of[lawful]]))


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is learned from: rows of features, verdicts (1 forbidden, 0 lawful), categories, what each counts for."""

    rows: sparse.csr_array
    y: Floats
    kinds: Singles
    counts: Floats

    def verdict(self, worth: Floats, language: Language) -> Floats:
        """A weight for forbidden of each feature, features being worth `worth`; those of no worth have none."""
        known = np.flatnonzero(worth)
        weights = np.zeros(len(worth))
        weights[known] = fitted(weighed(self.rows[:, known], worth[known]), self.y, PENALTY[language], self.counts)[
            0
        ]
        return weights

    def scores(self, worth: Floats, language: Language) -> tuple[Floats, Floats]:
        """A row of weights of each feature for every category, and their biases: both regressions together."""
        known = np.flatnonzero(worth)
        x = weighed(self.rows[:, known], worth[known])
        own, bias = fitted(x, self.y, PENALTY[language], self.counts)
        by_kind = fitted_kinds(x, self.kinds, self.y, PENALTY_OF_KINDS[language], self.counts)
        weights = np.zeros((len(worth), self.kinds.shape[1]))
        weights[known] = by_kind[:-1] + own[:, None]
        return weights, by_kind[-1] + bias


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
    weights = lessons.verdict(worth, language)
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
            weights, bias = lessons.scores(worth, language)
            chances[out] = _chances(of, worth, weights, bias)[out]
    return chances, hands


def _chances(of: Learnable, worth: Floats, weights: Floats, bias: Floats) -> Floats:
    """The probability of each message, by the whole and, if it is long, by its worst sentence."""

    def leanings(rows: sparse.csr_array) -> Floats:
        scores = weighed(rows, worth) @ weights + bias
        halves: Floats = np.logaddexp.reduce(scores, axis=1) / 2
        return np.clip(halves, -30, 30)

    whole, each = leanings(of.rows), leanings(of.sentences)
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
    weights, bias = lessons.scores(worth, language)
    return {
        "scale": SCALE,
        "kinds": dict(zip(of.categories, np.round(bias, 4).tolist(), strict=True)),
        "pieces": {
            of.names[at]: [round(float(worth[at]) * SCALE), *np.round(weights[at] * SCALE).astype(int).tolist()]
            for at in np.flatnonzero(worth)
        },
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
