"""The borrower of the replies' tests, here as well."""

from tests.desk.replies.conftest import anna, officer, owing, spoken_for

__all__ = ["anna", "officer", "owing", "spoken_for"]
