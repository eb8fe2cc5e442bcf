-- A row is an installment of a loan's first schedule. Reads: {installments} (staged), installments.
INSERT INTO installments (loan_id, version, number, due_on, principal_due, interest_due, fees_due)
SELECT loan_id, 1, number, due_on, principal_due, interest_due, coalesce(fees_due, 0) FROM {installments}
ON CONFLICT (loan_id, version, number) DO NOTHING
