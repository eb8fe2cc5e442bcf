"""Train the model of replies from the tuning messages: `python -m forbear.conduct.replies.train`.

Those who made the rules wrote `LANGUAGE_tuning.txt`; each `LANGUAGE_strangers*.txt` is by a hand of its own, which had
seen neither rules nor messages. The leans are ridge regressions, solved outright: no chance, the same weights
from the same messages. They are solved once more without each stranger's hand; from the leans of those hands left out,
which is how the next stranger will be met, comes what a lean and a rule's finding are worth together, and from which
chance on an intent holds: one that protects the borrower from `HIGHEST_PROTECTING`, or lower where `RECALL_KEPT` of the
hands left out would not be found there, for a miss costs her more than a false alarm costs us; the others where
precision and recall are best together.
Held-out files are never read.
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

from forbear.conduct.language.fitting import Floats, presence, weighed
from forbear.conduct.language.forms import flow
from forbear.conduct.replies.intents import INTENTS, PROTECTING
from forbear.conduct.replies.labelled import DATA, Labelled, read
from forbear.conduct.replies.model import evidence, features
from forbear.conduct.replies.rules import found, spared

OUT = Path(__file__).parent / "data"
SCALE = 1000
PENALTY = 6.0
"""Strength of the L2 penalty against a message that counts for one."""
OF_A_LINE = 3
"""Of the messages that a written line stands for so many are learned from."""
STRANGER = 2.0
"""What a message of a stranger counts for; those of a line count for the root of their number together."""
RARITY = 1.25
"""Power of the logarithm by which rare pieces count for more."""
LEAST_SEEN = 2
KEPT = 40_000
"""Pieces kept: those that move any intent most, a piece that is met more often before one that is rare."""
STEPS = 30
SHRINK = 0.3
"""Strength of the L2 penalty on what evidence counts for."""
LOWEST, HIGHEST = 0.03, 0.6
"""Between these a threshold lies."""
HIGHEST_PROTECTING = 0.05
"""An intent that protects holds from this chance on at the latest: a miss counts for nineteen false alarms. It is the
highest at which of three hands left out, in two languages, each intent is found in 0.97, but for one by one message."""
RECALL_KEPT = 0.98
"""It holds from a lower one where of the messages of hands left out that have it fewer than this would be found."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Messages to learn from: pieces and labels of each, what it counts for, and whose hand it is (0: the house's)."""

    flows: list[str]
    found: list[set[str]]
    labels: Floats
    counts: Floats
    hands: NDArray[np.int64]

    @property
    def strangers(self) -> NDArray[np.int64]:
        """Which messages are by strangers."""
        return np.flatnonzero(self.hands)


def spread(messages: list[Labelled]) -> list[Labelled]:
    """Of the messages of each line a few, from its first to its last."""
    of_line: dict[int, list[Labelled]] = {}
    for message in messages:
        of_line.setdefault(message.line, []).append(message)
    return [
        those[at]
        for those in of_line.values()
        for at in sorted({round(step * (len(those) - 1) / (OF_A_LINE - 1)) for step in range(OF_A_LINE)})
    ]


def lessons(ours: list[Labelled], strangers: list[list[Labelled]], language: str) -> Lessons:
    """What is learned from: our messages, and those of each stranger."""
    known = {message.text for hand in strangers for message in hand}
    ours = spread([message for message in ours if message.text not in known])
    messages = [*ours, *(message for hand in strangers for message in hand)]
    size = Counter(message.line for message in ours)
    flows = [flow(message.text).text.strip() for message in messages]
    return Lessons(
        flows=flows,
        found=[features(text, language) for text in flows],
        labels=np.array([[float(name in message.intents) for name in INTENTS] for message in messages]),
        counts=np.array([size[m.line] ** -0.5 for m in ours] + [STRANGER] * (len(messages) - len(ours))),
        hands=np.repeat(np.arange(1 + len(strangers)), [len(ours), *map(len, strangers)]),
    )


def worths(pieces: list[set[str]]) -> dict[str, float]:
    """What each piece counts for before any weight, in alphabetical order."""
    counts = Counter(name for present in pieces for name in present)
    return {
        name: round(float(np.log(1 + len(pieces) / seen)) ** RARITY, 3)
        for name, seen in sorted(counts.items())
        if seen >= LEAST_SEEN
    }


def solved(of: Lessons, chosen: NDArray[np.int64]) -> tuple[dict[str, float], Floats, Floats]:
    """Worths, weights (pieces by intents) and biases, learned from the chosen messages.

    With kernel K and what each message counts for in C, a = (K + penalty / C)^-1 y (ridge regression in its dual form).
    """
    pieces = [of.found[at] for at in chosen]
    worth = worths(pieces)
    rows = _rows(pieces, worth)
    kernel = np.asarray((rows @ rows.T).todense()) + 1.0
    kernel[np.diag_indices(len(kernel))] += PENALTY / of.counts[chosen]
    each = np.linalg.solve(kernel, 2 * of.labels[chosen] - 1)
    return worth, np.asarray(rows.T @ each), each.sum(axis=0)


def _rows(pieces: list[set[str]], worth: dict[str, float]) -> sparse.csr_array:
    """The known pieces of each message as the model weighs them."""
    columns = {name: at for at, name in enumerate(worth)}
    known = [present & columns.keys() for present in pieces]
    return weighed(presence(known, columns), np.array(list(worth.values()))).astype(np.float64)


