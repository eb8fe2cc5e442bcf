"""What a lender may set about aging: tolerance, grace, buckets, classification. All have a documented default."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from forbear.aging.buckets import Bucket, bucket_set, make_buckets
from forbear.aging.classification import Contagion, Scheme, scheme


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnBucket(_Strict):
    """One bucket of a lender's own set."""

    bucket: str = Field(min_length=1, max_length=40)
    first: int = Field(alias="from", ge=0, le=100_000)


class AgingSettings(_Strict):
    """Settings of the aging.

    Attributes:
        tolerance: in the major unit; arrears below it do not count (0: every minor unit counts).
        grace_days: days past due up to which a loan counts as not past due.
        grace_counts: once grace is over, dpd counts `from_due_date` (in full) or `after_grace` (less the grace).
        events_known: a backdated pause or reversal counts from its `effective` day, whenever it was recorded; or only
            once it was `recorded` by the as-of date.
        buckets: a shipped set's name, or the buckets themselves.
        classification: cn_five or default.
        default_days: a loan is in default when its dpd reaches this.
        retail_exempt: the scheme's one-debtor rule does not apply, because the book is retail and classified by loan.
        contagion_share: another share than the scheme's, above which a debtor's other loans follow.
        first_payment_days: days past due of the first installment that make a first-payment default.
    """

    tolerance: Decimal = Field(default=Decimal(0), ge=0)
    grace_days: int = Field(default=0, ge=0, le=3650)
    grace_counts: Literal["from_due_date", "after_grace"] = "from_due_date"
    events_known: Literal["effective", "recorded"] = "effective"
    buckets: str | tuple[OwnBucket, ...] = "cn"
    classification: str = "cn_five"
    default_days: int = Field(default=90, ge=1, le=3650)
    retail_exempt: bool = False
    contagion_share: Decimal | None = Field(default=None, ge=0, le=1)
    first_payment_days: int = Field(default=30, ge=1, le=3650)

    def bucket_set(self) -> tuple[Bucket, ...]:
        """The buckets in force."""
        if isinstance(self.buckets, str):
            return bucket_set(self.buckets)
        return make_buckets([(b.bucket, b.first) for b in self.buckets])

    def scheme(self) -> Scheme:
        """The classification in force."""
        return scheme(self.classification, self.default_days)

    def contagion(self) -> Contagion | None:
        """The one-debtor rule in force, or None."""
        rule = None if self.retail_exempt else self.scheme().contagion
        if rule is None or self.contagion_share is None:
            return rule
        return Contagion(rule.over, self.contagion_share, rule.at_least, rule.rule)
