"""Money in: payments by API, webhook and bank file, matched to loans."""
