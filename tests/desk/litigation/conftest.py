"""The late borrower of the letters' tests, and a suit on her loan."""

from tests.desk.letters.conftest import late, lender, people, signing_file

__all__ = ["late", "lender", "people", "signing_file"]
