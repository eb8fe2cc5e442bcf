-- One row an installment of an uneven loan, oldest first, with what is owed before it and with it.
-- Reads: installments, uneven.
SELECT
    loan_id,
    place,
    due_on,
    principal_due,
    interest_due,
    fees_due,
    owed_with - (principal_due + interest_due + fees_due) AS owed_before,
    owed_with
FROM (
    SELECT
        i.loan_id,
        i.due_on,
        i.principal_due,
        i.interest_due,
        i.fees_due,
        CAST(ROW_NUMBER() OVER (PARTITION BY i.loan_id ORDER BY i.due_on, i.number) AS INTEGER) AS place,
        CAST(SUM(i.principal_due + i.interest_due + i.fees_due) OVER (
            PARTITION BY i.loan_id ORDER BY i.due_on, i.number ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS owed_with
    FROM installments AS i
    SEMI JOIN uneven AS u ON u.loan_id = i.loan_id
) AS running
