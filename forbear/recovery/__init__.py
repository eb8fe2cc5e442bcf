"""Recovery: the lawful last steps. Letters, suits, what bureaus are told, what agencies are given."""
