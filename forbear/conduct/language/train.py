"""Train the second layer from the tuning messages: `python -m forbear.conduct.language.train`.

Full-batch logistic regression with a fixed number of Adam steps and an L2 penalty. There is no chance in it: the same
messages give the same weights. Held-out files are never read. To know what to expect, and to set the threshold that
is written beside the weights, whole files are left out in turn: the messages of a file are by one hand and resemble
each other, so leaving out single messages would flatter. What the rules forbid whatever the wording (a name missing
on a first contact, a missing way to stop) teaches nothing about wording and is left out of the training.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from forbear.conduct.language.check import missing
from forbear.conduct.language.hints import LENGTH, features
from forbear.conduct.language.measure import DATA, LAWFUL, Labelled, read
from forbear.conduct.language.reading import Language, read_message
from forbear.conduct.language.stretches import stretches

Floats = NDArray[np.float64]
STEPS = 200
RATE = 0.03
PENALTY = {"en": 0.5, "zh": 0.5}
"""Strength of the L2 penalty, for all messages together."""
FOLDS = 10
SCALE = 100
"""Weights and worths are kept as whole hundredths."""
RARITY = 2.5
"""Power of the logarithm by which rare features count for more."""
CIRCUMSTANCE = {"en": 3.0, "zh": 2.0}
"""How many times more than a letter piece a concept, a rule or a fact counts."""
LEAST_SEEN = 2
"""Messages in which a feature must have been seen."""
KEPT = {"en": 30_000, "zh": 20_000}
"""Features kept: those that move the verdict most."""
SMALLEST_KIND = 0.3
"""Weights for the category below this are not kept."""
ALARMS_ALLOWED = 0.025
"""Share of the lawful messages of the parts below that may be forbidden when their files are left out."""
STRETCH_ALARMS = 0.03
"""Share of the long lawful messages of all parts of which a sentence may be forbidden. Most were written to be hard."""
LEAST_STRETCH = 0.8
"""A sentence of a long message is never forbidden below this, however few the messages that say so."""
MEASURING = {
    "en": ("en_tuning16", "en_tuning17", "en_tuning57", "en_tuning70", "en_tuning72"),
    "zh": ("zh_tuning10", "zh_tuning11", "zh_tuning32", "zh_tuning70", "zh_tuning72"),
}
"""The parts that were written to measure with, by other hands or long before the patterns were last changed. The
threshold is set on them alone, for most other lawful tuning messages were written to be hard. A folder that has none
of them sets it on all it has."""
TWIN = "twin"
"""Trick of a lawful message that was written as the near copy of a forbidden one. It teaches the difference, but is
harder than what a lender sends, so the threshold is not set on it."""
OUT = Path(__file__).parent / "data"


def rows_of(found: list[set[str]], worth: dict[str, float]) -> sparse.csr_array:
    """A row of features a message, each worth what `worth` says, each row scaled as `hints.score` scales it."""
    at = {name: column for column, name in enumerate(worth)}
    value = np.array(list(worth.values()))
    chosen = [np.array(sorted(at[name] for name in present if name in at), dtype=np.int64) for present in found]
    values = [LENGTH * value[of] / max(1e-9, float(np.linalg.norm(value[of]))) for of in chosen]
    starts = np.cumsum([0, *(len(of) for of in chosen)])
    return sparse.csr_array(
        (np.concatenate(values), np.concatenate(chosen), starts), shape=(len(found), len(worth))
    )


def fitted(x: sparse.csr_array, y: Floats, penalty: float) -> tuple[Floats, float]:
    """Weights and bias of an L2-penalised logistic regression by Adam."""
    rows, turned = len(y), x.T.tocsr()
    theta, mean, square = (np.zeros(x.shape[1] + 1) for _ in range(3))
    for step in range(1, STEPS + 1):
        error = (1 / (1 + np.exp(-(x @ theta[:-1] + theta[-1]))) - y) / rows
        slope = np.append(turned @ error + penalty / rows * theta[:-1], error.sum())
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope * slope
        theta -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return theta[:-1], float(theta[-1])


def worths(found: list[set[str]], language: Language) -> dict[str, float]:
    """What each feature counts for before any weight, in alphabetical order: the rarer the more."""
    counts = Counter(name for present in found for name in present)
    return {
        name: round(
            float(np.log(1 + len(found) / seen)) ** RARITY * (CIRCUMSTANCE[language] if _circumstance(name) else 1),
            2,
        )
        for name, seen in sorted(counts.items())
        if seen >= LEAST_SEEN
    }


def _circumstance(name: str) -> bool:
    return name == "R" or name[:2] in {"C:", "R:", "H:", "F:"}


def chosen(found: list[set[str]], y: Floats, language: Language) -> dict[str, float]:
    """The worths of the features that move the verdict most in a first training on all of them."""
    worth = worths(found, language)
    weights, _ = fitted(rows_of(found, worth), y, PENALTY[language])
    strength = np.abs(weights) * np.array(list(worth.values()))
    strongest = set(np.argsort(-strength, kind="stable")[: KEPT[language]].tolist())
    return {name: value for at, (name, value) in enumerate(worth.items()) if at in strongest}


@dataclass(frozen=True, slots=True)
class Learnable:
    """The messages to learn from, the file of each, its features, and the features of its sentences if it is long."""

    messages: list[Labelled]
    parts: list[str]
    found: list[set[str]]
    sentences: list[list[set[str]]]

    @property
    def lawless(self) -> Floats:
        """For each message whether it is forbidden, as 1 and 0."""
        return np.array([float(LAWFUL not in m.labels) for m in self.messages])

    def lessons(self, chosen_ones: list[int]) -> tuple[list[set[str]], Floats]:
        """The features to learn from and their verdicts: messages, then the sentences of the lawful long ones."""
        lawless = self.lawless
        lawful = [one for at in chosen_ones if not lawless[at] for one in self.sentences[at]]
        rows = [self.found[at] for at in chosen_ones] + lawful
        return rows, np.append(lawless[chosen_ones], np.zeros(len(lawful)))


def left_out(of: Learnable, language: Language) -> tuple[Floats, Floats]:
    """For each message the probability from a model that has seen nothing of its file, and its worst sentence's."""
    whole, worst = np.zeros(len(of.found)), np.zeros(len(of.found))
    folds = {part: at % FOLDS for at, part in enumerate(sorted(set(of.parts)))}
    for fold in range(FOLDS):
        out = [at for at, part in enumerate(of.parts) if folds[part] == fold]
        rest = [at for at, part in enumerate(of.parts) if folds[part] != fold]
        if not out or not rest:
            continue
        rows, y = of.lessons(rest)
        worth = chosen(rows, y, language)
        weights, bias = fitted(rows_of(rows, worth), y, PENALTY[language])
        whole[out] = _chances([of.found[at] for at in out], worth, weights, bias)
        for at in out:
            if of.sentences[at]:
                worst[at] = _chances(of.sentences[at], worth, weights, bias).max()
    return whole, worst


