"""Money on its way has no tables of its own: what is booked stands in the ledger, what waits in the approvals."""
