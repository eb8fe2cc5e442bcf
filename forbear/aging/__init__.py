"""Aging: arrears, days past due, buckets and classification of every loan as of any date, from its events alone."""

from forbear.aging.buckets import Bucket, bucket_set
from forbear.aging.classification import Scheme, scheme
from forbear.aging.settings import AgingSettings
from forbear.aging.words import ladder, words

__all__ = ["AgingSettings", "Bucket", "Scheme", "bucket_set", "ladder", "scheme", "words"]