def _chances(found: list[set[str]], worth: dict[str, float], weights: Floats, bias: float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(rows_of(found, worth) @ weights + bias))))


def stretch_threshold(worst: Floats) -> float:
    """The lowest of the hundredths at which few enough of the long lawful messages have a sentence as bad as that."""
    hundredths = [at / 100 for at in range(round(100 * LEAST_STRETCH), 100)]
    return min((at for at in hundredths if (worst >= at).mean() <= STRETCH_ALARMS), default=0.99)


def threshold(lawful: Floats) -> float:
    """The lowest of the hundredths at which no more lawful messages are forbidden than allowed."""
    hundredths = [at / 100 for at in range(20, 100)]
    return min((at for at in hundredths if (lawful >= at).mean() <= ALARMS_ALLOWED), default=0.99)


def _kinds(
    messages: list[Labelled], found: list[set[str]], worth: dict[str, float], language: Language
) -> dict[str, Any]:
    """For each category the weights that tell it from the other forbidden messages, and the bias."""
    bad = [at for at, m in enumerate(messages) if LAWFUL not in m.labels]
    x = rows_of([found[at] for at in bad], worth)
    kinds = {}
    for label in sorted({label for m in messages for label in m.labels} - {LAWFUL, "missing_opt_out"}):
        own = np.array([float(label in messages[at].labels) for at in bad])
        weights, bias = fitted(x, own, PENALTY[language])
        kept = {
            name: round(float(w) * SCALE) for name, w in zip(worth, weights, strict=True) if abs(w) >= SMALLEST_KIND
        }
        kinds[label] = [kept, round(bias, 4)]
    return kinds


