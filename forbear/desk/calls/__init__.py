"""A call by an agent: leave, number, script, checklist, outcome; promises kept or broken."""
