"""What a night's model says of loans that are overdue or warned of, for the borrower's page until the next night."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.utils.translation import get_language

from forbear.desk.applications.models import LoanScore
from forbear.desk.record.models import Loan

AT_ONCE = 2_000


def load_scores(folder: Path, as_of: date, model_sha256: str) -> int:
    """Keep what a close explained, in place of what nights before said, in the caller's transaction; how many loans.

    A close without a model leaves nothing: what an older night said is not what is known now.
    """
    from forbear.night.explained import EXPLAINED  # brings the whole engine: no page needs to wait for it

    LoanScore.objects.all().delete()
    file = folder / EXPLAINED
    if not file.is_file():
        return 0
    count = 0
    for batch in pq.ParquetFile(file).iter_batches(batch_size=AT_ONCE):
        rows = batch.to_pylist()
        known = set(Loan.objects.filter(pk__in=[row["loan_id"] for row in rows]).values_list("pk", flat=True))
        made = [_row(row, as_of, model_sha256) for row in rows if row["loan_id"] in known]
        LoanScore.objects.bulk_create(made)
        count += len(made)
    return count


def _row(row: dict[str, Any], as_of: date, model_sha256: str) -> LoanScore:
    from forbear.night.explained import SHOWN

    return LoanScore(
        loan_id=row["loan_id"],
        as_of=as_of,
        warned=row["warned"],
        cause=row["cause"],
        cause_chance=row["cause_chance"],
        words={name: json.loads(row[name]) for name in ("cause_words", "evidence", "reasons")},
        chances={name: row[name] for name in SHOWN},
        model_sha256=model_sha256,
    )


@dataclass(frozen=True)
class Said:
    """What is said of one loan, in the reader's language."""

    loan_id: str
    as_of: date
    warned: bool
    cause: str
    helps: str
    evidence: tuple[str, ...]
    reasons: tuple[str, ...]


def scores_of(loan_ids: Iterable[str]) -> list[Said]:
    """What the last night said of some loans."""
    tongue = 1 if (get_language() or "").startswith("zh") else 0
    return [
        Said(
            row.loan_id,
            row.as_of,
            row.warned,
            *(_two(row.words["cause_words"], tongue)),
            tuple(one[tongue] for one in row.words["evidence"]),
            tuple(one[tongue] for one in row.words["reasons"]),
        )
        for row in LoanScore.objects.filter(loan_id__in=list(loan_ids)).order_by("loan_id")
    ]


def _two(words: list[list[str]], tongue: int) -> tuple[str, str]:
    return (words[0][tongue], words[1][tongue]) if words else ("", "")
