"""The double-entry ledger: every amount that moved, with its cause, never changed afterwards."""