def kept(of: Lessons, worth: dict[str, float], weights: Floats) -> set[int]:
    """The places of the pieces that are kept."""
    seen = Counter(name for present in of.found for name in present)
    met = np.sqrt([seen[name] for name in worth])
    strength = np.abs(weights).max(axis=1) * np.array(list(worth.values())) * met
    return set(np.argsort(-strength, kind="stable")[:KEPT].tolist())


def unmet(of: Lessons) -> Floats:
    """The leans of each stranger's messages by what all the others taught; nothing is said of ours."""
    leans = np.zeros_like(of.labels)
    for hand in sorted(set(of.hands[of.strangers].tolist())):
        worth, weights, bias = solved(of, np.flatnonzero(of.hands != hand))
        own = np.flatnonzero(of.hands == hand)
        leans[own] = _rows([of.found[at] for at in own], worth) @ weights + bias
    return leans


def told(of: Lessons, leans: Floats, chosen: NDArray[np.int64], language: str) -> list[Floats]:
    """For each intent the evidence on it: the chosen messages by what is known."""
    made: list[list[tuple[float, ...]]] = [[] for _ in INTENTS]
    for at in chosen:
        lean = dict(zip(INTENTS, leans[at].tolist(), strict=True))
        ruled, like = found(of.flows[at], language) & INTENTS.keys(), spared(of.flows[at], language)
        for rows, name in zip(made, INTENTS, strict=True):
            rows.append(evidence(name, lean, ruled, like))
    return [np.array(rows) for rows in made]


def fitted(x: Floats, y: Floats) -> Floats:
    """What each column counts for, and the bias, by Newton's steps of an L2-penalised logistic regression."""
    rows = np.column_stack([x, np.ones(len(x))])
    penalty = np.append(np.full(x.shape[1], SHRINK), 1e-6)
    theta = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-rows @ theta))
        slope = rows.T @ (chance - y) + penalty * theta
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(penalty)
        theta = theta - np.linalg.solve(curve, slope)
    return theta


def apart(x: Floats, y: Floats, hands: NDArray[np.int64]) -> Floats:
    """The chance of each message by what the other hands taught."""
    rows, chance = np.column_stack([x, np.ones(len(x))]), np.zeros(len(x))
    for hand in sorted(set(hands.tolist())):
        own = hands == hand
        chance[own] = 1 / (1 + np.exp(-rows[own] @ fitted(x[~own], y[~own])))
    return chance


def threshold(intent: str, chance: Floats, held: NDArray[np.bool_]) -> float:
    """From which chance on an intent holds."""
    steps = np.arange(LOWEST, HIGHEST + 1e-9, 0.01).round(2)
    right = np.array([float((held & (chance >= at)).sum()) for at in steps])
    if intent in PROTECTING:
        enough = steps[(right >= RECALL_KEPT * held.sum()) & (steps <= HIGHEST_PROTECTING)]
        return float(max(enough, default=LOWEST))
    both = [2 * hits / (held.sum() + (chance >= at).sum()) for hits, at in zip(right, steps, strict=True)]
    return float(steps[int(np.argmax(both))])


def train(ours: list[Labelled], strangers: list[list[Labelled]], language: str) -> tuple[dict[str, Any], str]:
    """The model of a language as it is written to its file, and what to expect of it."""
    of = lessons(ours, strangers, language)
    worth, weights, bias = solved(of, np.arange(len(of.flows)))
    known = told(of, unmet(of), of.strangers, language)
    labels, hands = of.labels[of.strangers], of.hands[of.strangers]
    counts, holds_at = [], []
    said = [f"{language}: {len(of.flows)} messages, {len(of.strangers)} of them by strangers"]
    for at, name in enumerate(INTENTS):
        counts.append([round(float(one), 3) for one in fitted(known[at], labels[:, at])])
        chance, held = apart(known[at], labels[:, at], hands), labels[:, at] > 0
        holds_at.append(threshold(name, chance, held))
        holds = chance >= holds_at[at]
        right = (holds & held).sum()
        recall, precision = right / held.sum(), right / max(1, holds.sum())
        said.append(f"  {name:13} at {holds_at[at]:.2f}: recall {recall:.3f}, precision {precision:.3f}")
    keep = kept(of, worth, weights)
    data = {
        "scale": SCALE,
        "intents": list(INTENTS),
        "bias": [round(float(one), 3) for one in bias],
        "evidence": counts,
        "holds_at": holds_at,
        "pieces": {
            name: [round(value * SCALE), *(round(float(w) * SCALE) for w in weights[at])]
            for at, (name, value) in enumerate(worth.items())
            if at in keep
        },
    }
    return data, "\n".join(said)


def main() -> None:
    """Train both languages and write their weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--language", choices=("zh", "en"), action="append")
    asked = parser.parse_args()
    for language in asked.language or ("zh", "en"):
        ours = read(asked.data / f"{language}_tuning.txt")
        strangers = [read(path) for path in sorted(asked.data.glob(f"{language}_strangers*.txt"))]
        data, said = train(ours, strangers, language)
        rows = ",\n".join(
            f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(row, separators=(',', ':'))}"
            for name, row in data.pop("pieces").items()
        )
        head = json.dumps(data)[:-1]
        (asked.out / f"weights.{language}.json").write_text(
            f'{head}, "pieces": {{\n{rows}\n}}}}\n', encoding="utf-8"
        )
        print(said)


if __name__ == "__main__":
    main()
