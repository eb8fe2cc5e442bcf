"""Bureau records: what credit bureaus are told of a loan, in their formats, and how it is kept true.

`metro2` reads, writes and checks the US format; `accounts` is what is true of an account, from the ledger; `american`
and `neutral` put it into a format; `clocks` are the statutory times; `reconciling` compares what is held with it.
"""
