-- One row a stretch of days of an uneven loan, with the principal paid by then.
-- Reads: uneven_states, uneven_installments.
SELECT
    s.loan_id,
    s.since_on,
    CAST(SUM(LEAST(s.paid - i.owed_before - i.fees_due - i.interest_due, i.principal_due)) AS BIGINT) AS principal_paid
FROM uneven_states AS s
JOIN uneven_installments AS i ON i.loan_id = s.loan_id
WHERE s.paid > i.owed_before + i.fees_due + i.interest_due
GROUP BY s.loan_id, s.since_on
