-- One row an installment, oldest first: contract facts, with what is owed before it and with it.
-- Reads: installments. Interest that a mapping made from later payments is left out ($interest_known false).
-- Known: contract
SELECT
    loan_id,
    place,
    due_on,
    principal_due,
    due,
    owed_with - due AS owed_before,
    owed_with
FROM (
    SELECT
        loan_id,
        due_on,
        principal_due,
        principal_due + CASE WHEN $interest_known THEN interest_due ELSE 0 END + fees_due AS due,
        CAST(ROW_NUMBER() OVER (PARTITION BY loan_id ORDER BY due_on, number) AS INTEGER) AS place,
        CAST(SUM(principal_due + CASE WHEN $interest_known THEN interest_due ELSE 0 END + fees_due) OVER (
            PARTITION BY loan_id ORDER BY due_on, number ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS owed_with
    FROM installments
) AS running
