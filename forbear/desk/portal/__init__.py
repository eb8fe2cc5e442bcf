"""The borrower's own page: what she owes and why, paying, asking, disputing, stopping, her data, her way back."""
