"""Bank files read into movements of money: camt.053 and mapped CSV. Knows no loan and writes nothing."""
