"""Recovery: letters, suits, credit bureau records and placement; the lawful last steps, and what ends them well."""
