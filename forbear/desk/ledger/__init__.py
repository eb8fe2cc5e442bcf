"""The double-entry ledger: every amount that moved, with its cause, never changed afterwards.

Ask `forbear.desk.ledger.booking` to book or preview, `balances` what a loan owes as of any date (and as it was known at
any instant), `opening` to take loans in, `verify` whether all of it is true. The rules are plain functions over plain
data: `asking`, `postings`, `rules`, `planning`.
"""