def learnable(parts: dict[str, list[Labelled]], language: Language) -> Learnable:
    """The messages whose verdict hangs on their wording, read."""
    chosen_ones = Learnable([], [], [], [])
    for part, rows in parts.items():
        for message in rows:
            read_one = read_message(message.text, language, message.facts)
            by_fact = missing(read_one, message.text, language, message.facts)
            if not any(finding.severity == "forbidden" for finding in by_fact):
                chosen_ones.messages.append(message)
                chosen_ones.parts.append(part)
                chosen_ones.found.append(features(read_one, language, message.facts))
                long = stretches(read_one, language, message.facts)
                chosen_ones.sentences.append([one.features for one in long])
    return chosen_ones


def trained(parts: dict[str, list[Labelled]], language: Language) -> dict[str, Any]:
    """The model of one language, as plain data."""
    of = learnable(parts, language)
    y = of.lawless
    scores, worst = left_out(of, language)
    long = np.array([bool(sentences) for sentences in of.sentences])
    stretch_at = stretch_threshold(worst[long & (y == 0)]) if (long & (y == 0)).any() else 0.99
    scores = np.where(worst >= stretch_at, 1.0, scores)
    usual = np.array([m.trick != TWIN for m in of.messages])
    measured = usual & measuring(of.parts, language)
    forbid_at = threshold(scores[measured & (y == 0)])
    rows, verdicts = of.lessons(list(range(len(y))))
    worth = chosen(rows, verdicts, language)
    weights, bias = fitted(rows_of(rows, worth), verdicts, PENALTY[language])
    tell(language, scores >= forbid_at, y, np.where(usual, of.parts, f"twins of {language}"), forbid_at)
    tell_thresholds(language, scores[measured], y[measured])
    print(f"{language}: a sentence of a long message from {stretch_at} on, {long.sum()} long", flush=True)
    return {
        "scale": SCALE,
        "pieces": {
            name: [round(value * SCALE), round(float(w) * SCALE)]
            for (name, value), w in zip(worth.items(), weights, strict=True)
        },
        "bias": round(bias, 4),
        "kinds": _kinds(of.messages, of.found, worth, language),
        "forbid_at": forbid_at,
        "stretch_at": stretch_at,
    }


def measuring(parts: list[str], language: Language) -> NDArray[np.bool_]:
    """Which messages the threshold is set on, by the parts that they stand in."""
    own = np.array([part in MEASURING[language] for part in parts])
    return own if own.any() else np.ones(len(parts), dtype=np.bool_)


def tell(language: str, hit: NDArray[np.bool_], y: Floats, parts: NDArray[np.str_], forbid_at: float) -> None:
    """Print recall and alarms of the left-out files, each and all; the lawful twins of all files apart."""
    for part in [*sorted(set(parts.tolist())), "all"]:
        own = (parts == part) | (part == "all")
        caught, alarms = hit[own & (y == 1)], hit[own & (y == 0)]
        recall = f"recall {caught.mean():.3f} of {len(caught)}, " if len(caught) else ""
        print(f"{language} {part}: {recall}alarms {alarms.sum()} of {len(alarms)}")
    print(f"{language}: forbidden from {forbid_at} on", flush=True)


def tell_thresholds(language: str, scores: Floats, y: Floats) -> None:
    """Print what other thresholds would give on the left-out parts that the threshold is set on."""
    for at in (0.5, 0.55, 0.6, 0.65, 0.7, 0.8):
        caught, alarms = (scores >= at)[y == 1], (scores >= at)[y == 0]
        print(f"{language} at {at}: recall {caught.mean():.3f}, alarms {alarms.mean():.3f}")


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
        parts = {path.stem: read(path) for path in sorted(asked.data.glob(f"{language}_tuning*.csv"))}
        text = json.dumps(trained(parts, language), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        (asked.out / f"hints.{language}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
