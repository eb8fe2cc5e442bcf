"""What the night decided for each borrower, with the reason, beside her case: what to do next, and why.

A close without a strategy decides nothing and leaves nothing: what an older night decided is not decided now. Whether a
step is still allowed is not here: the gate is asked again when it is taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.db import connection
from django.utils.translation import get_language

from forbear.desk.nights.models import Step
from forbear.desk.record.models import Borrower, Case
from forbear.treatment.actions import read_actions
from forbear.treatment.telling import sentence

DECISIONS, VERDICTS = "decisions.parquet", "verdicts.parquet"
AT_ONCE = 5_000
LANGUAGES = ("en", "zh")
UNMANNED = frozenset(["none", "sms", "email", "app_push", "chat", "voice"])
"""Acts that nobody does by hand; messages leave by the outbox."""
URGENCY = """UPDATE cases c SET strategy = s.strategy, priority = CASE WHEN s.action = 'wait' THEN 0 ELSE s.gain END
    FROM night_steps s WHERE s.borrower_id = c.borrower_id AND c.closed_at IS NULL AND c.figures_as_of = s.as_of"""


def load_steps(folder: Path, as_of: date, told: dict[str, Any]) -> int:
    """Keep what a close decided, in the caller's transaction; how many borrowers. An older night changes nothing.

    Open cases of that night are ordered by what their step should bring; who is to be left in peace comes last.
    """
    if Step.objects.filter(as_of__gt=as_of).exists() or Case.objects.filter(figures_as_of__gt=as_of).exists():
        return 0
    Step.objects.all().delete()
    if not (folder / DECISIONS).is_file():
        return 0
    unit = 10 ** int(told["minor_digits"])
    count = 0
    verdicts = _verdicts(folder / VERDICTS)
    for batch in pq.ParquetFile(folder / DECISIONS).iter_batches(batch_size=AT_ONCE):
        rows = batch.to_pylist()
        ids = [str(row["borrower_id"]) for row in rows]
        known = set(Borrower.objects.filter(pk__in=ids).values_list("pk", flat=True))
        made = [_step(row, verdicts, told, as_of, unit) for row in rows if str(row["borrower_id"]) in known]
        Step.objects.bulk_create(made)
        count += len(made)
    with connection.cursor() as cursor:
        cursor.execute(URGENCY)
    return count


def _verdicts(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Refused steps by borrower: what the sentence about the gate needs."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(path, ["borrower_id", "because", "starts_at"]):
        if row["starts_at"] is None:
            found.setdefault(str(row["borrower_id"]), []).append(row)
    return found


def _rows(path: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    for batch in pq.ParquetFile(path).iter_batches(batch_size=AT_ONCE, columns=columns):
        yield from batch.to_pylist()


def _step(
    row: dict[str, Any], verdicts: dict[str, list[dict[str, Any]]], told: dict[str, Any], as_of: date, unit: int
) -> Step:
    who, from_ = str(row["borrower_id"]), row["not_before"]
    words = {language: sentence(row, verdicts.get(who, []), told, language) for language in LANGUAGES}
    titles = {one["action"]: one["title"] for one in told["decisions"]["by_action"]}
    strategy = told["decisions"]["strategy"]
    return Step(
        borrower_id=who,
        as_of=as_of,
        action=row["action"],
        titles=json.loads(json.dumps(titles.get(row["action"], {}))),
        not_before=from_.replace(tzinfo=UTC) if from_ is not None else None,
        gain=round(row["expected_gain"] * unit),
        words=words,
        reasons=list(row["reasons"]),
        strategy=f"{strategy['name']} {strategy['version']}",
    )


def step_titles() -> dict[str, str]:
    """Steps that people do, as the worklist is narrowed by them, named in the reader's language."""
    spoken = "zh" if (get_language() or "").startswith("zh") else "en"
    return {
        name: dict(one.title)[spoken] for name, one in read_actions().actions.items() if one.act not in UNMANNED
    }


def step_of(borrower_id: str, as_of: date | None, language: str) -> dict[str, Any] | None:
    """What the night that the case's figures are of decided, in a language; None: nothing was decided."""
    found = Step.objects.filter(pk=borrower_id, as_of=as_of).first() if as_of else None
    if found is None:
        return None
    spoken = "zh" if language.startswith("zh") else "en"
    known = read_actions().actions
    return {
        "title": found.titles.get(spoken, ""),
        "why": found.words[spoken],
        "waits": found.action == "wait",
        "act": known[found.action].act if found.action in known else "",
        "not_before": found.not_before,
        "strategy": found.strategy,
    }
