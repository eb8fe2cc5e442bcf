"""What messages and scripts say: versioned, approved by two people, filled from the ledger at sending."""
