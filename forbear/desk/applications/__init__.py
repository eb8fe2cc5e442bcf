"""Applications for loans at the desk: taken, checked, decided with reasons, contested, paid out; docs/assessment.md."""
