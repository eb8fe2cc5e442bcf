"""The weights of the second layer: small, made from the tuning messages alone, and the same at every training."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from itertools import chain
from pathlib import Path

import pytest

from forbear.conduct.language import train
from forbear.conduct.language.hints import laid_out, model, pieces, scores
from forbear.conduct.language.measure import read
from forbear.conduct.language.negation import MARK

DATA = Path(__file__).parent / "data"
LARGEST = 2_250_000
"""Bytes that a weights file may have; it is shipped and read at the first check."""


@pytest.fixture
def little(tmp_path: Path) -> Path:
    """A few dozen tuning messages of each language, and a held-out file that would break the training."""
    for language in ("en", "zh"):
        write(tmp_path / f"{language}_tuning.csv", rows_of(language, "2")[::3] + rows_of(language, "72")[::3])
        (tmp_path / f"{language}_heldout.csv").write_text("not,a,table\n", encoding="utf-8")
    return tmp_path


def rows_of(language: str, part: str) -> list[dict[str, str]]:
    """The rows of a part of the tuning messages."""
    with (DATA / f"{language}_tuning.csv").open(encoding="utf-8", newline="") as handle:
        return [row for row in csv.DictReader(handle) if row["part"] == part]


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows as a file of labelled messages."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def trained_into(out: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    out.mkdir()
    monkeypatch.setattr("sys.argv", ["train", "--data", str(data), "--out", str(out)])
    train.main()
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_training_twice_gives_the_same_bytes(little: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = trained_into(little / "first", little, monkeypatch)
    assert set(first) == {"hints.en.json", "hints.zh.json"}
    assert first == trained_into(little / "second", little, monkeypatch)


def test_training_never_reads_a_held_out_part(little: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = trained_into(little / "first", little, monkeypatch)
    for language in ("en", "zh"):
        (little / f"{language}_heldout.csv").unlink()
        write(little / f"{language}_heldout9.csv", rows_of(language, "3"))
    assert before == trained_into(little / "second", little, monkeypatch)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_weights_shipped_are_small_whole_numbers_and_name_every_category(language: str) -> None:
    raw = files("forbear.conduct.language").joinpath(f"data/hints.{language}.json").read_bytes()
    assert len(raw) < LARGEST
    weights = json.loads(raw)
    rows = weights["pieces"].values()
    assert all(isinstance(number, int) for number in chain.from_iterable(rows))
    assert all(worth > 0 and len(own) == len(weights["kinds"]) for worth, *own in rows)
    labels = {label for m in read(DATA / f"{language}_tuning.csv") for label in m.labels}
    assert set(weights["kinds"]) == labels - {"lawful", "missing_opt_out"}
    assert 0 < weights["forbid_at"] < 1


def test_what_a_fact_forbids_teaches_nothing_about_wording(tmp_path: Path) -> None:
    texts = [
        "Balance outstanding: $40.",
        "Your payment of $40 is overdue.",
        "We are here to help.",
        "You filthy thief.",
    ]
    labels = ["missing_identification", "missing_identification", "lawful", "insult"]
    rows = [
        f"en-t-{at},{label},sms,,{'first_contact' if 'missing' in label else ''},{text}\n"
        for at, (label, text) in enumerate(zip(labels, texts, strict=True))
    ]
    path = tmp_path / "en_tuning.csv"
    path.write_text("id,labels,style,trick,facts,text\n" + "".join(rows), encoding="utf-8")
    learned = train.learnable(read(path), "en")
    assert [m.text for m in learned.messages] == texts[2:]


def test_a_group_of_words_lets_a_word_stand_for_another() -> None:
    names = {name for name, _, _ in pieces("your knees", "en")}
    others = {name for name, _, _ in pieces("your legs", "en")}
    shared = {name for name in names & others if name[:2] in {"0:", "1:"} and " " in name}
    assert shared


def test_the_scores_of_a_message_do_not_hang_on_the_order_of_its_features() -> None:
    known = model("en")
    assert known is not None
    names = list(known.row)[:400]
    assert scores(known, names).tolist() == scores(known, names[::-1]).tolist()
    assert scores(known, []).tolist() == known.bias.tolist()


def test_words_are_found_once_and_negated_ones_a_second_time_under_a_mark() -> None:
    laid = list(laid_out("never say police", "en"))
    assert set(pieces("never say police", "en")) <= set(laid)
    assert [name for name, *_ in laid].count("police") == 1
    assert (MARK + "police", 10, 16) in laid
