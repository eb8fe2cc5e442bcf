"""The worlds: people with causes, means and moods that no lender sees, and how they pay and respond.

Nothing here may be imported by a strategy; `pyproject.toml` holds the rule and `tests/simulate/test_secrecy.py` tries
to break it. A world decides what people do; the lender's side of it (ledger, contacts) is `simulate/record.py`.
"""
