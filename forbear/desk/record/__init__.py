"""What is true about a borrower: loans, schedules, contacts, promises, cases, complaints, consents."""
