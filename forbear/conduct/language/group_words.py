"""Make `data/senses.en.txt`, once: `python -m forbear.conduct.language.group_words VECTORS`.

VECTORS is a text file with a word and its numbers a line, commonest words first: the 50-dimensional vectors
"glove.6B" of Pennington, Socher and Manning (2014), which are in the public domain (PDDL 1.0). Words whose vectors
point the same way are gathered by k-means on the sphere, and the middles of these groups once more into wide ones.
The first centres are words taken at even steps, so there is no chance in it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COMMON = 40_000
"""Of this many commonest entries those are kept that are made of letters a to z alone."""
SIZES = (600, 150)
"""How many groups and wide groups are asked for; empty ones fall away."""
ROUNDS = 12
OUT = Path(__file__).parent / "data" / "senses.en.txt"
HEAD = """\
# Groups of English words of like meaning: a line is a group, led by the number of its wide one.
# Made by group_words.py from the vectors glove.6B.50d (Pennington, Socher, Manning 2014), public domain (PDDL 1.0).
"""

Floats = NDArray[np.float32]


def read(path: Path) -> tuple[list[str], Floats]:
    """The words kept and their vectors, moved to a common centre and scaled to length 1."""
    words, rows = [], []
    with path.open(encoding="utf-8") as lines:
        for _, line in zip(range(COMMON), lines, strict=False):
            word, _, numbers = line.partition(" ")
            if word.isascii() and word.isalpha():
                words.append(word)
                rows.append(np.array(numbers.split(), dtype=np.float32))
    return words, unit(np.array(rows) - np.mean(rows, axis=0, dtype=np.float32))


def unit(rows: Floats) -> Floats:
    """Rows scaled to length 1."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = (rows / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def gathered(rows: Floats, groups: int) -> tuple[NDArray[np.int64], Floats]:
    """The group of each row, and the middles of the groups, by k-means on the sphere."""
    middles = rows[np.linspace(0, len(rows) - 1, groups).astype(int)]
    for _ in range(ROUNDS):
        nearest = (rows @ middles.T).argmax(1)
        sums = np.zeros_like(middles)
        np.add.at(sums, nearest, rows)
        middles = np.where(np.any(sums != 0, axis=1, keepdims=True), unit(sums), middles)
    return (rows @ middles.T).argmax(1), middles


def main() -> None:
    """Read the vectors and write the groups."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    words, rows = read(asked.vectors)
    group_of, middles = gathered(rows, SIZES[0])
    wide, _ = gathered(middles, SIZES[1])
    lines = []
    for group in range(SIZES[0]):
        members = [words[at] for at in np.flatnonzero(group_of == group)]
        if members:
            lines.append(" ".join([str(wide[group]), *members]))
    asked.out.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
